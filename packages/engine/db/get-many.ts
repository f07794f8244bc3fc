/** Many keys at once, all of one moment. */
import { commonPrefixLength, prefixWord } from '@varve/format/bytes'
import { Step } from '../cursor/cursor.ts'
import { type Bytes, keyBytes } from './arguments.ts'
import { takeValue } from './lookup-result.ts'
import {
  finish,
  lookupQuickly,
  momentOf,
  type ReadEngine,
  type ReadFamily,
  type ReadOptions,
  sequenceOf,
  spareLookup,
  usableOrder,
} from './read-path.ts'
import { getAt, refuseTimestamp } from './timestamped-reads.ts'

/** Keys that are looked up in one turn of the event loop: about a millisecond where each takes a read. */
const KEYS_A_TURN = 256

/** Keys are looked up in about their order, so neighbours share a block. */
export async function getMany(
  engine: ReadEngine,
  family: ReadFamily,
  keys: readonly Bytes[],
  options?: ReadOptions,
): Promise<(Uint8Array | undefined)[]> {
  engine.refuseUnlessOpen()
  if (family.order.timestampSize > 0) return keys.map(key => getAt(engine, family, key, options))
  const state = family.superVersion.ref()
  const waiting: Promise<void>[] = []
  try {
    const sequence = sequenceOf(engine, options)
    const fillCache = options?.fillCache !== false
    const now = family.expiry === undefined ? 0 : momentOf(engine, options)
    const turns = engine.pace.isTurnOver || keys.length > KEYS_A_TURN
    // The caller may change its keys while others get their turn.
    const wanted = keys.map(key => (turns ? new Uint8Array(keyBytes(key)) : keyBytes(key)))
    refuseTimestamp(family, options)
    const order = usableOrder(family)
    const places = roughOrder(wanted)
    const values = new Array<Uint8Array | undefined>(keys.length).fill(undefined)
    const failures: unknown[] = []
    /** Never rejects: it may be over before somebody waits for it. */
    const keepLater = async (index: number, value: Promise<Uint8Array | undefined>): Promise<void> => {
      try {
        values[index] = await value
      } catch (error) {
        failures.push(error)
      }
    }
    for (let start = 0; start < places.length; start += KEYS_A_TURN) {
      if (start > 0 || turns) await engine.runtime.nextTurn()
      const end = Math.min(start + KEYS_A_TURN, places.length)
      for (let i = start; i < end; i++) {
        const index = places[i]
        const lookup = spareLookup()
        lookup.order = order
        lookup.begin(wanted[index], 0, wanted[index].length, sequence)
        lookup.fillCache = fillCache
        lookup.readsBlobs = true
        lookup.now = now
        if (lookupQuickly(engine, state, lookup) !== Step.needsBlock)
          values[index] = takeValue(engine, family, lookup)
        else waiting.push(keepLater(index, finish(engine, family, state, lookup, takeValue)))
      }
    }
    await Promise.all(waiting)
    if (failures.length > 0) throw failures[0]
    return values
  } finally {
    // Also when one has failed: they read what this holds.
    await Promise.all(waiting)
    state.unref()
  }
}

/** Numbers up to here can be told apart. */
const NUMBER_BITS = 53

/**
 * The indexes of the keys, ordered by the first bytes in which they differ. That is enough for neighbours to meet, and numbers are
 * sorted quicker than keys: 100 of them in 8 us instead of 21.
 *
 *     number := (four bytes behind what all keys share) << bits | index
 */
function roughOrder(keys: readonly Uint8Array[]): Float64Array {
  const [first] = keys
  let shared = first?.length ?? 0
  for (const key of keys) shared = commonPrefixLength(first, 0, shared, key, 0, key.length)
  const indexBits = Math.ceil(Math.log2(keys.length))
  const places = 2 ** indexBits
  const coarse = 2 ** Math.max(0, indexBits + 32 - NUMBER_BITS)
  const order = new Float64Array(keys.length)
  for (let i = 0; i < keys.length; i++) {
    const word = prefixWord(keys[i], shared, keys[i].length)
    order[i] = Math.floor(word / coarse) * places + i
  }
  order.sort()
  for (let i = 0; i < order.length; i++) order[i] %= places
  return order
}

/**
 * What a Get does, in order: memtable, sealed memtables, level 0 from its newest file on, then one file of each
 * deeper level. The first entry met decides, because for one key everything in an earlier place is newer (I2). One that
 * is a merge operand does not: the search goes on with the next older version, in the same place first.
 *
 * `lookupKey` does this over what is in memory and says when a block is missing; the functions below it load the
 * block, with a promise or blocking, and go on.
 *
 * RocksDB: db/db_impl/db_impl.cc GetImpl; db/version_set.cc Version::Get
 */
import { commonPrefixLength, prefixWord } from '@varve/format/bytes'
import { VarveError } from '@varve/format/errors'
import { Step, type Wanted } from '../cursor/cursor.ts'
import { LookupState, PointLookup } from '../cursor/point-lookup.ts'
import type { Memtable } from '../memtable/index.ts'
import { fullMerge } from '../merge/index.ts'
import type { TableCache } from '../table/index.ts'
import type { FileMeta } from '../version/file-meta.ts'
import { coversUserKey, findFile } from '../version/version.ts'
import { type Bytes, keyBytes } from './arguments.ts'
import { copyOut } from './copy-out.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import type { Snapshot } from './snapshots.ts'
import type { SuperVersion } from './super-version.ts'

export interface ReadOptions {
  /** Reads what was there when the snapshot was taken. Default: what is there now. */
  snapshot?: Snapshot
  /** Whether blocks that are read enter the block cache. Default true. */
  fillCache?: boolean
}

/** What reading needs of an engine and of a column family. */
export type ReadEngine = Pick<
  Engine,
  'tables' | 'pace' | 'runtime' | 'statistics' | 'lastSequence' | 'openReaders' | 'refuseUnlessOpen'
>
export type ReadFamily = Pick<Family, 'superVersion' | 'isDropped' | 'name' | 'merge' | 'prefixExtractor'>

/**
 * `moved`: `lookup.state` is the answer. `ended`: the key is nowhere. `needsBlock`: load `lookup.wanted`, then
 * repeat; the search goes on where it stopped.
 */
export function lookupKey(state: SuperVersion, tables: TableCache, lookup: PointLookup): Step {
  if (lookup.resumeLevel < 0) {
    if (lookupMemtables(state, lookup)) return Step.moved
    lookup.resumeLevel = 0
  }
  const { levels } = state.version
  for (let level = lookup.resumeLevel; level < levels.length; level++) {
    const files = levels[level]
    if (files.length === 0) continue
    const step = level === 0 ? lookupLevel0(files, tables, lookup) : lookupLevel(files, tables, lookup)
    if (step === Step.ended) continue
    lookup.resumeLevel = level
    return step
  }
  return Step.ended
}

function lookupMemtables(state: SuperVersion, lookup: PointLookup): boolean {
  if (lookupMemtable(state.memtable, lookup)) return true
  for (let i = 0; i < state.sealed.length; i++) if (lookupMemtable(state.sealed[i], lookup)) return true
  return false
}

function lookupMemtable(memtable: Memtable, lookup: PointLookup): boolean {
  while (memtable.get(lookup)) if (lookup.isSettled) return true
  return false
}

function lookupLevel0(files: readonly FileMeta[], tables: TableCache, lookup: PointLookup): Step {
  for (let i = lookup.resumeFile; i < files.length; i++) {
    if (!coversUserKey(files[i], lookup)) continue
    const step = lookupFile(files[i], tables, lookup)
    if (step === Step.ended) continue
    lookup.resumeFile = i
    return step
  }
  return Step.ended
}

/**
 * One file at most can have the next version, though a key's versions may lie in two: `findFile` compares internal
 * keys, so it passes over a file whose last version of the key is too new for this reader.
 */
function lookupLevel(files: readonly FileMeta[], tables: TableCache, lookup: PointLookup): Step {
  for (let searched = -1; ; ) {
    const i = findFile(files, lookup)
    if (i === searched || i === files.length || !coversUserKey(files[i], lookup)) return Step.ended
    const step = lookupFile(files[i], tables, lookup)
    if (step !== Step.ended || lookup.state !== LookupState.merging) return step
    // What is below the operands may be in the next file.
    searched = i
  }
}

function lookupFile(file: FileMeta, tables: TableCache, lookup: PointLookup): Step {
  for (;;) {
    if (file.table === undefined) {
      lookup.wanted = tables.opening(file)
      return Step.needsBlock
    }
    const step = file.table.get(lookup)
    if (step !== Step.moved || lookup.isSettled) return step
  }
}

/** Keys that are looked up in one turn of the event loop: about a millisecond where each takes a read. */
const KEYS_A_TURN = 256

/** For the next lookup; one that has to wait keeps it and leaves a new one. */
let spare = new PointLookup()

function begin(engine: ReadEngine, key: Bytes, options: ReadOptions | undefined): PointLookup {
  engine.refuseUnlessOpen()
  const bytes = keyBytes(key)
  const lookup = spare
  lookup.begin(bytes, 0, bytes.length, sequenceOf(engine, options))
  lookup.fillCache = options?.fillCache !== false
  return lookup
}

/** The sequence that a read with `options` reads at. */
export function sequenceOf(engine: ReadEngine, options: ReadOptions | undefined): number {
  const snapshot = options?.snapshot
  if (snapshot === undefined) return engine.lastSequence
  if (snapshot.isOpen) return snapshot.sequence
  throw new VarveError('INVALID_ARGUMENT', 'the snapshot is closed: what it saw may be gone', {
    option: 'snapshot',
  })
}

export function getSync(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Uint8Array | undefined {
  const lookup = begin(engine, key, options)
  const { superVersion } = family
  while (lookupKey(superVersion, engine.tables, lookup) === Step.needsBlock) lookup.wanted?.loadSync()
  return takeValue(engine, family, lookup)
}

/** Looks a key up with what is in memory and with blocks that are read quickly. */
function lookupQuickly(engine: ReadEngine, state: SuperVersion, lookup: PointLookup): Step {
  let step = lookupKey(state, engine.tables, lookup)
  while (step === Step.needsBlock && lookup.wanted !== undefined && loadsNow(engine, lookup.wanted)) {
    step = lookupKey(state, engine.tables, lookup)
  }
  return step
}

/** Loads something at once, if that is likely to be quick: opening a table is not. */
export function loadsNow(engine: Pick<ReadEngine, 'pace'>, wanted: Wanted): boolean {
  return wanted.isOneRead && engine.pace.attempt(() => wanted.loadSync())
}

/** Waits for a file only when that takes long: see `InlinePace`. */
export async function get(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Promise<Uint8Array | undefined> {
  const lookup = begin(engine, key, options)
  const { superVersion } = family
  if (lookupQuickly(engine, superVersion, lookup) === Step.needsBlock) {
    return finish(engine, family, superVersion, lookup, takeValue)
  }
  return takeValue(engine, family, lookup)
}

export async function has(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Promise<boolean> {
  const lookup = begin(engine, key, options)
  const { superVersion } = family
  if (lookupQuickly(engine, superVersion, lookup) === Step.needsBlock) {
    return finish(engine, family, superVersion, lookup, isFound)
  }
  return isFound(engine, family, lookup)
}

/**
 * Loads what a lookup waits for until it is over, and gives what `take` makes of it. That is done at once: by the
 * next turn the block of the value may be another.
 */
async function finish<Result>(
  engine: ReadEngine,
  family: ReadFamily,
  state: SuperVersion,
  lookup: PointLookup,
  take: (engine: ReadEngine, family: ReadFamily, lookup: PointLookup) => Result,
): Promise<Result> {
  spare = new PointLookup()
  state.ref()
  try {
    // The caller may change its key while this waits.
    lookup.keepKey()
    let step: Step = Step.needsBlock
    while (step === Step.needsBlock && lookup.wanted !== undefined) {
      if (engine.pace.isTurnOver) await engine.runtime.nextTurn()
      if (!loadsNow(engine, lookup.wanted)) await lookup.wanted.load()
      step = lookupKey(state, engine.tables, lookup)
    }
    return take(engine, family, lookup)
  } finally {
    state.unref()
  }
}

/** All of one moment. Keys are looked up in about their order, so neighbours share a block. */
export async function getMany(
  engine: ReadEngine,
  family: ReadFamily,
  keys: readonly Bytes[],
  options?: ReadOptions,
): Promise<(Uint8Array | undefined)[]> {
  engine.refuseUnlessOpen()
  const state = family.superVersion.ref()
  try {
    const sequence = sequenceOf(engine, options)
    const fillCache = options?.fillCache !== false
    const turns = engine.pace.isTurnOver || keys.length > KEYS_A_TURN
    // The caller may change its keys while others get their turn.
    const wanted = keys.map(key => (turns ? new Uint8Array(keyBytes(key)) : keyBytes(key)))
    const order = roughOrder(wanted)
    const values = new Array<Uint8Array | undefined>(keys.length).fill(undefined)
    const waiting: Promise<void>[] = []
    const keepLater = async (index: number, value: Promise<Uint8Array | undefined>): Promise<void> => {
      values[index] = await value
    }
    for (let start = 0; start < order.length; start += KEYS_A_TURN) {
      if (start > 0 || turns) await engine.runtime.nextTurn()
      const end = Math.min(start + KEYS_A_TURN, order.length)
      for (let i = start; i < end; i++) {
        const index = order[i]
        const lookup = spare
        lookup.begin(wanted[index], 0, wanted[index].length, sequence)
        lookup.fillCache = fillCache
        if (lookupQuickly(engine, state, lookup) !== Step.needsBlock)
          values[index] = takeValue(engine, family, lookup)
        else waiting.push(keepLater(index, finish(engine, family, state, lookup, takeValue)))
      }
    }
    // Each is waited for, also when one fails: they read what this holds.
    for (const outcome of await Promise.allSettled(waiting)) {
      if (outcome.status === 'rejected') throw outcome.reason
    }
    return values
  } finally {
    state.unref()
  }
}

/** A copy of the value that was found, which the caller may keep. */
function takeValue(engine: ReadEngine, family: ReadFamily, lookup: PointLookup): Uint8Array | undefined {
  const { statistics } = engine
  statistics.keysRead++
  if (lookup.operands.length > 0) return takeMerged(engine, family, lookup)
  if (lookup.state !== LookupState.value) return undefined
  statistics.keysFound++
  statistics.bytesRead += lookup.valueEnd - lookup.valueStart
  return copyOut(lookup.valueBytes, lookup.valueStart, lookup.valueEnd)
}

/** What the operands make of what lies below them. */
function takeMerged(engine: ReadEngine, family: ReadFamily, lookup: PointLookup): Uint8Array {
  const { state, bytes, start, end, valueBytes, valueStart, valueEnd, operands } = lookup
  const existing = state === LookupState.value ? valueBytes.subarray(valueStart, valueEnd) : undefined
  const merged = fullMerge(family.merge, bytes.subarray(start, end), existing, operands.reverse())
  engine.statistics.keysFound++
  engine.statistics.bytesRead += merged.length
  // An operator may give back what it was given.
  return copyOut(merged, 0, merged.length)
}

function isFound(engine: ReadEngine, _family: ReadFamily, lookup: PointLookup): boolean {
  engine.statistics.keysRead++
  return lookup.state === LookupState.value || lookup.operands.length > 0
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

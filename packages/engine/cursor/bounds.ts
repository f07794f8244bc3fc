/**
 * Ranges of user keys. Callers say them in many ways (`start`, `gt`, `prefix`, ...); inside there is one: the keys behind
 * `lower` and before `upper`, where a side that is absent does not bound.
 */
import { compareBytes } from '@varve/format/bytes'
import { VarveError } from '@varve/format/errors'
import { bytewise, type KeyOrder, reverseBytewise, TIMESTAMP_LENGTH, TimestampOrder } from '@varve/format/key'
import { type Bytes, keyBytes } from '../db/arguments.ts'
import { SeekTarget } from './cursor.ts'

/** Which keys a scan visits. What is given must all hold. Before and behind is as the family's comparator has it. */
export interface KeyRange {
  /** From this key on: the same as `gte`. */
  start?: Bytes
  /** Before this key: the same as `lt`. */
  end?: Bytes
  gt?: Bytes
  gte?: Bytes
  lt?: Bytes
  lte?: Bytes
  /** Keys that begin with these bytes: in bytewise order, or the reverse of it. */
  prefix?: Bytes
}

/** Each stands before every version of its key or, in orders that are not bytewise, behind them. */
export interface KeyBounds {
  lower: SeekTarget | undefined
  upper: SeekTarget | undefined
}

export function keyBounds(range: KeyRange, order: KeyOrder = bytewise): KeyBounds {
  if (order instanceof TimestampOrder) return timestampedBounds(range, order)
  if (order !== bytewise) return orderedBounds(range, order)
  let lower: Uint8Array | undefined
  let upper: Uint8Array | undefined
  const raise = (key: Uint8Array) => {
    if (lower === undefined || compareKeys(key, lower) > 0) lower = key
  }
  const reduce = (key: Uint8Array | undefined) => {
    if (key !== undefined && (upper === undefined || compareKeys(key, upper) < 0)) upper = key
  }
  if (range.start !== undefined) raise(keyBytes(range.start))
  if (range.gte !== undefined) raise(keyBytes(range.gte))
  if (range.gt !== undefined) raise(keyAfter(keyBytes(range.gt)))
  if (range.end !== undefined) reduce(keyBytes(range.end))
  if (range.lt !== undefined) reduce(keyBytes(range.lt))
  if (range.lte !== undefined) reduce(keyAfter(keyBytes(range.lte)))
  if (range.prefix !== undefined) {
    const prefix = keyBytes(range.prefix)
    raise(prefix)
    reduce(prefixEnd(prefix))
  }
  return { lower: asBound(lower), upper: asBound(upper) }
}

/** The first key behind every key that begins with `prefix`; undefined when there is none (all 0xff). */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  if (length === 0) return undefined
  const end = new Uint8Array(prefix.subarray(0, length)) // Not `slice`: that of a Buffer is no copy.
  end[length - 1]++
  return end
}

/** The key right behind `key`: no other fits between them. */
function keyAfter(key: Uint8Array): Uint8Array {
  const after = new Uint8Array(key.length + 1)
  after.set(key)
  return after
}

function compareKeys(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(a, 0, a.length, b, 0, b.length)
}

/** A copy, for the caller may reuse the buffer while the scan goes on. */
function asBound(key: Uint8Array | undefined): SeekTarget | undefined {
  return key === undefined ? undefined : new SeekTarget().setBefore(new Uint8Array(key), 0, key.length)
}

/** A place between keys. */
interface Place {
  key: Uint8Array
  /** Behind the key, not before it. */
  behind: boolean
}

/** Of a key and the next one nothing is known in an order of its own, so bounds stand before or behind their keys. */
function orderedBounds(range: KeyRange, order: KeyOrder): KeyBounds {
  const lowers: Place[] = []
  const uppers: Place[] = []
  const take = (into: Place[], key: Bytes | undefined, behind: boolean) => {
    if (key !== undefined) into.push({ key: keyBytes(key), behind })
  }
  take(lowers, range.start, false)
  take(lowers, range.gte, false)
  take(lowers, range.gt, true)
  take(uppers, range.end, false)
  take(uppers, range.lt, false)
  take(uppers, range.lte, true)
  if (range.prefix !== undefined) {
    refusePrefix(order)
    const prefix = keyBytes(range.prefix)
    take(lowers, prefixEnd(prefix), true)
    take(uppers, prefix, true)
  }
  const compare = (a: Place, b: Place) =>
    order.compareKeys(a.key, b.key) || Number(a.behind) - Number(b.behind)
  return {
    lower: asTarget(lowers.sort(compare).at(-1), order),
    upper: asTarget(uppers.sort(compare)[0], order),
  }
}

function refusePrefix(order: KeyOrder): void {
  if (order === reverseBytewise) return
  throw new VarveError(
    'INVALID_ARGUMENT',
    `keys with one prefix do not lie together in the order of the comparator ${order.name}`,
    { option: 'prefix', comparator: order.name },
  )
}

function asTarget(place: Place | undefined, order: KeyOrder): SeekTarget | undefined {
  if (place === undefined) return undefined
  const { key, behind } = place
  const target = new SeekTarget(order)
  const own = new Uint8Array(key)
  return behind ? target.setAfter(own, 0, own.length) : target.setBefore(own, 0, own.length)
}

/** Callers speak of user keys: a bound stands before all versions of one, or behind them. */
function timestampedBounds(range: KeyRange, order: TimestampOrder): KeyBounds {
  const { lower, upper } = keyBounds(range, order.root)
  return { lower: withTimestamp(lower, order), upper: withTimestamp(upper, order) }
}

function withTimestamp(bound: SeekTarget | undefined, order: TimestampOrder): SeekTarget | undefined {
  if (bound === undefined) return undefined
  const behind = bound.trailerHigh === 0
  const length = bound.end - bound.start
  const key = new Uint8Array(length + TIMESTAMP_LENGTH).fill(behind ? 0 : 0xff)
  key.set(bound.bytes.subarray(bound.start, bound.end))
  const target = new SeekTarget(order)
  return behind ? target.setAfter(key, 0, key.length) : target.setBefore(key, 0, key.length)
}

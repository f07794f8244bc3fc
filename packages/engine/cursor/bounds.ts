/**
 * Ranges of user keys. Callers say them in many ways (`start`, `gt`, `prefix`, ...); inside there is one:
 * half-open [lower, upper), where a side that is absent does not bound.
 */
import { compareBytes } from '@varve/format/bytes'
import { type Bytes, keyBytes } from '../db/arguments.ts'
import { SeekTarget } from './cursor.ts'

/** Which keys a scan visits. What is given must all hold. */
export interface KeyRange {
  /** From this key on: the same as `gte`. */
  start?: Bytes
  /** Before this key: the same as `lt`. */
  end?: Bytes
  gt?: Bytes
  gte?: Bytes
  lt?: Bytes
  lte?: Bytes
  /** Keys that begin with these bytes. */
  prefix?: Bytes
}

/** Keys at or after `lower` and before `upper`; their trailers mean nothing. */
export interface KeyBounds {
  lower: SeekTarget | undefined
  upper: SeekTarget | undefined
}

export function keyBounds(range: KeyRange): KeyBounds {
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

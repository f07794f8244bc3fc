/**
 * Internal keys: what tables and memtables order by.
 *
 *     internalKey := userKey u8[], trailer u64le
 *     trailer     := sequence << 8 | valueType
 *
 * Order: user keys ascending (bytewise, or as key-order.ts has it), then trailers *descending*, so the newest version of a key is met
 * first. The trailer is handled as two 32-bit words, `low` and `high`: one BigInt would cost 28 times as
 * much (measured), and a double does not hold 64 bits.
 *
 * RocksDB: db/dbformat.h
 */
import { compareBytes, copyBytes, readUint32, writeUint32 } from '../bytes/index.ts'

export const TRAILER_LENGTH = 8

/** The greatest sequence number that Varve assigns or reads as. RocksDB's own bound is 2^56 - 1. */
export const MAX_SEQUENCE: number = Number.MAX_SAFE_INTEGER

/** The low byte of a trailer, and the tag of most write batch records. */
export const ValueType = {
  Deletion: 0x00,
  Value: 0x01,
  Merge: 0x02,
  SingleDeletion: 0x07,
  RangeDeletion: 0x0f,
  BlobIndex: 0x11,
  DeletionWithTimestamp: 0x14,
  WideColumnEntity: 0x16,
  ValuePreferredSeqno: 0x18,
  /** RocksDB 7.8's kValueTypeForSeek: sorts before every real entry of the same key and sequence. */
  ForSeek: 0x16,
} as const

export type ValueTypeCode = (typeof ValueType)[keyof typeof ValueType]

export function valueTypeName(type: number): string {
  for (const [name, code] of Object.entries(ValueType)) if (code === type) return name
  return `type 0x${type.toString(16).padStart(2, '0')}`
}

export function trailerLow(sequence: number, type: number): number {
  // A shift takes its number modulo 2^32 first; `%` would cost more than all the rest of a put's trailer.
  return ((sequence << 8) | type) >>> 0
}

export function trailerHigh(sequence: number): number {
  return Math.floor(sequence / 0x100_0000) >>> 0
}

/** Inexact above 2^53 - 1, which only index separators and range tombstone sentinels reach. */
export function sequenceOfTrailer(low: number, high: number): number {
  return high * 0x100_0000 + (low >>> 8)
}

export function typeOfTrailer(low: number): number {
  return low & 0xff
}

/** Order of two trailers as internal keys have it: the greater trailer comes first. */
export function compareTrailers(aLow: number, aHigh: number, bLow: number, bHigh: number): number {
  return aHigh !== bHigh ? bHigh - aHigh : bLow - aLow
}

export function writeTrailer(bytes: Uint8Array, at: number, sequence: number, type: number): void {
  writeUint32(bytes, at, trailerLow(sequence, type))
  writeUint32(bytes, at + 4, trailerHigh(sequence))
}

export function makeInternalKey(userKey: Uint8Array, sequence: number, type: number): Uint8Array {
  const key = new Uint8Array(userKey.length + TRAILER_LENGTH)
  key.set(userKey)
  writeTrailer(key, userKey.length, sequence, type)
  return key
}

/**
 * The largest key of a table whose last range deletion ends before the user key `end`: it sorts before every entry of
 * that key, so the next table may begin with it. RocksDB: kRangeTombstoneSentinel, db/dbformat.h
 */
export function makeSentinel(end: Uint8Array): Uint8Array {
  const key = new Uint8Array(end.length + TRAILER_LENGTH).fill(0xff)
  key.set(end)
  key[end.length] = ValueType.RangeDeletion
  return key
}

export function isSentinelTrailer(low: number, high: number): boolean {
  return high === 0xffff_ffff && low === (0xffff_ff00 | ValueType.RangeDeletion) >>> 0
}

/** A view of the user key in an internal key of at least eight bytes. */
export function userKeyOf(internalKey: Uint8Array): Uint8Array {
  return internalKey.subarray(0, internalKey.length - TRAILER_LENGTH)
}

/** Internal key order of a[aStart..aEnd) and b[bStart..bEnd), both at least eight bytes long. */
export function compareInternalKeys(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aTrailer = aEnd - TRAILER_LENGTH
  const bTrailer = bEnd - TRAILER_LENGTH
  const order = compareBytes(a, aStart, aTrailer, b, bStart, bTrailer)
  return order !== 0 ? order : compareTrailersAt(a, aTrailer, b, bTrailer)
}

/** Order of the trailers that begin at a[aAt] and b[bAt]. */
export function compareTrailersAt(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  return compareTrailers(
    readUint32(a, aAt),
    readUint32(a, aAt + 4),
    readUint32(b, bAt),
    readUint32(b, bAt + 4),
  )
}

/**
 * A user key that is at or after `a` and before `b`, as short as RocksDB would make it, or `a` itself.
 * Expects a < b. RocksDB: util/comparator.cc, BytewiseComparatorImpl::FindShortestSeparator
 */
export function shortestSeparator(a: Uint8Array, b: Uint8Array): Uint8Array {
  const limit = Math.min(a.length, b.length)
  let at = 0
  while (at < limit && a[at] === b[at]) at++
  if (at >= limit || a[at] >= b[at]) return a
  if (at < b.length - 1 || a[at] + 1 < b[at]) return increment(a, at)
  for (at++; at < a.length; at++) if (a[at] < 0xff) return increment(a, at)
  return a
}

function increment(key: Uint8Array, at: number): Uint8Array {
  const separator = new Uint8Array(at + 1)
  copyBytes(key, 0, at + 1, separator, 0)
  separator[at]++
  return separator
}

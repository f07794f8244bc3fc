/**
 * The contract of everything that moves over sorted internal entries: memtables, tables, levels, and the merge
 * of them.
 *
 * Cursors are synchronous. When a block is not in memory a movement answers `Step.needsBlock`; the caller
 * loads what `collectWanted` names and repeats *the same call*, which then goes on where it stopped. One file,
 * `driver.ts`, does that waiting for all cursors. Between the two calls the cursor's fields mean nothing.
 * Instead of repeating, the caller may abandon the movement by an absolute one: first, last or a seek.
 *
 * RocksDB: table/internal_iterator.h
 */
import { compareBytes, copyBytes, emptyBytes, prefixWord } from '@varve/format/bytes'
import { bytewise, compareTrailers, type KeyOrder, trailerHigh, trailerLow } from '@varve/format/key'

/** How a movement ended. */
export const Step = {
  /** There is no such entry; `valid` is false. */
  ended: 0,
  /** The cursor is on an entry; `valid` is true. */
  moved: 1,
  /** Load what `collectWanted` gives, then repeat the call. */
  needsBlock: 2,
} as const
export type Step = (typeof Step)[keyof typeof Step]

/** What must be loaded before a movement can succeed when repeated. Loading hands it to the cursor that asked. */
export interface Wanted {
  /** A single short read will do. */
  readonly isOneRead: boolean
  load(): Promise<void>
  loadSync(): void
}

/** A value in a blob file. It belongs to whoever asked. */
export interface BlobValue extends Wanted {
  /** There once it is loaded. */
  readonly value: Uint8Array | undefined
}

/**
 * Fields hold the current entry while `valid`. The key bytes are the cursor's own buffer and die when it moves.
 * Value bytes lie in blocks and arenas: they stay through one `next` or `prev` more, and no longer.
 * Entries come in internal key order: user keys ascending, versions of a key newest first.
 */
export interface InternalCursor {
  valid: boolean
  /** The user key, without its trailer. */
  keyBytes: Uint8Array
  keyStart: number
  keyEnd: number
  /** prefixWord of the user key's bytes 0-3 and 4-7 (`KeyOrder.high` and `low` in other orders): most comparisons need no more. */
  prefixHigh: number
  prefixLow: number
  /** sequence << 8 | type, in two words. */
  trailerLow: number
  trailerHigh: number
  valueBytes: Uint8Array
  valueStart: number
  valueEnd: number

  first(): Step
  last(): Step
  /** Expects `valid`, or to be repeated after `needsBlock`; so does `prev`. */
  next(): Step
  prev(): Step
  /** Moves to the first entry at or after the target. */
  seek(target: SeekTarget): Step
  /** Moves to the last entry at or before the target. */
  seekForPrev(target: SeekTarget): Step
  /**
   * Of several runs, numbered from the newest on: moves on, in the direction of the movement before, passing over what
   * runs older than `run` have before the target. Absent where there is but one run.
   */
  leap?(run: number, target: SeekTarget): Step
  /**
   * Adds what the movement that answered `needsBlock` waits for. With `ahead` also what a scan that goes on in
   * the same direction will soon ask for, so that one round of reads serves every level.
   */
  collectWanted(into: Wanted[], ahead?: boolean): void
  /** Lets go of the blocks that it reads. It is not used afterwards; one that is merely forgotten wastes their memory. */
  release(): void
}

/** Sorts before every entry of the same user key and sequence, whatever its type. */
const SEEK_TYPE = 0xff

/** An internal key to seek, reusable. The key bytes are borrowed: they must stay as they are while in use. */
export class SeekTarget {
  bytes: Uint8Array = emptyBytes
  start = 0
  end = 0
  prefixHigh = 0
  prefixLow = 0
  trailerLow = 0
  trailerHigh = 0
  /** Of the keys that it is compared with. */
  order: KeyOrder

  constructor(order: KeyOrder = bytewise) {
    this.order = order
  }

  /** Stands before the newest version of a user key that a reader at `sequence` may see. */
  set(bytes: Uint8Array, start: number, end: number, sequence: number): this {
    this.setKey(bytes, start, end)
    this.trailerLow = trailerLow(sequence, SEEK_TYPE)
    this.trailerHigh = trailerHigh(sequence)
    return this
  }

  /** Stands before every version of a user key. */
  setBefore(bytes: Uint8Array, start: number, end: number): this {
    this.setKey(bytes, start, end)
    this.trailerLow = 0xffff_ffff
    this.trailerHigh = 0xffff_ffff
    return this
  }

  /** Stands behind every version of a user key. */
  setAfter(bytes: Uint8Array, start: number, end: number): this {
    this.setKey(bytes, start, end)
    this.trailerLow = 0
    this.trailerHigh = 0
    return this
  }

  /** Stands where `other` does, on the same bytes. */
  setTo(other: SeekTarget): this {
    this.bytes = other.bytes
    this.start = other.start
    this.end = other.end
    this.prefixHigh = other.prefixHigh
    this.prefixLow = other.prefixLow
    this.trailerLow = other.trailerLow
    this.trailerHigh = other.trailerHigh
    return this
  }

  setKey(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.start = start
    this.end = end
    const { order } = this
    if (order === bytewise) {
      this.prefixHigh = prefixWord(bytes, start, end)
      this.prefixLow = prefixWord(bytes, start + 4, end)
    } else {
      this.prefixHigh = order.high(bytes, start, end)
      this.prefixLow = order.low(bytes, start, end)
    }
  }
}

/** A target with a buffer of its own, for keys that must outlive where they come from. */
export class OwnedTarget extends SeekTarget {
  copyKey(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (length > this.bytes.length) this.bytes = new Uint8Array(Math.max(64, 2 * length))
    copyBytes(bytes, start, end, this.bytes, 0)
    this.setKey(this.bytes, 0, length)
  }

  copyTarget(target: SeekTarget): void {
    this.copyKey(target.bytes, target.start, target.end)
    this.trailerLow = target.trailerLow
    this.trailerHigh = target.trailerHigh
  }

  equals(target: SeekTarget): boolean {
    const isSameTrailer = this.trailerLow === target.trailerLow && this.trailerHigh === target.trailerHigh
    return isSameTrailer && compareTargetKeys(this, target) === 0
  }

  /** Stands on the cursor's current entry. */
  copyEntry(cursor: InternalCursor): void {
    const length = cursor.keyEnd - cursor.keyStart
    if (length > this.bytes.length) this.bytes = new Uint8Array(Math.max(64, 2 * length))
    copyBytes(cursor.keyBytes, cursor.keyStart, cursor.keyEnd, this.bytes, 0)
    this.end = length
    this.prefixHigh = cursor.prefixHigh
    this.prefixLow = cursor.prefixLow
    this.trailerLow = cursor.trailerLow
    this.trailerHigh = cursor.trailerHigh
  }
}

/** Order of two cursors' current user keys, which are in bytewise order. The prefix words decide nearly always. */
function compareCursorKeys(a: InternalCursor, b: InternalCursor): number {
  if (a.prefixHigh !== b.prefixHigh) return a.prefixHigh - b.prefixHigh
  if (a.prefixLow !== b.prefixLow) return a.prefixLow - b.prefixLow
  return compareRest(a.keyBytes, a.keyStart, a.keyEnd, b.keyBytes, b.keyStart, b.keyEnd)
}

/** Order of two keys whose prefix words are equal: of what comes behind those, if both keys have that much. */
function compareRest(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const skip = aEnd - aStart >= 8 && bEnd - bStart >= 8 ? 8 : 0
  return compareBytes(a, aStart + skip, aEnd, b, bStart + skip, bEnd)
}

/** Order of two cursors' current internal keys, which are in bytewise order. */
export function compareCursors(a: InternalCursor, b: InternalCursor): number {
  const order = compareCursorKeys(a, b)
  return order !== 0 ? order : compareTrailers(a.trailerLow, a.trailerHigh, b.trailerLow, b.trailerHigh)
}

/** Order of two cursors' current internal keys, whose user keys are in `order`. */
export function compareCursorsBy(order: KeyOrder, a: InternalCursor, b: InternalCursor): number {
  if (a.prefixHigh !== b.prefixHigh) return a.prefixHigh - b.prefixHigh
  if (a.prefixLow !== b.prefixLow) return a.prefixLow - b.prefixLow
  const ofKeys = order.compare(a.keyBytes, a.keyStart, a.keyEnd, b.keyBytes, b.keyStart, b.keyEnd)
  return ofKeys !== 0 ? ofKeys : compareTrailers(a.trailerLow, a.trailerHigh, b.trailerLow, b.trailerHigh)
}

/** Order of the user keys of two targets. */
export function compareTargetKeys(a: SeekTarget, b: SeekTarget): number {
  return a.order.compare(a.bytes, a.start, a.end, b.bytes, b.start, b.end)
}

/** Gives a cursor the prefix words of its current key, in an order that is not bytewise. */
export function setPrefixes(cursor: InternalCursor, order: KeyOrder): void {
  cursor.prefixHigh = order.high(cursor.keyBytes, cursor.keyStart, cursor.keyEnd)
  cursor.prefixLow = order.low(cursor.keyBytes, cursor.keyStart, cursor.keyEnd)
}

/** Order of a cursor's current user key and a target's. */
export function compareKeyToTarget(cursor: InternalCursor, target: SeekTarget): number {
  if (cursor.prefixHigh !== target.prefixHigh) return cursor.prefixHigh - target.prefixHigh
  if (cursor.prefixLow !== target.prefixLow) return cursor.prefixLow - target.prefixLow
  const { keyBytes, keyStart, keyEnd } = cursor
  const { order, bytes, start, end } = target
  return order === bytewise
    ? compareRest(keyBytes, keyStart, keyEnd, bytes, start, end)
    : order.compare(keyBytes, keyStart, keyEnd, bytes, start, end)
}

/** Order of a cursor's current internal key and a target. */
export function compareToTarget(cursor: InternalCursor, target: SeekTarget): number {
  const order = compareKeyToTarget(cursor, target)
  if (order !== 0) return order
  return compareTrailers(cursor.trailerLow, cursor.trailerHigh, target.trailerLow, target.trailerHigh)
}

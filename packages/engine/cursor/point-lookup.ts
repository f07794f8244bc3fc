/**
 * One point lookup: the key and sequence to look for, and what was found. The object is made once and reused;
 * memtables and tables fill in the answer, and the first that does ends the search.
 *
 * RocksDB: table/get_context.h
 */
import { emptyBytes } from '@varve/format/bytes'
import { filterHash, hashResult } from '@varve/format/checksum'
import { sequenceOfTrailer, ValueType } from '@varve/format/key'
import { type BlobValue, SeekTarget, type Wanted } from './cursor.ts'
import { unsupportedEntry } from './unsupported-entry.ts'

export const LookupState = {
  /** Nothing known yet: look further, at older runs. */
  none: 0,
  /** The value is valueBytes[valueStart..valueEnd), a view of the memtable or block. */
  value: 1,
  /** The newest visible entry is a tombstone: the key does not exist. */
  deleted: 2,
  /** Merge operands so far, and what they are merged into is still to be found: look on, also where this was found. */
  merging: 3,
  /** The value is in a blob file: valueBytes[valueStart..valueEnd) says where. */
  blob: 4,
} as const
export type LookupState = (typeof LookupState)[keyof typeof LookupState]

const noOperands: Uint8Array[] = []

/**
 * As a `SeekTarget` it stands before the newest version visible at the lookup's sequence; once operands were met, before
 * the next older version.
 */
export class PointLookup extends SeekTarget {
  state: LookupState = LookupState.none
  valueBytes: Uint8Array = emptyBytes
  valueStart = 0
  valueEnd = 0
  /** Merge operands above what was found, newest first: copies. */
  operands: Uint8Array[] = noOperands
  /** The trailer of the entry found last; meaningful unless `state` is `none`. */
  foundTrailerLow = 0
  foundTrailerHigh = 0
  /** The sequence that it reads at. */
  sequence = 0
  /** And the time, where entries expire. */
  now = 0
  /** The newest range tombstone of the place that is searched, for this key: older entries, here and below, are deleted. */
  covered = 0
  /** What must be loaded before the lookup can go on; then what was loaded, until it is used. */
  wanted: Wanted | undefined = undefined
  /** Where the lookup goes on after that: a level, and a file in it when it is level 0. */
  resumeLevel = -1
  resumeFile = 0
  /** The value that is read from a blob file: then `wanted` is the same. */
  blob: BlobValue | undefined = undefined
  /** Unless set, a value in a blob file is left there: it is enough to know that it exists. */
  readsBlobs = true
  /** Whether blocks that are read for it enter the cache. */
  fillCache = true
  /** The filters' hash of the user key, computed when the first filter asks. */
  hashLow = 0
  hashHigh = 0
  private hashed = false

  /** Starts a new lookup of `bytes[start..end)` as a reader at `sequence` sees it. */
  begin(bytes: Uint8Array, start: number, end: number, sequence: number): void {
    this.set(bytes, start, end, sequence)
    this.state = LookupState.none
    this.sequence = sequence
    this.covered = 0
    this.valueBytes = emptyBytes
    this.operands = noOperands
    this.wanted = undefined
    this.blob = undefined
    this.resumeLevel = -1
    this.resumeFile = 0
    this.hashed = false
  }

  /** Makes the key bytes the lookup's own. */
  keepKey(): void {
    this.setKey(new Uint8Array(this.bytes.subarray(this.start, this.end)), 0, this.end - this.start)
  }

  /** Fills `hashLow` and `hashHigh`. */
  ensureHash(): void {
    if (this.hashed) return
    filterHash(this.bytes, this.start, this.end)
    this.hashLow = hashResult.low
    this.hashHigh = hashResult.high
    this.hashed = true
  }

  /** Of a value that was found: it is that of a wide-column entity. */
  get isEntity(): boolean {
    return (this.foundTrailerLow & 0xff) === ValueType.WideColumnEntity
  }

  /** Whether what was found answers the lookup. */
  get isSettled(): boolean {
    return this.state !== LookupState.none && this.state !== LookupState.merging
  }

  /** Nothing, or nothing more, was found where a range tombstone may cover the key; says whether one does. */
  settleCovered(): boolean {
    if (this.covered === 0) return false
    this.state = LookupState.deleted
    return true
  }

  /** Takes the value that was read from a blob file as the answer; false while it has not been. */
  takeBlob(): boolean {
    const value = this.blob?.value
    if (value === undefined) return false
    this.state = LookupState.value
    this.valueBytes = value
    this.valueStart = 0
    this.valueEnd = value.length
    return true
  }

  /** Takes the newest visible entry of the key as the answer, or a part of it; throws `NOT_SUPPORTED` naming its kind. */
  settle(
    trailerLow: number,
    trailerHigh: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    file?: string,
  ): void {
    const type = trailerLow & 0xff
    if (this.covered > 0 && sequenceOfTrailer(trailerLow, trailerHigh) < this.covered) {
      this.state = LookupState.deleted
    } else if (type === ValueType.Value) {
      this.takeValue(valueBytes, valueStart, valueEnd)
    } else if (type === ValueType.BlobIndex) {
      this.takeValue(valueBytes, valueStart, valueEnd)
      this.state = LookupState.blob
    } else if (type === ValueType.Deletion || type === ValueType.SingleDeletion) {
      this.state = LookupState.deleted
    } else if (type === ValueType.WideColumnEntity) {
      this.takeValue(valueBytes, valueStart, valueEnd)
    } else if (type === ValueType.Merge) {
      this.addOperand(new Uint8Array(valueBytes.subarray(valueStart, valueEnd)), trailerLow, trailerHigh)
    } else {
      throw unsupportedEntry(type, file)
    }
    this.foundTrailerLow = trailerLow
    this.foundTrailerHigh = trailerHigh
  }

  private takeValue(bytes: Uint8Array, start: number, end: number): void {
    this.state = LookupState.value
    this.valueBytes = bytes
    this.valueStart = start
    this.valueEnd = end
  }

  /** The versions that are left are those whose trailers are smaller. */
  private addOperand(operand: Uint8Array, trailerLow: number, trailerHigh: number): void {
    if (this.operands === noOperands) this.operands = []
    this.operands.push(operand)
    this.state = LookupState.merging
    this.trailerLow = (trailerLow - 1) >>> 0
    this.trailerHigh = trailerLow === 0 ? trailerHigh - 1 : trailerHigh
  }
}

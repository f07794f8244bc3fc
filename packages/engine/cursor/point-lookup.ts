/**
 * One point lookup: the key and sequence to look for, and what was found. The object is made once and reused;
 * memtables and tables fill in the answer, and the first that does ends the search.
 *
 * RocksDB: table/get_context.h
 */
import { emptyBytes } from '@varve/format/bytes'
import { filterHash, hashResult } from '@varve/format/checksum'
import { ValueType } from '@varve/format/key'
import { SeekTarget, type Wanted } from './cursor.ts'
import { unsupportedEntry } from './unsupported-entry.ts'

export const LookupState = {
  /** Nothing known yet: look further, at older runs. */
  none: 0,
  /** The value is valueBytes[valueStart..valueEnd), a view of the memtable or block. */
  value: 1,
  /** The newest visible entry is a tombstone: the key does not exist. */
  deleted: 2,
} as const
export type LookupState = (typeof LookupState)[keyof typeof LookupState]

/** As a `SeekTarget` it stands before the newest version visible at the lookup's sequence. */
export class PointLookup extends SeekTarget {
  state: LookupState = LookupState.none
  valueBytes: Uint8Array = emptyBytes
  valueStart = 0
  valueEnd = 0
  /** The trailer of the entry that decided; meaningful unless `state` is `none`. */
  foundTrailerLow = 0
  foundTrailerHigh = 0
  /** What must be loaded before the lookup can go on; then what was loaded, until it is used. */
  wanted: Wanted | undefined = undefined
  /** Where the lookup goes on after that: a level, and a file in it when it is level 0. */
  resumeLevel = -1
  resumeFile = 0
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
    this.valueBytes = emptyBytes
    this.wanted = undefined
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

  /** Takes the newest visible entry of the key as the answer, or throws `NOT_SUPPORTED` naming its kind. */
  settle(
    trailerLow: number,
    trailerHigh: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    file?: string,
  ): void {
    const type = trailerLow & 0xff
    if (type === ValueType.Value) {
      this.state = LookupState.value
      this.valueBytes = valueBytes
      this.valueStart = valueStart
      this.valueEnd = valueEnd
    } else if (type === ValueType.Deletion || type === ValueType.SingleDeletion) {
      this.state = LookupState.deleted
    } else {
      throw unsupportedEntry(type, file)
    }
    this.foundTrailerLow = trailerLow
    this.foundTrailerHigh = trailerHigh
  }
}

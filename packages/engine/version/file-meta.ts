/**
 * One live table file as the database knows it: what its MANIFEST record says, plus what is learnt while it is
 * in use (its reader, how many deletions it holds, whether a compaction has it).
 *
 * The same object stands for the file in every version that holds it, also after a trivial move, so an open
 * reader is kept across versions. Boundaries are internal keys and take in every entry of the file.
 *
 * RocksDB: db/version_edit.h, FileMetaData
 */
import { readUint32 } from '@varve/format/bytes'
import { bytewise, isSentinelTrailer, type KeyOrder, TRAILER_LENGTH } from '@varve/format/key'
import type { NewFile } from '@varve/format/manifest'
import type { TableReader } from '../table/table-reader.ts'

/** What the table's properties say about its contents. All zero until somebody has read them. */
export interface FileStatistics {
  entries: number
  /** Of keys and of ranges. */
  deletions: number
  rangeDeletions: number
  mergeOperands: number
  rawKeySize: number
  rawValueSize: number
}

export const noStatistics: Readonly<FileStatistics> = {
  entries: 0,
  deletions: 0,
  rangeDeletions: 0,
  mergeOperands: 0,
  rawKeySize: 0,
  rawValueSize: 0,
}

export class FileMeta {
  readonly number: number
  readonly size: number
  /** Internal keys. */
  readonly smallest: Uint8Array
  readonly largest: Uint8Array
  readonly smallestSequence: number
  readonly largestSequence: number
  /** Of the user keys. */
  readonly order: KeyOrder
  /** Prefix words of the boundary user keys, as `order` has them; the trailer of `largest`. */
  readonly smallestHigh: number
  readonly smallestLow: number
  readonly largestHigh: number
  readonly largestLow: number
  readonly largestTrailerLow: number
  readonly largestTrailerHigh: number
  /** Newer files of level 0 have greater epochs. Set once more when a MANIFEST without epochs is recovered. */
  epochNumber: number
  /** Its level in the newest version. */
  level: number
  /** The MANIFEST record, kept whole so that the next MANIFEST loses nothing. */
  record: NewFile
  /** Id of the first version that holds it. */
  firstVersion = 0
  /** The file ends before its largest user key: that is where a range tombstone ends. */
  readonly endsBeforeLargest: boolean
  /** True while a compaction has the file among its inputs. */
  beingCompacted = false
  /** The open reader, put here and closed by the table cache. */
  table: TableReader | undefined = undefined
  statistics: Readonly<FileStatistics> = noStatistics
  /** Size as the compaction picker weighs it: deletions count for what they will free. */
  compensatedSize: number

  constructor(record: NewFile, order: KeyOrder = bytewise) {
    const { smallest, largest } = record
    const smallestEnd = smallest.length - TRAILER_LENGTH
    const largestEnd = largest.length - TRAILER_LENGTH
    this.order = order
    this.number = record.number
    this.size = record.size
    this.smallest = smallest
    this.largest = largest
    this.smallestSequence = record.smallestSequence
    this.largestSequence = record.largestSequence
    this.smallestHigh = order.high(smallest, 0, smallestEnd)
    this.smallestLow = order.low(smallest, 0, smallestEnd)
    this.largestHigh = order.high(largest, 0, largestEnd)
    this.largestLow = order.low(largest, 0, largestEnd)
    this.largestTrailerLow = readUint32(largest, largestEnd)
    this.largestTrailerHigh = readUint32(largest, largestEnd + 4)
    this.endsBeforeLargest = isSentinelTrailer(this.largestTrailerLow, this.largestTrailerHigh)
    this.epochNumber = record.epochNumber ?? 0
    this.level = record.level
    this.record = record
    this.compensatedSize = record.size
  }

  /** Takes the statistics from the table's properties, if it is open and they were not known; says whether. */
  learnStatistics(): boolean {
    const properties = this.table?.properties
    if (this.statistics !== noStatistics || properties === undefined) return false
    this.statistics = {
      entries: properties.entries ?? 0,
      deletions: properties.deletedKeys ?? 0,
      rangeDeletions: properties.rangeDeletions ?? 0,
      mergeOperands: properties.mergeOperands ?? 0,
      rawKeySize: properties.rawKeySize ?? 0,
      rawValueSize: properties.rawValueSize ?? 0,
    }
    return true
  }

  /** A view. */
  get smallestUserKey(): Uint8Array {
    return this.smallest.subarray(0, this.smallest.length - TRAILER_LENGTH)
  }

  /** A view. */
  get largestUserKey(): Uint8Array {
    return this.largest.subarray(0, this.largest.length - TRAILER_LENGTH)
  }

  /** The order of this file's first user key and bytes[start..end), whose prefix words are `high` and `low`. */
  compareSmallestUserKey(bytes: Uint8Array, start: number, end: number, high: number, low: number): number {
    if (this.smallestHigh !== high) return this.smallestHigh - high
    if (this.smallestLow !== low) return this.smallestLow - low
    return this.order.compare(this.smallest, 0, this.smallest.length - TRAILER_LENGTH, bytes, start, end)
  }

  /**
   * The order of this file's last user key and bytes[start..end), whose prefix words are `high` and `low`. A file that
   * ends before its largest user key has no entry of that.
   */
  compareLargestUserKey(bytes: Uint8Array, start: number, end: number, high: number, low: number): number {
    if (this.largestHigh !== high) return this.largestHigh - high
    if (this.largestLow !== low) return this.largestLow - low
    const order = this.order.compare(this.largest, 0, this.largest.length - TRAILER_LENGTH, bytes, start, end)
    return order === 0 && this.endsBeforeLargest ? -1 : order
  }
}

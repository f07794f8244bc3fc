/**
 * Checks one table file, all of it: the checksum of every block that the footer, the metaindex and the index
 * lead to; that the entries are in order, within the bounds and sequences that the MANIFEST records, and as
 * many as the properties say; that index and filter lead a point lookup to every key; and that no other bytes
 * are left over.
 *
 * RocksDB: db/db_impl/db_impl.cc, VerifyChecksum, which reads the blocks only
 */
import {
  BLOCK_TRAILER_LENGTH,
  BlockCursor,
  type DataBlock,
  type FlatIndex,
  indexInOrder,
} from '@varve/format/block'
import { copyBytes } from '@varve/format/bytes'
import { decodeEntity } from '@varve/format/entity'
import { CorruptionError } from '@varve/format/errors'
import {
  bytewise,
  type KeyOrder,
  knownOrder,
  sequenceOfTrailer,
  TRAILER_LENGTH,
  typeOfTrailer,
  ValueType,
  type ValueTypeCode,
} from '@varve/format/key'
import type { NewFile } from '@varve/format/manifest'
import {
  type ByteSource,
  globalSequence,
  readRangeDeletions,
  type TableProperties,
  TableScan,
} from '@varve/format/sst'
import type { VerifyFindings } from './report.ts'
import {
  checkFileChecksum,
  checkFormatVersion,
  checkLeftovers,
  checkUniqueId,
  TableFilters,
} from './table-blocks.ts'

/** Value types with which an entry may stand in a data block; and those that count as deletions. */
const STORED_TYPES: ReadonlySet<number> = new Set<ValueTypeCode>([
  ValueType.Deletion,
  ValueType.Value,
  ValueType.Merge,
  ValueType.SingleDeletion,
  ValueType.BlobIndex,
  ValueType.DeletionWithTimestamp,
  ValueType.WideColumnEntity,
  ValueType.ValuePreferredSeqno,
])
const DELETION_TYPES: ReadonlySet<number> = new Set<ValueTypeCode>([
  ValueType.Deletion,
  ValueType.SingleDeletion,
])

export class TableCheck {
  private readonly source: ByteSource
  private readonly file: string
  /** What the MANIFEST says about the table; absent when there is no MANIFEST to ask. */
  private readonly record: NewFile | undefined
  /** Of the keys: as the MANIFEST has it or, without one, the table; undefined when it is not known here. */
  private readonly order: KeyOrder | undefined
  private readonly index: FlatIndex
  private readonly findings: VerifyFindings
  private readonly scan: TableScan
  private readonly filters: TableFilters
  /** Of a table made outside a database: the sequences of its keys are not what the MANIFEST records. */
  private readonly hasGlobalSequence: boolean
  private readonly cursor = new BlockCursor()
  /** The entry before the current one, of the same or an earlier block. */
  private previous = new Uint8Array(256)
  private previousLength = -1
  private readonly seen = {
    entries: 0,
    deletions: 0,
    /** RocksDB 7.8 does not count them among the deletions, later ones do. */
    timestampedDeletions: 0,
    keyBytes: 0,
    valueBytes: 0,
    blocks: 0,
    damagedBlocks: 0,
  }
  private smallestSequence = Number.POSITIVE_INFINITY
  private largestSequence = 0

  /** Reads footer, metaindex, properties, index and filters; throws when they do not hold. */
  constructor(
    source: ByteSource,
    record: NewFile | undefined,
    recorded: KeyOrder | undefined,
    findings: VerifyFindings,
  ) {
    this.source = source
    this.file = source.file ?? ''
    this.record = record
    this.findings = findings
    this.scan = new TableScan(source)
    const order = record === undefined ? orderOf(this.scan.layout.properties) : recorded
    this.order = order
    this.index = order === undefined ? this.scan.index : indexInOrder(this.scan.index, order)
    this.filters = new TableFilters(source, this.scan.layout, order)
    const { properties } = this.scan.layout
    this.hasGlobalSequence = globalSequence(properties, record?.largestSequence ?? 0) !== undefined
  }

  /** Reads the rest, yielding the size of each piece when it is done. Returns the number of entries. */
  *run(): Generator<number, number> {
    const { index } = this.scan
    for (let ordinal = 0; ordinal < index.count; ordinal++) {
      this.checkDataBlock(ordinal)
      yield index.sizes[ordinal] + BLOCK_TRAILER_LENGTH
    }
    const rangeDeletions = this.guard(() => readRangeDeletions(this.source, this.scan.layout).length) ?? 0
    if (this.seen.damagedBlocks === 0) {
      this.checkCounts(rangeDeletions)
      this.guard(() => this.checkSequences())
    }
    this.checkWhole()
    return this.seen.entries + rangeDeletions
  }

  private checkDataBlock(ordinal: number): void {
    try {
      this.checkEntries(this.scan.readBlock(ordinal), ordinal)
      this.seen.blocks++
    } catch (error) {
      // The next block can still be read: the index says where it is. Its first key has no predecessor then.
      this.findings.caught(this.file, error)
      this.seen.damagedBlocks++
      this.previousLength = -1
    }
  }

  private checkEntries(block: DataBlock, ordinal: number): void {
    const { cursor } = this
    cursor.attach(block)
    if (!cursor.first()) throw this.corruption('data block without entries', block.fileOffset)
    const { order } = this
    if (order !== undefined) {
      this.checkBound('smallest', order, block.fileOffset)
      this.checkIndexFinds(ordinal, 'first')
    }
    for (let more = true; more; more = cursor.next()) {
      this.checkEntry(block.fileOffset)
      if (order === undefined || cursor.position < block.entriesEnd) continue
      this.checkBound('largest', order, block.fileOffset)
      this.checkIndexFinds(ordinal, 'last')
    }
  }

  private checkEntry(blockOffset: number): void {
    const { cursor, seen } = this
    const type = typeOfTrailer(cursor.trailerLow)
    if (!STORED_TYPES.has(type)) throw this.corruption(`entry of unknown type ${type}`, blockOffset)
    if (type === ValueType.WideColumnEntity)
      decodeEntity(cursor.valueBytes, cursor.valueStart, cursor.valueEnd, this.file)
    if (this.order !== undefined) this.checkOrder(this.order, blockOffset)
    const sequence = sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh)
    if (sequence < this.smallestSequence) this.smallestSequence = sequence
    if (sequence > this.largestSequence) this.largestSequence = sequence
    seen.entries++
    seen.keyBytes += cursor.keyLength
    seen.valueBytes += cursor.valueEnd - cursor.valueStart
    if (DELETION_TYPES.has(type)) seen.deletions++
    if (type === ValueType.DeletionWithTimestamp) seen.timestampedDeletions++
  }

  private checkOrder(order: KeyOrder, blockOffset: number): void {
    const { keyBytes, keyLength } = this.cursor
    const isFirst = this.previousLength < 0
    if (
      !isFirst &&
      order.compareInternal(this.previous, 0, this.previousLength, keyBytes, 0, keyLength) >= 0
    ) {
      throw this.corruption('keys are not in order', blockOffset)
    }
    // A comparator with timestamps has filters over keys without them, so only these can be asked.
    if (!this.filters.mayMatch(this.cursor)) {
      throw this.corruption('the filter denies a key of the block', blockOffset)
    }
    if (keyLength > this.previous.length) this.previous = new Uint8Array(2 * keyLength)
    copyBytes(keyBytes, 0, keyLength, this.previous, 0)
    this.previousLength = keyLength
  }

  private checkBound(bound: 'smallest' | 'largest', by: KeyOrder, blockOffset: number): void {
    const key = this.record?.[bound]
    if (key === undefined || this.hasGlobalSequence) return
    const { keyBytes, keyLength } = this.cursor
    const order = by.compareInternal(keyBytes, 0, keyLength, key, 0, key.length)
    if (bound === 'smallest' ? order >= 0 : order <= 0) return
    throw this.corruption(`a key lies beyond the ${bound} one that the MANIFEST records`, blockOffset)
  }

  /** A point lookup for the block's first and last key must be led to this block. */
  private checkIndexFinds(ordinal: number, which: 'first' | 'last'): void {
    const { cursor } = this
    const keyEnd = cursor.keyLength - TRAILER_LENGTH
    const found = this.index.find(cursor.keyBytes, 0, keyEnd, cursor.trailerLow, cursor.trailerHigh)
    if (found === ordinal) return
    throw this.corruption(
      `the index does not lead to the ${which} key of its block ${ordinal}`,
      this.scan.layout.index.offset,
    )
  }

  private checkWhole(): void {
    const { source, scan, record, filters } = this
    this.guard(() => checkFormatVersion(scan.layout, filters))
    this.guard(() => checkLeftovers(source, scan.layout, scan.index, filters))
    this.guard(() => checkUniqueId(scan.layout, record?.uniqueId))
    // RocksDB may write the global sequence into the file after its checksum was taken.
    if (record !== undefined && !this.hasGlobalSequence) this.guard(() => checkFileChecksum(source, record))
  }

  private guard<Result>(check: () => Result): Result | undefined {
    return this.findings.guard(this.file, check)
  }

  /** What the properties say against what is there. Properties that are missing say nothing. */
  private checkCounts(rangeDeletions: number): void {
    const { properties } = this.scan.layout
    if (properties === undefined) return
    const { seen } = this
    this.checkCount('entries', properties.entries, seen.entries + rangeDeletions)
    const deletions = seen.deletions + rangeDeletions
    const withTimestamps = deletions + seen.timestampedDeletions
    if (properties.deletedKeys !== withTimestamps)
      this.checkCount('deletions', properties.deletedKeys, deletions)
    this.checkCount('data blocks', properties.dataBlocks, seen.blocks)
    if (rangeDeletions > 0) return
    this.checkCount('bytes of keys', properties.rawKeySize, seen.keyBytes)
    this.checkCount('bytes of values', properties.rawValueSize, seen.valueBytes)
  }

  private checkCount(what: string, recorded: number | undefined, counted: number): void {
    if (recorded === undefined || recorded === counted) return
    const { properties } = this.scan.layout
    this.findings.problem(
      this.file,
      `the properties record ${recorded} ${what}, and there are ${counted}`,
      properties?.fileOffset,
    )
  }

  private checkSequences(): void {
    const { record } = this
    if (record === undefined || this.seen.entries === 0 || this.hasGlobalSequence) return
    const { smallestSequence, largestSequence } = record
    // LevelDB records no sequences.
    if (this.scan.layout.footer.formatVersion === 0 && largestSequence === 0) return
    // Compacting keys with timestamps, RocksDB records the zeros that it does not write into them.
    if (this.order !== undefined && this.order.timestampSize > 0 && largestSequence === 0) return
    if (this.smallestSequence >= smallestSequence && this.largestSequence <= largestSequence) return
    throw this.corruption(
      `entries have the sequences ${this.smallestSequence} to ${this.largestSequence}, and the MANIFEST ` +
        `records ${smallestSequence} to ${largestSequence}`,
    )
  }

  private corruption(what: string, offset?: number): CorruptionError {
    return new CorruptionError(what, this.file, offset)
  }
}

function orderOf(properties: TableProperties | undefined): KeyOrder | undefined {
  const name = properties?.comparator ?? ''
  return name === '' ? bytewise : knownOrder(name)
}

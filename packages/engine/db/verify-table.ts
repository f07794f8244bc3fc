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
  type BlockHandle,
  type DataBlock,
  type FlatIndex,
} from '@varve/format/block'
import { equalBytes } from '@varve/format/bytes'
import { CorruptionError } from '@varve/format/errors'
import { type FilterReader, openFilter } from '@varve/format/filter'
import { compareInternalKeys, sequenceOfTrailer, TRAILER_LENGTH, typeOfTrailer } from '@varve/format/key'
import { type NewFile, uniqueIdOf } from '@varve/format/manifest'
import {
  type ByteSource,
  encodeFooter,
  globalSequence,
  readBlockPayload,
  readExactly,
  readRangeDeletions,
  readTopLevel,
  TableScan,
} from '@varve/format/sst'
import type { VerifyFindings } from './verify-report.ts'

/** What the MANIFEST says about the table; absent when there is no MANIFEST to ask. */
type TableRecord = Pick<NewFile, 'smallest' | 'largest' | 'smallestSequence' | 'largestSequence' | 'uniqueId'>

/** Value types with which an entry may be stored in a data block. */
const DELETION_TYPES = new Set([0x00, 0x07, 0x14])
const KNOWN_TYPES = new Set([0x00, 0x01, 0x02, 0x07, 0x11, 0x14, 0x16, 0x18])

export class TableCheck {
  private readonly source: ByteSource
  private readonly file: string
  private readonly record: TableRecord | undefined
  /** False for another comparator than bytewise: its order is not known here. */
  private readonly isBytewise: boolean
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
    record: TableRecord | undefined,
    isBytewise: boolean,
    findings: VerifyFindings,
  ) {
    this.source = source
    this.file = source.file ?? ''
    this.record = record
    this.isBytewise = isBytewise
    this.findings = findings
    this.scan = new TableScan(source)
    this.filters = new TableFilters(source, this.scan)
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
    const rangeDeletions = this.findings.guard(this.file, () => this.checkRangeDeletions()) ?? 0
    this.findings.guard(this.file, () => this.checkUniqueId())
    if (this.seen.damagedBlocks === 0) {
      this.checkCounts(rangeDeletions)
      this.findings.guard(this.file, () => this.checkSequences())
    }
    this.findings.guard(this.file, () => this.checkLeftovers())
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
    if (this.isBytewise) {
      this.checkBound('smallest', block.fileOffset)
      this.checkIndexFinds(ordinal, 'first')
    }
    for (let more = true; more; more = cursor.next()) {
      this.checkEntry(block.fileOffset)
      if (!this.isBytewise || cursor.position < block.entriesEnd) continue
      this.checkBound('largest', block.fileOffset)
      this.checkIndexFinds(ordinal, 'last')
    }
  }

  private checkEntry(blockOffset: number): void {
    const { cursor, seen } = this
    const type = typeOfTrailer(cursor.trailerLow)
    if (!KNOWN_TYPES.has(type)) throw this.corruption(`entry of unknown type ${type}`, blockOffset)
    if (this.isBytewise) this.checkOrder(blockOffset)
    const sequence = sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh)
    if (sequence < this.smallestSequence) this.smallestSequence = sequence
    if (sequence > this.largestSequence) this.largestSequence = sequence
    seen.entries++
    seen.keyBytes += cursor.keyLength
    seen.valueBytes += cursor.valueEnd - cursor.valueStart
    if (DELETION_TYPES.has(type)) seen.deletions++
  }

  private checkOrder(blockOffset: number): void {
    const { keyBytes, keyLength } = this.cursor
    const isFirst = this.previousLength < 0
    if (!isFirst && compareInternalKeys(this.previous, 0, this.previousLength, keyBytes, 0, keyLength) >= 0) {
      throw this.corruption('keys are not in order', blockOffset)
    }
    // A comparator with timestamps has filters over keys without them, so only these can be asked.
    if (!this.filters.mayMatch(this.cursor)) {
      throw this.corruption('the filter denies a key of the block', blockOffset)
    }
    if (keyLength > this.previous.length) this.previous = new Uint8Array(2 * keyLength)
    this.previous.set(keyBytes.subarray(0, keyLength))
    this.previousLength = keyLength
  }

  private checkBound(bound: 'smallest' | 'largest', blockOffset: number): void {
    const key = this.record?.[bound]
    if (key === undefined || this.hasGlobalSequence) return
    const { keyBytes, keyLength } = this.cursor
    const order = compareInternalKeys(keyBytes, 0, keyLength, key, 0, key.length)
    if (bound === 'smallest' ? order >= 0 : order <= 0) return
    throw this.corruption(`a key lies beyond the ${bound} one that the MANIFEST records`, blockOffset)
  }

  /** A point lookup for the block's first and last key must be led to this block. */
  private checkIndexFinds(ordinal: number, which: 'first' | 'last'): void {
    const { cursor } = this
    const keyEnd = cursor.keyLength - TRAILER_LENGTH
    const found = this.scan.index.find(cursor.keyBytes, 0, keyEnd, cursor.trailerLow, cursor.trailerHigh)
    if (found === ordinal) return
    throw this.corruption(
      `the index does not lead to the ${which} key of its block ${ordinal}`,
      this.scan.layout.index.offset,
    )
  }

  private checkRangeDeletions(): number {
    return readRangeDeletions(this.source, this.scan.layout).length
  }

  private checkUniqueId(): void {
    const expected = this.record?.uniqueId
    const { properties } = this.scan.layout
    if (properties === undefined || expected === undefined || expected.every(byte => byte === 0)) return
    const { dbId, dbSessionId, originalFileNumber } = properties
    if (dbId === undefined || dbSessionId === undefined || originalFileNumber === undefined) return
    const actual = uniqueIdOf(dbId, dbSessionId, originalFileNumber)
    if (actual === undefined || equalBytes(actual, expected)) return
    throw this.corruption(
      "the table's unique id is not the one that the MANIFEST records",
      properties.fileOffset,
    )
  }

  /** What the properties say against what is there. Properties that are missing say nothing. */
  private checkCounts(rangeDeletions: number): void {
    const { properties } = this.scan.layout
    if (properties === undefined) return
    const { seen } = this
    this.checkCount('entries', properties.entries, seen.entries + rangeDeletions)
    this.checkCount('deletions', properties.deletedKeys, seen.deletions + rangeDeletions)
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
    // Tables that LevelDB recorded have no sequences in the MANIFEST.
    if (
      smallestSequence === 0 &&
      largestSequence === 0 &&
      this.largestSequence > 0 &&
      this.scan.layout.footer.formatVersion === 0
    )
      return
    if (this.smallestSequence >= smallestSequence && this.largestSequence <= largestSequence) return
    throw this.corruption(
      `entries have the sequences ${this.smallestSequence} to ${this.largestSequence}, and the MANIFEST ` +
        `records ${smallestSequence} to ${largestSequence}`,
    )
  }

  /** Every byte belongs to a block, whose checksum covers it, or to the footer; padding between them is zeros. */
  private checkLeftovers(): void {
    const { footer, metaindex } = this.scan.layout
    const stored = readExactly(this.source, footer.offset, footer.length, 'footer')
    if (!equalBytes(stored, encodeFooter(footer)))
      throw this.corruption('bytes of the footer that mean nothing are not zero', footer.offset)
    const blocks = [
      footer.metaindex,
      ...metaindex.values(),
      ...this.filters.blocks,
      ...blocksOf(this.scan.index),
    ]
    if (footer.index !== undefined) blocks.push(footer.index)
    if (this.scan.layout.indexType === PARTITIONED)
      blocks.push(...blocksOf(readTopLevel(this.source, this.scan.layout, this.scan.layout.index)))
    for (const [name, handle] of metaindex) {
      if (!CHECKED_BY_OTHERS.has(name)) readBlockPayload(this.source, handle, footer, `block ${name}`)
    }
    let position = 0
    for (const { offset, size } of blocks.sort((a, b) => a.offset - b.offset)) {
      this.checkGap(position, offset)
      position = Math.max(position, offset + size + BLOCK_TRAILER_LENGTH)
    }
    this.checkGap(position, footer.offset)
  }

  private checkGap(start: number, end: number): void {
    if (start >= end) return
    const gap = readExactly(this.source, start, end - start, 'padding')
    const at = gap.findIndex(byte => byte !== 0)
    if (at >= 0) this.findings.problem(this.file, 'bytes that belong to no block', start + at)
  }

  private corruption(what: string, offset?: number): CorruptionError {
    return new CorruptionError(what, this.file, offset)
  }
}

const PARTITIONED = 2

/** The properties have an allowance of their own for their checksum; see readProperties. */
const CHECKED_BY_OTHERS = new Set(['rocksdb.properties', 'rocksdb.stats'])

function blocksOf(index: FlatIndex): BlockHandle[] {
  return Array.from({ length: index.count }, (_, i) => ({ offset: index.offsets[i], size: index.sizes[i] }))
}

/** The filters of a table, whole or in partitions, as a point lookup uses them. */
class TableFilters {
  /** Where the filter partitions lie; a whole filter is in the metaindex. */
  readonly blocks: BlockHandle[] = []
  private readonly top: FlatIndex | undefined
  private readonly filters: FilterReader[] = []

  constructor(source: ByteSource, { layout }: TableScan) {
    const { filter, filterPartitioned, wholeKeyFiltering, footer } = layout
    if (filter === undefined) return
    if (filterPartitioned) {
      this.top = readTopLevel(source, layout, filter)
      this.blocks = blocksOf(this.top)
    }
    const handles = filterPartitioned ? this.blocks : [filter]
    const payloads = handles.map(handle => readBlockPayload(source, handle, footer, 'filter block'))
    // A filter of prefixes only says nothing about whole keys.
    if (wholeKeyFiltering) this.filters = payloads.map(openFilter)
  }

  mayMatch({ keyBytes, keyLength, trailerLow, trailerHigh }: BlockCursor): boolean {
    const { filters } = this
    if (filters.length === 0) return true
    const keyEnd = keyLength - TRAILER_LENGTH
    const partition = this.top === undefined ? 0 : this.top.find(keyBytes, 0, keyEnd, trailerLow, trailerHigh)
    return filters[Math.min(partition, filters.length - 1)].mayMatch(keyBytes, 0, keyEnd)
  }
}

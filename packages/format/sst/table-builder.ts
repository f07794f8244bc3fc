/**
 * Builds a table from entries in ascending order of their internal keys.
 *
 *     data block ..., [filter block], index block, [dictionary], [range deletion block], properties block, metaindex block,
 *     footer
 *
 * Where data blocks end, what stands in the index and in the properties, is as RocksDB 7.8 has it: equal
 * entries and options make equal files. This is the inner loop of flush and compaction, so keys and values
 * come as ranges of bytes and nothing is allocated for an entry.
 *
 * RocksDB: table/block_based/block_based_table_builder.cc
 */
import { BlockBuilder, BlockCursor, type BlockHandle, DataBlock, HashedBlockBuilder } from '../block/index.ts'
import { emptyBytes, encodeUtf8 } from '../bytes/index.ts'
import { xxh32 } from '../checksum/index.ts'
import { takesDictionary } from '../compress/index.ts'
import { VarveError } from '../errors/index.ts'
import { bytewise, compareInternalKeys, type KeyOrder, TRAILER_LENGTH, ValueType } from '../key/index.ts'
import { BlockOutput, type ByteSink } from './block-output.ts'
import { encodeMetaindex, encodeProperties } from './encode-properties.ts'
import { EntryCounts } from './entry-counts.ts'
import { type FilterOutput, filterOutput, type KeyTaker } from './filter-output.ts'
import { encodeFooter } from './footer.ts'
import { HeldBlocks } from './held-blocks.ts'
import { type IndexOutput, indexOutput, type WrittenIndex, writeIndex } from './index-output.ts'
import { TableProperties } from './properties.ts'
import { greaterKey, lesserKey, RangeDeletionBuilder } from './range-deletion-builder.ts'
import {
  type ResolvedTableBuilderOptions,
  resolveTableBuilderOptions,
  type TableBuilderOptions,
} from './table-builder-options.ts'
import { type TableSizes, tableProperties } from './table-statistics.ts'

export interface TableSummary {
  fileSize: number
  /** The internal keys that bound entries and range deletions; empty when the table is. */
  smallest: Uint8Array
  largest: Uint8Array
  smallestSequence: number
  largestSequence: number
  entries: number
  deletions: number
  /** Bytes from the end of the data blocks to the end of the file. */
  tailSize: number
  properties: TableProperties
}

export class TableBuilder {
  readonly statistics: EntryCounts = new EntryCounts()
  private readonly options: ResolvedTableBuilderOptions
  private readonly baseContextChecksum: number
  private readonly output: BlockOutput
  private readonly data: BlockBuilder
  private readonly index: IndexOutput
  private readonly filter: FilterOutput | undefined
  /** Takes the keys for the filter, each as it is added, unless blocks are held back. */
  private keys: KeyTaker | undefined
  /** There until the compression dictionary is made, in tables that are to have one. */
  private held: HeldBlocks | undefined
  private dictionary: Uint8Array | undefined = undefined
  /** Below this size a block takes one more entry, even one that overfills it. */
  private readonly almostFull: number
  private readonly rangeDeletions: RangeDeletionBuilder
  private readonly order: KeyOrder
  /** Of what of a key is in no filter: its trailer, and its timestamp. */
  private readonly suffixLength: number
  private smallest: Uint8Array = emptyBytes

  /** The file's bytes go to `sink` in order. The properties name the comparator of the options, or that of `order`. */
  constructor(options: TableBuilderOptions, sink: ByteSink, order: KeyOrder = bytewise) {
    this.options = resolveTableBuilderOptions({ comparator: order.name, ...options })
    this.order = order
    this.suffixLength = TRAILER_LENGTH + order.timestampSize
    this.rangeDeletions = new RangeDeletionBuilder(order)
    const { blockSize, blockSizeDeviation } = this.options
    this.baseContextChecksum = baseContextChecksum(this.options)
    this.output = new BlockOutput(sink, this.options.checksumType, this.baseContextChecksum)
    this.data = dataBlockBuilder(this.options)
    this.index = indexOutput(this.options, order)
    this.filter = filterOutput(this.options, this.index)
    this.held = heldBlocks(this.options)
    this.keys = this.held === undefined ? this.filter?.keys : undefined
    this.almostFull = Math.floor((blockSize * (100 - blockSizeDeviation) + 99) / 100)
  }

  get entryCount(): number {
    return this.statistics.entries
  }

  /** Bytes written, without the block being filled. */
  get fileSize(): number {
    return this.output.offset
  }

  /** About how long the file would be if it were finished now. */
  get estimatedFileSize(): number {
    return this.output.offset + (this.data.empty ? 0 : this.data.estimatedSize) + this.index.estimatedSize
  }

  /** The key added last is lastKey[0..lastKeyLength), until the next `add`. */
  get lastKey(): Uint8Array {
    return this.data.lastKey
  }

  get lastKeyLength(): number {
    return this.data.lastKeyLength
  }

  /** Adds the entry with the internal key key[keyStart..keyEnd), which must be greater than all before. */
  add(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const { data } = this
    this.checkKey(key, keyStart, keyEnd)
    const common = data.commonWithLast(key, keyStart, keyEnd)
    this.checkOrder(key, keyStart, keyEnd, common)
    if (!data.empty && this.isFull(keyEnd - keyStart, valueEnd - valueStart)) {
      this.finishDataBlock(key.subarray(keyStart, keyEnd))
    }
    if (this.keys !== undefined) this.keys.addKey(key, keyStart, keyEnd - this.suffixLength)
    data.add(key, keyStart, keyEnd, value, valueStart, valueEnd, common)
    this.statistics.count(key, keyStart, keyEnd, valueEnd - valueStart)
  }

  /** Adds the tombstone of a range of user keys; see `RangeDeletionBuilder.add`. Before, between or behind entries. */
  addRangeDeletion(start: Uint8Array, sequence: number, end: Uint8Array): void {
    this.rangeDeletions.add(start, sequence, end)
    this.statistics.countRangeDeletion(sequence, start.length, end.length)
  }

  /** Writes what remains. The builder is of no further use. */
  finish(): TableSummary {
    if (!this.data.empty) this.finishDataBlock(undefined)
    if (this.held !== undefined) this.writeHeld(this.held)
    const { compression, compressionLevel, formatVersion } = this.options
    const dataSize = this.output.offset
    const meta = new Map<string, BlockHandle>()
    const filterEntries = this.filter?.count ?? 0
    const filterSize = this.filter?.write(this.output, meta) ?? 0
    const index = writeIndex(this.index, formatVersion >= 4, block =>
      this.output.writeCompressed(block, compression, compressionLevel),
    )
    if (this.dictionary !== undefined) {
      meta.set('rocksdb.compression_dict', this.output.write(this.dictionary, 0))
    }
    this.writeRangeDeletions(meta)
    const properties = this.writeProperties(meta, { dataSize, filterSize, filterEntries }, index)
    if (formatVersion >= 6) meta.set('rocksdb.index', index.handle)
    const metaindex = this.output.write(encodeMetaindex(meta), 0)
    this.writeFooter(metaindex, index.handle)
    return {
      fileSize: this.output.offset,
      smallest: lesserKey(this.smallest, this.rangeDeletions.smallest, this.order),
      largest: greaterKey(
        this.data.lastKey.slice(0, this.data.lastKeyLength),
        this.rangeDeletions.largest,
        this.order,
      ),
      smallestSequence: this.statistics.entries === 0 ? 0 : this.statistics.smallestSequence,
      largestSequence: this.statistics.largestSequence,
      entries: this.statistics.entries,
      deletions: this.statistics.deletions,
      tailSize: this.output.offset - dataSize,
      properties,
    }
  }

  private checkKey(key: Uint8Array, start: number, end: number): void {
    if (end - start < TRAILER_LENGTH)
      throw new VarveError('INVALID_ARGUMENT', 'an internal key has at least 8 bytes')
    if (key[end - TRAILER_LENGTH] === ValueType.RangeDeletion) {
      throw new VarveError('INVALID_ARGUMENT', 'range deletions cannot be written to a table')
    }
  }

  /** The first byte in which the key differs from the last one decides, if it is one of both user keys. */
  private checkOrder(key: Uint8Array, start: number, end: number, common: number): void {
    if (this.entryCount === 0) {
      this.smallest = new Uint8Array(key.subarray(start, end)) // Not `slice`: that of a Buffer is no copy.
      return
    }
    if (this.order !== bytewise) {
      this.checkOwnOrder(key, start, end)
      return
    }
    const { lastKey, lastKeyLength } = this.data
    const userKeysDiffer = common < Math.min(lastKeyLength, end - start) - TRAILER_LENGTH
    const ascends = userKeysDiffer
      ? lastKey[common] < key[start + common]
      : compareInternalKeys(lastKey, 0, lastKeyLength, key, start, end) < 0
    if (!ascends) {
      throw new VarveError('INVALID_ARGUMENT', 'entries of a table must be added in ascending order')
    }
  }

  /** Whoever gives entries out of order got that order from the comparator. */
  private checkOwnOrder(key: Uint8Array, start: number, end: number): void {
    const { order, data } = this
    const { lastKey, lastKeyLength } = data
    const ascends =
      order.compareInternal(lastKey, 0, lastKeyLength, key, start, end) < 0 &&
      order.compareInternal(key, start, end, lastKey, 0, lastKeyLength) > 0
    if (order.failure !== undefined) throw order.failure
    if (!ascends) {
      throw new VarveError(
        'COMPARATOR_FAILED',
        `the comparator ${order.name} is no order: two keys that follow one another are not in it`,
        { comparator: order.name },
      )
    }
  }

  /** RocksDB: table/block_based/flush_block_policy.cc, FlushBlockBySizePolicy */
  private isFull(keyLength: number, valueLength: number): boolean {
    const size = this.data.estimatedSize
    if (size >= this.options.blockSize) return true
    if (this.almostFull === 0 || size <= this.almostFull) return false
    return this.data.estimatedSizeAfter(keyLength, valueLength) > this.options.blockSize
  }

  private writeRangeDeletions(meta: Map<string, BlockHandle>): void {
    if (this.rangeDeletions.count > 0)
      meta.set('rocksdb.range_del', this.output.write(this.rangeDeletions.finish(), 0))
  }

  /** Writes the data block, or holds it back; `nextKey` is the first key of the one behind it. */
  private finishDataBlock(nextKey: Uint8Array | undefined): void {
    const { data, held } = this
    const last = data.lastKey.subarray(0, data.lastKeyLength)
    if (held === undefined) this.writeDataBlock(data.finish(), last, nextKey)
    else held.add(data.finish(), last, nextKey)
    data.reset()
    if (held?.isFull) this.writeHeld(held)
  }

  private writeDataBlock(payload: Uint8Array, last: Uint8Array, next: Uint8Array | undefined): void {
    const { compression, compressionLevel } = this.options
    const handle = this.output.writeCompressed(payload, compression, compressionLevel, this.dictionary)
    this.index.add(last, next, handle)
    this.statistics.dataBlocks++
  }

  /** Makes the dictionary and writes what was held back for it. From here on blocks are written as they come. */
  private writeHeld(held: HeldBlocks): void {
    this.held = undefined
    if (held.blocks.length > 0) this.dictionary = held.sample(this.options.maxDictBytes)
    this.keys = this.filter?.keys
    const cursor = new BlockCursor()
    for (const { payload, last, next } of held.blocks) {
      cursor.attach(new DataBlock(payload))
      while (this.keys !== undefined && (cursor.valid ? cursor.next() : cursor.first())) {
        this.keys.addKey(cursor.keyBytes, 0, cursor.keyLength - this.suffixLength)
      }
      this.writeDataBlock(payload, last, next)
    }
  }

  private writeProperties(
    meta: Map<string, BlockHandle>,
    sizes: TableSizes,
    index: WrittenIndex,
  ): TableProperties {
    const { compressions } = this.output
    const isFiltered = this.filter !== undefined
    const raw = tableProperties(this.options, this.statistics, sizes, index, isFiltered, compressions)
    const handle = this.output.write(encodeProperties(raw), 0)
    meta.set('rocksdb.properties', handle)
    return new TableProperties(raw, undefined, handle.offset)
  }

  private writeFooter(metaindex: BlockHandle, index: BlockHandle): void {
    const { formatVersion, checksumType } = this.options
    const { baseContextChecksum, output } = this
    const { offset } = output
    output.append(
      encodeFooter({ formatVersion, checksumType, metaindex, index, baseContextChecksum, offset }),
    )
    this.output.flush()
  }
}

/**
 * What sets the block checksums of a file apart from those of others, from format_version 6 on. RocksDB draws it at random;
 * equal entries and options make equal files here, and what is different about two files is their name.
 */
function baseContextChecksum(options: ResolvedTableBuilderOptions): number {
  const { formatVersion, dbId, dbSessionId, originalFileNumber } = options
  if (formatVersion < 6) return 0
  const name = encodeUtf8(`${dbId}/${dbSessionId}/${originalFileNumber}`)
  return xxh32(name) || 1
}

function dataBlockBuilder(options: ResolvedTableBuilderOptions): BlockBuilder {
  const { blockRestartInterval, blockSize, hashTableUtilRatio } = options
  const capacity = blockSize + 1024
  if (hashTableUtilRatio === 0) return new BlockBuilder(blockRestartInterval, capacity)
  return new HashedBlockBuilder(blockRestartInterval, hashTableUtilRatio, capacity)
}

/** What holds the data blocks back, if the table is to have a dictionary. */
function heldBlocks(options: ResolvedTableBuilderOptions): HeldBlocks | undefined {
  const { compression, maxDictBytes, maxDictBufferBytes, targetFileSize } = options
  if (maxDictBytes === 0 || !takesDictionary(compression)) return undefined
  const limits = [maxDictBufferBytes, targetFileSize].filter(limit => limit > 0)
  return new HeldBlocks(limits.length === 0 ? 0 : Math.min(...limits))
}

/**
 * The filter of a table being built, in partitions that go with those of the index. A block of the top level has, for
 * each, a key at or after all keys in it and before those of the next.
 *
 * A partition is asked about a prefix when the first key with it would belong there. That key may be the first of the
 * next partition, so the prefix of that one is added too; and the next one has the prefix of the last key before it.
 *
 * RocksDB: table/block_based/partitioned_filter_block.cc
 */
import { type BlockHandle, IndexBuilder, type PartitionedIndexBuilder } from '../block/index.ts'
import type { FilterBuilder } from '../filter/index.ts'
import { prefixExtractor } from '../key/index.ts'
import type { BlockOutput } from './block-output.ts'
import type { FilterOutput, KeyTaker } from './filter-output.ts'
import { PrefixedKeys } from './prefixed-keys.ts'
import type { ResolvedTableBuilderOptions } from './table-builder-options.ts'

interface Partition {
  /** At or after its last key. */
  key: Uint8Array
  payload: Uint8Array
}

const noKeys = new Uint8Array(0)

export class PartitionedFilterOutput implements FilterOutput, KeyTaker {
  readonly keys: KeyTaker | undefined
  private readonly build: () => FilterBuilder
  private readonly index: PartitionedIndexBuilder
  private readonly options: ResolvedTableBuilderOptions
  /** Keys after which a partition is to end. */
  private readonly capacity: number
  private readonly partitions: Partition[] = []
  private readonly prefixes: PrefixedKeys | undefined
  private filter: FilterBuilder
  /** Hashes in partitions that have ended. */
  private written = 0
  /** Partitions of the index whose end has been seen. */
  private indexPartitions = 0

  constructor(
    build: () => FilterBuilder,
    index: PartitionedIndexBuilder,
    options: ResolvedTableBuilderOptions,
  ) {
    const { prefixExtractor: name, wholeKeyFiltering } = options
    const extractor = name === undefined ? undefined : prefixExtractor(name)
    this.build = build
    this.index = index
    this.options = options
    this.filter = build()
    this.capacity = partitionCapacity(this.filter, options)
    this.prefixes = extractor && new PrefixedKeys(this.filter, extractor, wholeKeyFiltering)
    this.keys = extractor !== undefined || wholeKeyFiltering ? this : undefined
  }

  get count(): number {
    return this.written + this.filter.count
  }

  /** A data block that ends before the key must have been added to the index. */
  addKey(bytes: Uint8Array, start: number, end: number): void {
    if (this.index.partitions.length > this.indexPartitions) {
      this.prefixes?.addPrefixAhead(bytes, start, end)
      this.cut()
    } else if (this.filter.count >= this.capacity) this.index.requestCut()
    if (this.prefixes === undefined) this.filter.addKey(bytes, start, end)
    else this.prefixes.addKey(bytes, start, end)
  }

  write(output: BlockOutput, meta: Map<string, BlockHandle>): number {
    if (this.count === 0) return 0
    this.cut()
    const { formatVersion, indexBlockRestartInterval } = this.options
    const top = new IndexBuilder({
      userKeys: this.index.userKeys,
      deltaValues: formatVersion >= 4,
      restartInterval: indexBlockRestartInterval,
    })
    let size = 0
    for (const { key, payload } of this.partitions) {
      top.add(key, undefined, output.write(payload, 0))
      size += payload.length
    }
    const payload = top.finish(this.index.userKeys)
    meta.set('partitionedfilter.rocksdb.BuiltinBloomFilter', output.write(payload, 0))
    return size + payload.length
  }

  /** Ends the partition with what has been added to the index. */
  private cut(): void {
    this.written += this.filter.count
    const payload = this.filter.finish() ?? noKeys
    this.partitions.push({ key: new Uint8Array(this.index.lastKey), payload })
    this.indexPartitions = this.index.partitions.length
    this.filter = this.build()
    this.prefixes?.goOnWith(this.filter)
  }
}

/**
 * How many keys are to go into a partition. It ends with a data block, so a bit less than fits is aimed at; and not with
 * none, where a filter of the size would have no room for any.
 */
function partitionCapacity(filter: FilterBuilder, options: ResolvedTableBuilderOptions): number {
  const { metadataBlockSize, blockSizeDeviation } = options
  let size = Math.max(Math.floor((metadataBlockSize * (100 - blockSizeDeviation) + 99) / 100), 1)
  let capacity = filter.capacityOf(size)
  for (size = Math.max(size + 4, 16); capacity < 1 && size <= 100_000; size += size >>> 2) {
    capacity = filter.capacityOf(size)
  }
  return Math.max(capacity, 1)
}

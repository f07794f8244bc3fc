/**
 * Builds a table's index in partitions: each is an index block of its own, and a block of the top level has the last key
 * and the handle of each. Where one ends goes by its size, or by that of the filter partition beside it.
 *
 * If one partition needs internal keys, all have them, and so has the top level. That is known at the end only.
 *
 * RocksDB: table/block_based/index_builder.cc, PartitionedIndexBuilder; flush_block_policy.cc
 */
import { BlockBuilder } from './block-builder.ts'
import { type BlockHandle, encodeHandle } from './handle.ts'
import { IndexBuilder, type IndexBuilderOptions } from './index-builder.ts'

export interface PartitionOptions extends IndexBuilderOptions {
  /** Bytes of a partition, about. */
  partitionSize: number
  /** Per cent of it that may stay empty. */
  sizeDeviation: number
}

export class PartitionedIndexBuilder {
  /** Those that have ended, in order. */
  readonly partitions: IndexBuilder[] = []
  /** Whether index keys are user keys; final when all blocks are added. */
  userKeys: boolean
  private readonly options: PartitionOptions
  /** Below this size a partition takes one more entry, even one that overfills it. */
  private readonly almostFull: number
  private current: IndexBuilder | undefined = undefined
  /** The block that `current` would make, for its size. */
  private draft: BlockBuilder
  private cutRequested = false
  private ended = 0

  constructor(options: PartitionOptions) {
    const { partitionSize, sizeDeviation } = options
    this.options = options
    this.userKeys = options.userKeys
    this.almostFull = Math.floor((partitionSize * (100 - sizeDeviation) + 99) / 100)
    this.draft = new BlockBuilder(options.restartInterval)
  }

  /** Guess at the size of all blocks. */
  get estimatedSize(): number {
    return this.ended + (this.current === undefined ? 0 : this.draft.estimatedSize)
  }

  /** The internal key of the entry added last. */
  get lastKey(): Uint8Array {
    return (this.current ?? this.partitions[this.partitions.length - 1]).lastKey
  }

  /** Ends the partition at the next entry. */
  requestCut(): void {
    this.cutRequested = true
  }

  /** As in `IndexBuilder`. */
  add(last: Uint8Array, next: Uint8Array | undefined, handle: BlockHandle): void {
    if (next !== undefined && this.current !== undefined && this.isFull(last, handle)) this.cut(this.current)
    const current = this.current ?? this.begin()
    current.add(last, next, handle)
    if (this.userKeys && !current.userKeys) this.turnToInternalKeys(current)
    else current.encode(current.count - 1, this.userKeys, this.draft)
    if (next === undefined) this.cut(current)
  }

  /** Gives the blocks to `write`, the top level last, and returns that one's payload and handle. */
  finish(write: (payload: Uint8Array) => BlockHandle): { payload: Uint8Array; handle: BlockHandle } {
    const top = new IndexBuilder(this.options)
    for (const partition of this.partitions) {
      top.add(partition.lastKey, undefined, write(partition.finish(this.userKeys)))
    }
    const payload = top.finish(this.userKeys)
    return { payload, handle: write(payload) }
  }

  private begin(): IndexBuilder {
    this.cutRequested = false
    this.draft.reset()
    this.current = new IndexBuilder(this.options)
    this.current.userKeys = this.userKeys
    return this.current
  }

  private cut(partition: IndexBuilder): void {
    this.ended += this.draft.estimatedSize
    this.partitions.push(partition)
    this.current = undefined
  }

  private isFull(last: Uint8Array, handle: BlockHandle): boolean {
    const { partitionSize, deltaValues } = this.options
    const size = this.draft.estimatedSize
    if (this.cutRequested || size >= partitionSize) return true
    if (this.almostFull === 0 || size <= this.almostFull) return false
    const after = this.draft.estimatedSizeAfter(last.length, encodeHandle(handle).length, !deltaValues)
    return after > partitionSize
  }

  private turnToInternalKeys(current: IndexBuilder): void {
    this.userKeys = false
    this.draft.reset()
    for (let i = 0; i < current.count; i++) current.encode(i, false, this.draft)
  }
}

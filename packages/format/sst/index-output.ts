/** The index of a table being built: one block, or partitions and a block above them. */
import { type BlockHandle, IndexBuilder, type IndexForm, PartitionedIndexBuilder } from '../block/index.ts'
import type { KeyOrder } from '../key/index.ts'
import type { ResolvedTableBuilderOptions } from './table-builder-options.ts'

export type IndexOutput = IndexBuilder | PartitionedIndexBuilder

/** An index that stands in the file. */
export interface WrittenIndex {
  /** Of the block that the footer names. */
  handle: BlockHandle
  form: IndexForm
  /** Bytes of all its blocks before compression. */
  size: number
  /** There when it has partitions. */
  partitions?: { count: number; topLevelSize: number }
}

export function indexOutput(options: ResolvedTableBuilderOptions, order: KeyOrder): IndexOutput {
  const { formatVersion, indexBlockRestartInterval, metadataBlockSize, blockSizeDeviation } = options
  const common = {
    userKeys: formatVersion >= 3,
    deltaValues: formatVersion >= 4,
    restartInterval: indexBlockRestartInterval,
    order,
  }
  if (!options.partitionIndex) return new IndexBuilder(common)
  return new PartitionedIndexBuilder({
    ...common,
    partitionSize: metadataBlockSize,
    sizeDeviation: blockSizeDeviation,
  })
}

/** Gives the blocks to `write`, when all data blocks are in it. */
export function writeIndex(
  index: IndexOutput,
  deltaValues: boolean,
  write: (payload: Uint8Array) => BlockHandle,
): WrittenIndex {
  const form = { userKeys: index.userKeys, deltaValues, firstKeys: false }
  if (index instanceof IndexBuilder) {
    const payload = index.finish()
    return { handle: write(payload), form, size: payload.length }
  }
  let size = 0
  const { payload, handle } = index.finish(block => {
    size += block.length
    return write(block)
  })
  return { handle, form, size, partitions: { count: index.partitions.length, topLevelSize: payload.length } }
}

/** The filter of a table being built, in one block; partitioned-filter-output.ts has the one in several. */
import { type BlockHandle, IndexBuilder } from '../block/index.ts'
import { FastLocalBloomBuilder, type FilterBuilder, RibbonBuilder } from '../filter/index.ts'
import { prefixExtractor } from '../key/index.ts'
import type { BlockOutput } from './block-output.ts'
import type { IndexOutput } from './index-output.ts'
import { PartitionedFilterOutput } from './partitioned-filter-output.ts'
import { PrefixedKeys } from './prefixed-keys.ts'
import type { ResolvedTableBuilderOptions } from './table-builder-options.ts'

export type KeyTaker = Pick<FilterBuilder, 'addKey'>

export interface FilterOutput {
  /** Takes the user keys, in order; missing where nothing of them goes into the filter. */
  readonly keys: KeyTaker | undefined
  /** How many hashes there are. */
  readonly count: number
  /** Writes the blocks and enters them among `meta`; returns how many bytes they have. Call it once. */
  write(output: BlockOutput, meta: Map<string, BlockHandle>): number
}

class FullFilterOutput implements FilterOutput {
  readonly keys: KeyTaker | undefined
  private readonly filter: FilterBuilder

  constructor(filter: FilterBuilder, options: ResolvedTableBuilderOptions) {
    const { prefixExtractor: name, wholeKeyFiltering } = options
    const extractor = name === undefined ? undefined : prefixExtractor(name)
    this.filter = filter
    // Where whole keys are all that it holds, the filter takes them itself.
    if (extractor !== undefined) this.keys = new PrefixedKeys(filter, extractor, wholeKeyFiltering)
    else this.keys = wholeKeyFiltering ? filter : undefined
  }

  get count(): number {
    return this.filter.count
  }

  write(output: BlockOutput, meta: Map<string, BlockHandle>): number {
    const payload = this.filter.finish()
    if (payload === undefined) return 0
    meta.set('fullfilter.rocksdb.BuiltinBloomFilter', output.write(payload, 0))
    return payload.length
  }
}

/** Missing where the options ask for none. Before format_version 5 there was another filter, which is not written. */
export function filterOutput(
  options: ResolvedTableBuilderOptions,
  index: IndexOutput,
): FilterOutput | undefined {
  const { bloomBitsPerKey, formatVersion, partitionFilters, ribbonFilter } = options
  if (bloomBitsPerKey === undefined || formatVersion < 5) return undefined
  const build = () =>
    ribbonFilter ? new RibbonBuilder(bloomBitsPerKey) : new FastLocalBloomBuilder(bloomBitsPerKey)
  if (!partitionFilters || index instanceof IndexBuilder) return new FullFilterOutput(build(), options)
  return new PartitionedFilterOutput(build, index, options)
}

/**
 * What a filter holds of the keys of a table with a prefix extractor: their prefixes, and the keys themselves unless
 * those are not wanted. Keys come in order, so each prefix is added once, with the first key that has it.
 *
 * RocksDB: table/block_based/full_filter_block.cc, FullFilterBlockBuilder
 */
import { filterHash, hashResult } from '../checksum/index.ts'
import type { FilterBuilder } from '../filter/index.ts'
import type { PrefixExtractor } from '../key/index.ts'

/** A hash that was added, so that it is not added again. */
class Added {
  is = false
  private low = 0
  private high = 0

  /** Whether `hashResult` is another one; it is the one from now on. */
  changes(): boolean {
    const { low, high } = hashResult
    if (this.is && low === this.low && high === this.high) return false
    this.is = true
    this.low = low
    this.high = high
    return true
  }
}

export class PrefixedKeys {
  private readonly filter: FilterBuilder
  private readonly extractor: PrefixExtractor
  private readonly wholeKeys: boolean
  private readonly key = new Added()
  private readonly prefix = new Added()

  constructor(filter: FilterBuilder, extractor: PrefixExtractor, wholeKeys: boolean) {
    this.filter = filter
    this.extractor = extractor
    this.wholeKeys = wholeKeys
  }

  addKey(bytes: Uint8Array, start: number, end: number): void {
    if (this.wholeKeys) {
      filterHash(bytes, start, end)
      if (this.key.changes()) this.filter.addHash(hashResult.low, hashResult.high)
    }
    const length = this.extractor.prefixLength(end - start)
    if (length < 0) return
    filterHash(bytes, start, start + length)
    if (this.prefix.changes()) this.filter.addHash(hashResult.low, hashResult.high)
  }
}

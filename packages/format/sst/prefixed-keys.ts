/**
 * What a filter holds of the keys of a table with a prefix extractor: their prefixes, and the keys themselves unless
 * those are not wanted. Keys come in order, so each prefix is added once, with the first key that has it.
 *
 * RocksDB: table/block_based/full_filter_block.cc, FullFilterBlockBuilder
 */
import { filterHash, hashResult } from '../checksum/index.ts'
import type { FilterBuilder } from '../filter/index.ts'
import type { PrefixExtractor } from '../key/index.ts'

/** The hash that was added last of its kind, so that it is not added again. */
class LastHash {
  isAdded = false
  low = 0
  high = 0

  /** Whether `hashResult` is the same. */
  get isSame(): boolean {
    return this.isAdded && hashResult.low === this.low && hashResult.high === this.high
  }

  /** Adds `hashResult`, unless it is the same. */
  addTo(filter: FilterBuilder): void {
    if (this.isSame) return
    this.isAdded = true
    this.low = hashResult.low
    this.high = hashResult.high
    filter.addHash(this.low, this.high)
  }
}

export class PrefixedKeys {
  private filter: FilterBuilder
  private readonly extractor: PrefixExtractor
  private readonly wholeKeys: boolean
  private readonly key = new LastHash()
  private readonly prefix = new LastHash()
  /** Whether the last key has a prefix; `prefix` is it then. */
  private lastHasPrefix = false

  constructor(filter: FilterBuilder, extractor: PrefixExtractor, wholeKeys: boolean) {
    this.filter = filter
    this.extractor = extractor
    this.wholeKeys = wholeKeys
  }

  addKey(bytes: Uint8Array, start: number, end: number): void {
    if (this.wholeKeys) {
      filterHash(bytes, start, end)
      this.key.addTo(this.filter)
    }
    const length = this.extractor.prefixLength(end - start)
    this.lastHasPrefix = length >= 0
    if (!this.lastHasPrefix) return
    filterHash(bytes, start, start + length)
    this.prefix.addTo(this.filter)
  }

  /** Adds the prefix of a key that will be in another filter. */
  addPrefixAhead(bytes: Uint8Array, start: number, end: number): void {
    const length = this.extractor.prefixLength(end - start)
    if (length < 0) return
    filterHash(bytes, start, start + length)
    if (!this.prefix.isSame) this.filter.addHash(hashResult.low, hashResult.high)
  }

  /** Adds to another filter from here on, which begins with the prefix of the key before. */
  goOnWith(filter: FilterBuilder): void {
    this.filter = filter
    this.key.isAdded = false
    this.prefix.isAdded = this.lastHasPrefix
    if (this.lastHasPrefix) filter.addHash(this.prefix.low, this.prefix.high)
  }
}

/**
 * The filter of a table as one that holds the prefixes of keys, by the rule that the table's properties name.
 *
 * RocksDB: table/block_based/block_based_table_reader.cc, PrefixRangeMayMatch and FullFilterKeyMayMatch
 */
import type { PrefixExtractor } from '@varve/format/key'
import type { PointLookup } from '../cursor/point-lookup.ts'
import type { TableFilter } from './table-filter.ts'

export class PrefixFilter {
  readonly extractor: PrefixExtractor
  private readonly filter: TableFilter

  constructor(filter: TableFilter, extractor: PrefixExtractor) {
    this.filter = filter
    this.extractor = extractor
  }

  /** For filters without whole keys: whether the table may have keys with the prefix of the lookup's. */
  mayMatch(lookup: PointLookup): boolean {
    const length = this.extractor.prefixLength(lookup.end - lookup.start)
    return length < 0 || this.filter.mayMatchStart(lookup, length)
  }

  /** Whether the table may have keys whose prefix is bytes[0..length). */
  mayMatchPrefix(bytes: Uint8Array, length: number): boolean {
    return this.filter.mayMatchPrefix(bytes, length)
  }
}

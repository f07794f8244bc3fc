/**
 * The prefix that all keys of a range have, to pass over the tables that have none with it.
 *
 * A table is asked only if its filter holds prefixes by the same rule as its column family has now, and if it holds no
 * range deletions: those are not in the filter, and count for keys of other tables.
 *
 * RocksDB: table/block_based/block_based_table_iterator.h, CheckPrefixMayMatch
 */
import { compareBytes } from '@varve/format/bytes'
import type { PrefixExtractor } from '@varve/format/key'
import { type KeyBounds, prefixEnd } from '../cursor/bounds.ts'
import type { FileMeta } from '../version/file-meta.ts'

export class PrefixProbe {
  private readonly extractor: PrefixExtractor
  private readonly prefix: Uint8Array

  private constructor(extractor: PrefixExtractor, prefix: Uint8Array) {
    this.extractor = extractor
    this.prefix = prefix
  }

  /** Missing where keys within `bounds` may have another prefix than others, or none. */
  static of(bounds: KeyBounds, extractor: PrefixExtractor | undefined): PrefixProbe | undefined {
    const lower = bounds.lower?.bytes
    // Bounded below by fewer bytes, keys may be shorter than a whole prefix.
    if (extractor === undefined || lower === undefined || lower.length < extractor.length) return undefined
    const prefix = lower.subarray(0, extractor.length)
    const end = prefixEnd(prefix)
    return end === undefined || isAtOrBefore(bounds.upper?.bytes, end)
      ? new PrefixProbe(extractor, prefix)
      : undefined
  }

  /** False only when the file has nothing within the range. */
  mayBeIn({ table }: FileMeta): boolean {
    const prefixes = table?.contents.prefixes
    if (table === undefined || prefixes === undefined) return true
    if (prefixes.extractor.name !== this.extractor.name) return true
    if (table.contents.layout.rangeDeletions !== undefined) return true
    return prefixes.mayMatchPrefix(this.prefix, this.prefix.length)
  }
}

function isAtOrBefore(bound: Uint8Array | undefined, end: Uint8Array): boolean {
  return bound !== undefined && compareBytes(bound, 0, bound.length, end, 0, end.length) <= 0
}

/**
 * The filter of a table, whole or in partitions, all of it in memory. A partition holds the keys up to its key
 * in the top-level index; keys behind the last belong to the last.
 *
 * RocksDB: table/block_based/full_filter_block.cc, partitioned_filter_block.cc
 */
import type { FlatIndex } from '@varve/format/block'
import type { FilterReader } from '@varve/format/filter'
import type { PointLookup } from '../cursor/point-lookup.ts'

export class TableFilter {
  private readonly top: FlatIndex | undefined
  private readonly partitions: readonly FilterReader[]

  /** Without `top` there is one partition. */
  constructor(top: FlatIndex | undefined, partitions: readonly FilterReader[]) {
    this.top = top
    this.partitions = partitions
  }

  mayMatch(lookup: PointLookup): boolean {
    const { partitions } = this
    if (partitions.length === 0) return true
    const filter = partitions.length === 1 ? partitions[0] : this.findPartition(lookup)
    if (!filter.usesFilterHash) return filter.mayMatch(lookup.bytes, lookup.start, lookup.end)
    lookup.ensureHash()
    return filter.mayMatchHash(lookup.hashLow, lookup.hashHigh)
  }

  /** As `mayMatch`, about the first `length` bytes of the lookup's key. */
  mayMatchStart(lookup: PointLookup, length: number): boolean {
    if (this.partitions.length === 0) return true
    return this.findPartition(lookup).mayMatch(lookup.bytes, lookup.start, lookup.start + length)
  }

  /**
   * Whether there may be keys that begin with bytes[0..length). The first of them, if there are any, is in the partition
   * that such a short key would be in, or it is the first of the next one; whose prefix this one has then, too.
   */
  mayMatchPrefix(bytes: Uint8Array, length: number): boolean {
    const { partitions } = this
    if (partitions.length === 0) return true
    const index = this.top === undefined ? 0 : this.top.find(bytes, 0, length, 0xffff_ffff, 0xffff_ffff)
    return partitions[Math.min(index, partitions.length - 1)].mayMatch(bytes, 0, length)
  }

  private findPartition(lookup: PointLookup): FilterReader {
    const { bytes, start, end, trailerLow, trailerHigh } = lookup
    const index = this.top === undefined ? 0 : this.top.find(bytes, start, end, trailerLow, trailerHigh)
    return this.partitions[Math.min(index, this.partitions.length - 1)]
  }
}

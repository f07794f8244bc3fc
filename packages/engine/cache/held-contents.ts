/**
 * The indexes and filters of open tables that count towards a cache: up to a share of its capacity, those stay that were
 * used lately; the others are let go, and read again when their table is.
 *
 * CLOCK, as for blocks: a table that was used since the hand came by gets a second chance. What is used marks itself,
 * so that asking a table costs no more than a store.
 *
 * RocksDB: the high-priority pool of cache/lru_cache.h
 */

/** An open table. */
export interface ContentsHolder {
  /** Bytes that its index and filter take. */
  readonly memoryUsage: number
  /** Set by whoever reads it. */
  used: boolean
  /** It is not let go. */
  readonly isPinned: boolean
  /** Lets index and filter go. Who reads the table meanwhile reads on. */
  evict(): void
}

export class HeldContents {
  /** Of all holders. */
  bytes = 0
  evictions = 0
  private readonly holders = new Set<ContentsHolder>()

  add(holder: ContentsHolder): void {
    this.holders.add(holder)
    this.bytes += holder.memoryUsage
  }

  remove(holder: ContentsHolder): void {
    if (this.holders.delete(holder)) this.bytes -= holder.memoryUsage
  }

  /** Lets go until all take at most `limit`, or only pinned ones and `spared` are left. */
  shrink(limit: number, spared?: ContentsHolder): void {
    // After one round no mark is left; after two nothing that may go.
    for (let left = 2 * this.holders.size; this.bytes > limit && left > 0; left--) {
      const [holder] = this.holders
      // To the end of the line.
      this.holders.delete(holder)
      this.holders.add(holder)
      if (holder === spared || holder.isPinned) continue
      if (holder.used) holder.used = false
      else this.letGo(holder)
    }
  }

  private letGo(holder: ContentsHolder): void {
    this.remove(holder)
    this.evictions++
    holder.evict()
  }
}

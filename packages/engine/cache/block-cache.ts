/**
 * Decoded data blocks of all tables, up to a number of bytes.
 *
 *     table's blocks[]     undefined   block   undefined   block        found by ordinal: no hashing, no lookup key
 *                                        |                   |
 *     ring                 [ block ][ block ][ free ][ block ][ block ]
 *                                      ^ hand
 *
 * CLOCK: a hit marks its block; the hand, when room is needed, takes the mark off blocks that have one and
 * evicts those without. A block enters unmarked, so what a scan reads once leaves first. An evicted block lives
 * on while a cursor stands on it; it is only no longer found.
 *
 * RocksDB: cache/clock_cache.h
 */
import type { DataBlock } from '@varve/format/block'

/** The cached blocks of one table, by ordinal. */
export type BlockSlots = (CachedBlock | undefined)[]

export class CachedBlock {
  readonly block: DataBlock
  readonly charge: number
  readonly slots: BlockSlots
  readonly ordinal: number
  /** Whether it was found since the hand came by. */
  marked = false
  /** Its place in the ring. */
  place = 0

  constructor(block: DataBlock, slots: BlockSlots, ordinal: number) {
    this.block = block
    this.charge = block.charge
    this.slots = slots
    this.ordinal = ordinal
  }
}

export class BlockCache {
  readonly capacity: number
  hits = 0
  misses = 0
  insertions = 0
  evictions = 0
  /** Bytes that cannot be evicted. None: a cursor keeps its block alive by itself. */
  readonly pinnedUsage = 0

  private bytes = 0
  private count = 0
  private hand = 0
  private readonly ring: (CachedBlock | undefined)[] = []
  private readonly freePlaces: number[] = []

  /** A capacity of zero keeps nothing. */
  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Bytes that the cached blocks take. */
  get usage(): number {
    return this.bytes
  }

  get blockCount(): number {
    return this.count
  }

  find(slots: BlockSlots, ordinal: number): DataBlock | undefined {
    const cached = slots[ordinal]
    if (cached === undefined) {
      this.misses++
      return undefined
    }
    this.hits++
    cached.marked = true
    return cached.block
  }

  /** Keeps the block unless it is there already or larger than the whole cache. */
  insert(slots: BlockSlots, ordinal: number, block: DataBlock): void {
    if (slots[ordinal] !== undefined || block.charge > this.capacity) return
    while (this.bytes + block.charge > this.capacity) this.evict()
    const cached = new CachedBlock(block, slots, ordinal)
    cached.place = this.freePlaces.pop() ?? this.ring.length
    this.ring[cached.place] = cached
    slots[ordinal] = cached
    this.bytes += cached.charge
    this.count++
    this.insertions++
  }

  /** Forgets every block of a table. */
  drop(slots: BlockSlots): void {
    for (const cached of slots) if (cached !== undefined) this.remove(cached)
  }

  /** Expects that there is a block. Ends, for the second round meets no marks. */
  private evict(): void {
    for (;;) {
      const cached = this.ring[this.hand]
      this.hand = this.hand + 1 < this.ring.length ? this.hand + 1 : 0
      if (cached === undefined) continue
      if (!cached.marked) {
        this.evictions++
        this.remove(cached)
        return
      }
      cached.marked = false
    }
  }

  private remove(cached: CachedBlock): void {
    this.ring[cached.place] = undefined
    this.freePlaces.push(cached.place)
    cached.slots[cached.ordinal] = undefined
    this.bytes -= cached.charge
    this.count--
  }
}

/**
 * Decoded data blocks of all tables, up to a number of bytes.
 *
 *     slots of a table     -     block    -    block     -         found by ordinal: no hashing, no lookup key
 *                                  |             |
 *     ring                 ... [ table, ordinal ][ free ][ table, ordinal ] ...
 *                                                  ^ hand
 *
 * CLOCK: a hit marks its block; the hand, when room is needed, takes the mark off blocks that have one and
 * evicts those without. A block enters unmarked, so what a scan reads once leaves first. An evicted block lives
 * on while a cursor stands on it (see block-pool.ts); it is only no longer found.
 *
 * A random lookup spends most of its time waiting for memory, so what a hit touches is kept apart and small:
 * the slot, the mark, the block.
 *
 * RocksDB: cache/clock_cache.h
 */
import type { DataBlock } from '@varve/format/block'
import { BlockPool } from './block-pool.ts'

const NO_PLACE = -1

/** The cached blocks of one table, by ordinal. */
export class BlockSlots {
  readonly blocks: (DataBlock | undefined)[]
  /** 1 for a block that was found since the hand came by. */
  readonly marks: Uint8Array
  /** Where in the ring a block is. */
  readonly places: Int32Array
  /** What a block was charged when it came in. */
  readonly charges: Float64Array

  constructor(blockCount: number) {
    this.blocks = new Array(blockCount).fill(undefined)
    this.marks = new Uint8Array(blockCount)
    this.places = new Int32Array(blockCount).fill(NO_PLACE)
    this.charges = new Float64Array(blockCount)
  }
}

export class BlockCache {
  readonly capacity: number
  /** For the contents of blocks that will be inserted. */
  readonly memory: BlockPool = new BlockPool()
  hits = 0
  misses = 0
  insertions = 0
  evictions = 0
  /** Bytes that cannot be evicted. None: a cursor keeps its block alive by itself. */
  readonly pinnedUsage = 0

  private bytes = 0
  private count = 0
  private hand = 0
  /** The table of each place in the ring, or undefined where it is free, and the block's ordinal there. */
  private readonly ring: (BlockSlots | undefined)[] = []
  private readonly ordinals: number[] = []
  private readonly freePlaces: number[] = []

  /** A capacity of zero keeps nothing. */
  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Bytes that the cached blocks take. */
  get usage(): number {
    return this.bytes
  }

  /** Bytes that can come in before anything has to go. */
  get room(): number {
    return this.capacity - this.bytes
  }

  get blockCount(): number {
    return this.count
  }

  find(slots: BlockSlots, ordinal: number): DataBlock | undefined {
    const block = slots.blocks[ordinal]
    if (block === undefined) {
      this.misses++
      return undefined
    }
    this.hits++
    slots.marks[ordinal] = 1
    return block
  }

  /** Keeps the block unless it is there already or larger than the whole cache. */
  insert(slots: BlockSlots, ordinal: number, block: DataBlock): void {
    const { charge } = block
    if (slots.blocks[ordinal] !== undefined || charge > this.capacity) return
    while (this.bytes + charge > this.capacity) this.evict()
    const place = this.freePlaces.pop() ?? this.ring.length
    this.ring[place] = slots
    this.ordinals[place] = ordinal
    slots.blocks[ordinal] = block
    slots.marks[ordinal] = 0
    slots.places[ordinal] = place
    slots.charges[ordinal] = charge
    this.count++
    this.setUsage(this.bytes + charge)
    this.insertions++
  }

  /** Forgets every block of a table. */
  drop(slots: BlockSlots): void {
    for (let ordinal = 0; ordinal < slots.blocks.length; ordinal++) this.remove(slots, ordinal)
  }

  /** Expects that there is a block. Ends, for the second round meets no marks. */
  private evict(): void {
    for (;;) {
      const place = this.hand
      this.hand = place + 1 < this.ring.length ? place + 1 : 0
      const slots = this.ring[place]
      if (slots === undefined) continue
      const ordinal = this.ordinals[place]
      if (slots.marks[ordinal] === 0) {
        this.evictions++
        this.remove(slots, ordinal)
        return
      }
      slots.marks[ordinal] = 0
    }
  }

  private remove(slots: BlockSlots, ordinal: number): void {
    const block = slots.blocks[ordinal]
    if (block === undefined) return
    const place = slots.places[ordinal]
    this.ring[place] = undefined
    this.freePlaces.push(place)
    slots.blocks[ordinal] = undefined
    slots.places[ordinal] = NO_PLACE
    this.count--
    this.setUsage(this.bytes - slots.charges[ordinal])
    this.memory.retire(block)
  }

  private setUsage(bytes: number): void {
    this.bytes = bytes
    this.memory.makeRoom(this.room)
  }
}

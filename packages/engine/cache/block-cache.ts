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
import { VarveError } from '@varve/format/errors'
import { BlockPool } from './block-pool.ts'
import { type ContentsHolder, HeldContents } from './held-contents.ts'

const NO_PLACE = -1

export interface BlockCacheOptions {
  /** Bytes. 0 keeps nothing. */
  capacity: number
  /**
   * The part of the capacity that indexes and filters may take of databases with `cacheIndexAndFilterBlocks`; beyond
   * it, those of tables that were not read lately are let go. Default 0.5.
   */
  highPriorityPoolRatio?: number
}

export interface BlockCacheStatistics {
  /** Lookups of blocks, of all databases that share the cache. */
  hits: number
  misses: number
  insertions: number
  evictions: number
  /** Tables whose index and filter were let go. */
  contentsEvictions: number
}

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

/**
 * To be shared, it is given to several `open`s as `blockCache`. Blocks are found by their table, so databases do not
 * meet in it but for the room that each leaves the others.
 */
export class BlockCache {
  readonly highPriorityPoolRatio: number
  /** Indexes and filters that count towards the capacity. */
  readonly contents: HeldContents = new HeldContents()
  /** For the contents of blocks that will be inserted. */
  readonly memory: BlockPool = new BlockPool()
  hits = 0
  misses = 0
  insertions = 0
  evictions = 0

  private limit: number
  private bytes = 0
  /** What others take of the capacity, such as memtables. */
  private readonly reservations = new Map<object, number>()
  private reservedBytes = 0
  /** Databases that have it now. */
  private users = 0
  private count = 0
  private hand = 0
  /** The table of each place in the ring, or undefined where it is free, and the block's ordinal there. */
  private readonly ring: (BlockSlots | undefined)[] = []
  private readonly ordinals: number[] = []
  private readonly freePlaces: number[] = []

  /** A number is the capacity. */
  constructor(options: BlockCacheOptions | number) {
    const { capacity, highPriorityPoolRatio = 0.5 } =
      typeof options === 'number' ? { capacity: options } : options
    checkCapacity(capacity)
    if (!(highPriorityPoolRatio >= 0 && highPriorityPoolRatio <= 1)) {
      const problem = `highPriorityPoolRatio must be a number from 0 to 1, not ${highPriorityPoolRatio}`
      throw new VarveError('INVALID_ARGUMENT', problem, { option: 'highPriorityPoolRatio' })
    }
    this.limit = capacity
    this.highPriorityPoolRatio = highPriorityPoolRatio
  }

  get capacity(): number {
    return this.limit
  }

  /** Evicts at once what is too much. */
  setCapacity(capacity: number): void {
    checkCapacity(capacity)
    this.limit = capacity
    this.contents.shrink(this.contentsLimit)
    this.fit()
  }

  /** Bytes that count: of blocks, of indexes and filters under `cacheIndexAndFilterBlocks`, and what is reserved. */
  get usage(): number {
    return this.bytes + this.pinnedUsage
  }

  /** Of these, those that no block can take the place of. (A cursor keeps its block alive by itself.) */
  get pinnedUsage(): number {
    return this.contents.bytes + this.reservedBytes
  }

  /** Bytes that can come in before anything has to go. */
  get room(): number {
    return Math.max(0, this.limit - this.usage)
  }

  statistics(): BlockCacheStatistics {
    const { hits, misses, insertions, evictions, contents } = this
    return { hits, misses, insertions, evictions, contentsEvictions: contents.evictions }
  }

  /** Sets what `owner` takes of the capacity; blocks make room. */
  reserve(owner: object, bytes: number): void {
    this.reservedBytes += bytes - (this.reservations.get(owner) ?? 0)
    if (bytes > 0) this.reservations.set(owner, bytes)
    else this.reservations.delete(owner)
    this.fit()
  }

  /** The index and filter of a table that has been opened, or opened again. */
  addContents(holder: ContentsHolder): void {
    this.contents.add(holder)
    this.contents.shrink(this.contentsLimit, holder)
    this.fit()
  }

  removeContents(holder: ContentsHolder): void {
    this.contents.remove(holder)
    this.fit()
  }

  /** A database begins to use it. */
  attach(): void {
    this.users++
    this.memory.makeRoom(this.room)
  }

  /** A database has been closed: without any, no memory lies idle. */
  detach(): void {
    this.users--
    if (this.users === 0) this.memory.release()
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
    if (slots.blocks[ordinal] !== undefined || charge > this.limit - this.pinnedUsage) return
    while (this.usage + charge > this.limit) this.evict()
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

  private get contentsLimit(): number {
    return this.limit * this.highPriorityPoolRatio
  }

  /** Evicts blocks that there is no room for any more. */
  private fit(): void {
    while (this.count > 0 && this.usage > this.limit) this.evict()
    if (this.users > 0) this.memory.makeRoom(this.room)
  }

  private setUsage(bytes: number): void {
    this.bytes = bytes
    this.memory.makeRoom(this.room)
  }
}

function checkCapacity(capacity: number): void {
  if (Number.isSafeInteger(capacity) && capacity >= 0) return
  const problem = `the capacity of a block cache must be a whole number from 0 on, not ${capacity}`
  throw new VarveError('INVALID_ARGUMENT', problem, { option: 'capacity' })
}

/**
 * The memory of blocks that left the cache, for blocks that come in: a new array of 4 KiB costs 2 us, as much as
 * decompressing into it, and later the garbage collector.
 *
 *     holders   who reads the block beyond the call in which it was found: cursors, requests that wait
 *     retired   the cache no longer has it
 *
 * Memory is taken back from a block that is retired and has no holders. Whoever finds a block and uses it up in
 * the same synchronous call, as a lookup does, need not hold it. A holder that never lets go costs nothing but
 * the memory, which goes to the garbage collector with it.
 */
import type { DataBlock } from '@varve/format/block'
import { type BlockMemory, copyBytes } from '@varve/format/bytes'

/** Sizes are rounded up to whole steps, so that blocks of about one size can follow one another. */
const STEP = 256

/** As many bytes may lie idle when the cache is full; more while it is not (see `makeRoom`). */
const IDLE_MIN = 1024 * 1024

/** What a test fills idle memory with, to see whether anybody still reads it. */
const POISON = 0xdb

let poisons = false

/** For tests: from now on memory is overwritten as soon as it is idle. */
export function poisonIdleBlocks(): void {
  poisons = true
}

export class BlockPool implements BlockMemory {
  private readonly idle = new Map<number, ArrayBuffer[]>()
  private idleBytes = 0
  private idleMax = IDLE_MIN
  private newest: ArrayBuffer | undefined = undefined

  copyOf(source: Uint8Array, start: number, end: number): Uint8Array {
    this.newest = this.take(end - start)
    const copy = new Uint8Array(this.newest, 0, end - start)
    copyBytes(source, start, end, copy, 0)
    return copy
  }

  /** Takes charge of a block that was decoded just now, if its contents lie in the newest copy: not every codec asks for one. */
  own(block: DataBlock): void {
    if (block.bytes.buffer === this.newest) block.pool = this
  }

  /** Takes the memory of a block that has been evicted, now or when its last holder lets go. */
  retire(block: DataBlock): void {
    if (block.pool !== this) return
    block.isRetired = true
    if (block.holders === 0) this.takeBack(block)
  }

  /** `block` is retired and nobody reads it any more. */
  takeBack(block: DataBlock): void {
    const buffer = block.bytes.buffer as ArrayBuffer
    if (this.idleBytes + buffer.byteLength > this.idleMax) return
    if (poisons) new Uint8Array(buffer).fill(POISON)
    const buffers = this.idle.get(buffer.byteLength)
    if (buffers === undefined) this.idle.set(buffer.byteLength, [buffer])
    else buffers.push(buffer)
    this.idleBytes += buffer.byteLength
  }

  /**
   * What the cache could take more than it has, may lie idle. The tables that a compaction replaces leave the cache with all
   * their blocks, and readers of the new ones fill it again: that memory would all be garbage, and then all be new.
   */
  makeRoom(cacheRoom: number): void {
    this.idleMax = IDLE_MIN + cacheRoom
    if (this.idleBytes > this.idleMax) this.dropIdle()
  }

  /** Nothing is used again from now on: a closed database that somebody still refers to must not hold memory. */
  release(): void {
    this.idleMax = 0
    this.dropIdle()
  }

  /** Sizes that were used first are likely to be out of use first. */
  private dropIdle(): void {
    for (const [size, buffers] of this.idle) {
      while (this.idleBytes > this.idleMax && buffers.pop() !== undefined) this.idleBytes -= size
      if (buffers.length > 0) return
      this.idle.delete(size)
    }
  }

  private take(length: number): ArrayBuffer {
    const size = Math.ceil(length / STEP) * STEP
    const buffer = this.idle.get(size)?.pop()
    if (buffer === undefined) return new ArrayBuffer(size)
    this.idleBytes -= size
    return buffer
  }
}

/** Keeps the block's contents until `letGo`. */
export function hold(block: DataBlock): void {
  block.holders++
}

export function letGo(block: DataBlock): void {
  block.holders--
  if (block.holders === 0 && block.isRetired) block.pool?.takeBack(block)
}

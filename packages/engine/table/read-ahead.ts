/**
 * What one cursor has read of its table beyond the block it stands on. A scan that keeps missing the cache reads
 * ever longer spans: the third miss in a row reads 8 KiB at once, each later one twice as much, up to 256 KiB.
 * Cursors that are told to, as compactions are, read long spans from the first block on.
 *
 * Nobody else knows the blocks of a span. They enter the cache where that has room to spare, but a scan takes no
 * other block's place; what does not enter is decoded over a block that the cursor has left.
 *
 *     blocks     [ 4 ][ 5 ][ 6 ][ 7 ][ 8 ][ 9 ]...
 *     window               |--------------|          raw bytes: 6, 7 and 8 decode without a read
 *
 * RocksDB: file/file_prefetch_buffer.cc; the same doubling and limits
 */
import { BLOCK_TRAILER_LENGTH, type DataBlock, type FlatIndex } from '@varve/format/block'
import { emptyBytes, RecycledMemory } from '@varve/format/bytes'
import { hold } from '../cache/index.ts'
import type { Wanted } from '../cursor/cursor.ts'
import { BlockRequest } from './block-request.ts'
import type { TableReader } from './table-reader.ts'

const INITIAL_SPAN = 8 * 1024
const MAX_SPAN = 256 * 1024
/** Misses in a row that are read block by block. */
const SINGLE_MISSES = 2

export class ReadAhead {
  private table: TableReader | undefined = undefined
  private readonly fillCache: boolean
  /** Bytes of the next span. */
  private span = INITIAL_SPAN
  private missesInRow = 0
  /** The block whose miss would continue the row. */
  private expected = -1
  private request: BlockRequest | SpanRequest | undefined = undefined

  private window: Uint8Array = emptyBytes
  private windowStart = 0
  /** Where blocking reads put windows: no block is a view of one. */
  private buffer: Uint8Array = emptyBytes
  private readonly memory = new RecycledMemory()

  constructor(fillCache: boolean) {
    this.fillCache = fillCache
  }

  /** Goes on with the next table of a level, where `forward` tells which block comes first. */
  turnTo(table: TableReader, forward: boolean): void {
    this.table = table
    this.expected = forward ? 0 : table.index.count - 1
    this.release()
    this.window = emptyBytes
  }

  /**
   * The block, if it need not be read any more, held for the caller. It may be overwritten by the next one found,
   * unless it is `current` then.
   */
  find(ordinal: number, current: DataBlock): DataBlock | undefined {
    const block = this.findRequested(ordinal) ?? this.findInWindow(ordinal, current)
    if (block !== undefined) hold(block)
    this.release()
    return block
  }

  /** Adds what to load for `ordinal`, which `find` has not found. */
  collect(ordinal: number, forward: boolean, into: Wanted[]): void {
    if (this.table !== undefined) into.push(this.want(this.table, ordinal, forward))
  }

  /** Adds the block that a scan asks for next, unless it is there or this is no scan. */
  collectAhead(ordinal: number, forward: boolean, into: Wanted[]): void {
    const { table } = this
    const isScan = this.missesInRow >= SINGLE_MISSES && ordinal === this.expected
    if (table === undefined || !isScan || ordinal < 0 || ordinal >= table.index.count) return
    if (!table.isCached(ordinal)) into.push(this.want(table, ordinal, forward))
  }

  async readWindow(table: TableReader, start: number, length: number): Promise<void> {
    this.takeWindow(table, await table.file.read(start, length), start)
  }

  readWindowSync(table: TableReader, start: number, length: number): void {
    if (this.buffer.length < length) this.buffer = new Uint8Array(length)
    this.window = emptyBytes
    this.takeWindow(table, table.file.readSync(start, length, this.buffer.subarray(0, length)), start)
  }

  private takeWindow(table: TableReader, bytes: Uint8Array, start: number): void {
    if (table !== this.table) return
    this.window = bytes
    this.windowStart = start
  }

  private findRequested(ordinal: number): DataBlock | undefined {
    return this.table?.findBlock(ordinal, this.request instanceof BlockRequest ? this.request : undefined)
  }

  private findInWindow(ordinal: number, current: DataBlock): DataBlock | undefined {
    const { table, window, windowStart } = this
    if (table === undefined) return undefined
    const start = table.index.offsets[ordinal] - windowStart
    const end = start + table.index.sizes[ordinal] + BLOCK_TRAILER_LENGTH
    if (start < 0 || end > window.length) return undefined
    const raw = window.subarray(start, end)
    if (this.fillCache && table.hasRoomFor(ordinal)) {
      return table.keep(ordinal, table.cachedBlock(raw, ordinal), true)
    }
    this.memory.keep(current.bytes)
    return table.ownBlock(raw, ordinal, this.memory)
  }

  /** Lets go of what was read and not found since. */
  release(): void {
    if (this.request instanceof BlockRequest) this.request.drop()
    this.request = undefined
  }

  private want(table: TableReader, ordinal: number, forward: boolean): Wanted {
    if (this.request?.ordinal === ordinal) return this.request
    const { readahead, index } = table
    this.missesInRow = ordinal === this.expected ? this.missesInRow + 1 : 1
    if (this.missesInRow === 1) this.span = INITIAL_SPAN
    const bytes = readahead > 0 ? readahead : this.missesInRow > SINGLE_MISSES ? this.growSpan() : 0
    const other = reach(index, ordinal, forward, bytes)
    this.expected = forward ? other + 1 : other - 1
    const from = Math.min(ordinal, other)
    const to = Math.max(ordinal, other)
    this.release()
    if (from === to) {
      this.request = new BlockRequest(table, ordinal, this.fillCache, true)
    } else {
      const start = index.offsets[from]
      const length = index.offsets[to] + index.sizes[to] + BLOCK_TRAILER_LENGTH - start
      this.request = new SpanRequest(table, ordinal, start, length, this)
    }
    return this.request
  }

  private growSpan(): number {
    const bytes = this.span
    this.span = Math.min(2 * bytes, MAX_SPAN)
    return bytes
  }
}

/** The farthest block in the direction given that fits in `bytes` together with block `ordinal`. */
function reach(index: FlatIndex, ordinal: number, forward: boolean, bytes: number): number {
  const { offsets, sizes, count } = index
  const step = forward ? 1 : -1
  let other = ordinal
  for (let next = ordinal + step; next >= 0 && next < count; next += step) {
    const first = forward ? ordinal : next
    const last = forward ? next : ordinal
    const length = offsets[last] + sizes[last] + BLOCK_TRAILER_LENGTH - offsets[first]
    const follows = offsets[next] > offsets[other] === forward
    if (!follows || length > bytes) break
    other = next
  }
  return other
}

/** Several neighbouring blocks, read at once. */
class SpanRequest implements Wanted {
  readonly isOneRead = true
  readonly table: TableReader
  /** The block that made it necessary. */
  readonly ordinal: number
  private readonly start: number
  private readonly length: number
  private readonly readAhead: ReadAhead

  constructor(table: TableReader, ordinal: number, start: number, length: number, readAhead: ReadAhead) {
    this.table = table
    this.ordinal = ordinal
    this.start = start
    this.length = length
    this.readAhead = readAhead
  }

  load(): Promise<void> {
    return this.readAhead.readWindow(this.table, this.start, this.length)
  }

  loadSync(): void {
    this.readAhead.readWindowSync(this.table, this.start, this.length)
  }
}

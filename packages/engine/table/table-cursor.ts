/**
 * Moves over the entries of one table.
 *
 * It holds on to the block it stands on, the one before, and the one it was last given. No movement looks at more
 * than two, so one that waits never loses what it needs, even when the cache keeps nothing; and one that has ended
 * well does so again when it is repeated, as it is for as long as any other run of a merge has to wait.
 *
 * RocksDB: table/block_based/block_based_table_iterator.cc
 */
import { BlockCursor, type DataBlock, emptyBlock, FlatIndex, OrderedBlockCursor } from '@varve/format/block'
import { emptyBytes, prefixWord } from '@varve/format/bytes'
import { bytewise, type KeyOrder, TRAILER_LENGTH } from '@varve/format/key'
import { letGo } from '../cache/index.ts'
import {
  compareToTarget,
  type InternalCursor,
  type SeekTarget,
  Step,
  setPrefixes,
  type Wanted,
} from '../cursor/cursor.ts'
import { ReadAhead } from './read-ahead.ts'
import type { TableReader } from './table-reader.ts'

const NO_BLOCK = -1
/** What a cursor has before it is given a table: nothing to stand on. */
const emptyIndex = FlatIndex.unfold([], { userKeys: false, deltaValues: false, firstKeys: false })

export class TableCursor implements InternalCursor {
  valid = false
  keyBytes: Uint8Array = emptyBytes
  keyStart = 0
  keyEnd = 0
  prefixHigh = 0
  prefixLow = 0
  trailerLow = 0
  trailerHigh = 0
  valueBytes: Uint8Array = emptyBytes
  valueStart = 0
  valueEnd = 0

  private index: FlatIndex = emptyIndex
  private hasGlobalSequence = false
  private globalLow = 0
  private globalHigh = 0
  private readonly readAhead: ReadAhead
  private readonly entry: BlockCursor
  protected readonly order: KeyOrder
  /** The block that `entry` is in. */
  protected ordinal = NO_BLOCK
  /** The block that it was in before. */
  private spareOrdinal = NO_BLOCK
  private spare: DataBlock | undefined = undefined
  /** The block that a movement waits for. */
  private missing = NO_BLOCK
  private forward = true

  /** Blocks that it reads enter the cache if `fillCache`. */
  constructor(table: TableReader | undefined, fillCache = true, order: KeyOrder = table?.order ?? bytewise) {
    this.order = order
    this.entry = order === bytewise ? new BlockCursor() : new OrderedBlockCursor(order)
    this.readAhead = new ReadAhead(fillCache)
    if (table !== undefined) this.turnTo(table, true)
  }

  first(): Step {
    return this.enterFirst(0)
  }

  last(): Step {
    return this.enterLast(this.index.count - 1)
  }

  next(): Step {
    if (this.missing === NO_BLOCK && this.entry.next()) return this.show()
    return this.enterFirst(this.ordinal + 1)
  }

  prev(): Step {
    if (this.missing === NO_BLOCK && this.entry.prev()) return this.show()
    return this.enterLast(this.ordinal - 1)
  }

  seek(target: SeekTarget): Step {
    const { index, hasGlobalSequence } = this
    const { bytes, start, end, trailerLow, trailerHigh } = target
    const ordinal = index.find(bytes, start, end, trailerLow, trailerHigh)
    if (ordinal === index.count) return this.end()
    if (!this.enter(ordinal, true)) return this.wait()
    const isFound = this.entry.seek(bytes, start, end, trailerLow, trailerHigh)
    const step = isFound ? this.show() : this.enterFirst(ordinal + 1)
    // Written with sequence 0 an entry stands behind the target, and before it with its own, if the target is older.
    const overshot = hasGlobalSequence && step === Step.moved && compareToTarget(this, target) < 0
    return overshot ? this.next() : step
  }

  seekForPrev(target: SeekTarget): Step {
    const { index, hasGlobalSequence } = this
    const { bytes, start, end } = target
    // Also before what is written with sequence 0, which may be newer than the target.
    const low = hasGlobalSequence ? 0 : target.trailerLow
    const high = hasGlobalSequence ? 0 : target.trailerHigh
    const ordinal = Math.min(index.find(bytes, start, end, low, high), index.count - 1)
    if (ordinal < 0) return this.end()
    if (!this.enter(ordinal, false)) return this.wait()
    const step = this.entry.seekForPrev(bytes, start, end, low, high)
      ? this.show()
      : this.enterLast(ordinal - 1)
    const overshot = hasGlobalSequence && step === Step.moved && compareToTarget(this, target) > 0
    return overshot ? this.prev() : step
  }

  collectWanted(into: Wanted[], ahead = false): void {
    if (this.missing !== NO_BLOCK) this.readAhead.collect(this.missing, this.forward, into)
    else if (ahead && this.valid) {
      this.readAhead.collectAhead(this.ordinal + (this.forward ? 1 : -1), this.forward, into)
    }
  }

  release(): void {
    this.readAhead.release()
    if (this.spare !== undefined) letGo(this.spare)
    letGo(this.entry.block)
    this.spare = undefined
    this.entry.attach(emptyBlock)
    this.ordinal = NO_BLOCK
  }

  /** Goes on with another table; the next movement must be an absolute one. */
  protected turnTo(table: TableReader, forward: boolean): void {
    this.index = table.index
    this.hasGlobalSequence = table.hasGlobalSequence
    this.globalLow = table.globalLow
    this.globalHigh = table.globalHigh
    this.readAhead.turnTo(table, forward)
    this.ordinal = NO_BLOCK
    this.spareOrdinal = NO_BLOCK
    if (this.spare !== undefined) letGo(this.spare)
    this.spare = undefined
    this.missing = NO_BLOCK
    this.valid = false
  }

  protected end(): Step {
    this.valid = false
    this.missing = NO_BLOCK
    return Step.ended
  }

  protected wait(): Step {
    this.valid = false
    return Step.needsBlock
  }

  private enterFirst(ordinal: number): Step {
    if (ordinal >= this.index.count) return this.end()
    if (!this.enter(ordinal, true)) return this.wait()
    this.entry.first()
    return this.show()
  }

  private enterLast(ordinal: number): Step {
    if (ordinal < 0) return this.end()
    if (!this.enter(ordinal, false)) return this.wait()
    this.entry.last()
    return this.show()
  }

  /** Turns to a block; false when it has to be loaded first. Every block has an entry (`decodeBlock` checks). */
  private enter(ordinal: number, forward: boolean): boolean {
    this.forward = forward
    this.missing = NO_BLOCK
    if (ordinal === this.ordinal) return true
    const { spare, entry } = this
    const isSpare = ordinal === this.spareOrdinal
    const block = isSpare ? spare : this.readAhead.find(ordinal, entry.block)
    if (block === undefined) {
      this.missing = ordinal
      return false
    }
    if (!isSpare && spare !== undefined) letGo(spare)
    this.spareOrdinal = this.ordinal
    this.spare = entry.block
    entry.attach(block)
    this.ordinal = ordinal
    return true
  }

  private show(): Step {
    const { entry } = this
    const bytes = entry.keyBytes
    const end = entry.keyLength - TRAILER_LENGTH
    this.keyBytes = bytes
    this.keyEnd = end
    this.prefixHigh = prefixWord(bytes, 0, end)
    this.prefixLow = prefixWord(bytes, 4, end)
    this.trailerLow = entry.trailerLow
    this.trailerHigh = entry.trailerHigh
    this.valueBytes = entry.valueBytes
    this.valueStart = entry.valueStart
    this.valueEnd = entry.valueEnd
    if (this.order !== bytewise) setPrefixes(this, this.order)
    if (this.hasGlobalSequence) {
      this.trailerLow = (this.globalLow | (entry.trailerLow & 0xff)) >>> 0
      this.trailerHigh = this.globalHigh
    }
    this.valid = true
    return Step.moved
  }
}

/**
 * Cursor over the entries of a data block, whose keys are internal keys.
 *
 *     entry := shared varint32, unshared varint32, valueLength varint32,
 *              [valuePosition varint32], keySuffix u8[unshared], value u8[valueLength]
 *
 * An entry's key is the first `shared` bytes of the key before it, then `keySuffix`. At a restart point
 * `shared` is zero, so a key can be read there without its predecessors; `seek` bisects the restart points
 * and then steps. In a block that holds keys and values apart, an entry at a restart point says where its
 * value lies; the values of the others follow one another.
 *
 * Moving allocates nothing: there is one key buffer, and a value is a range of the block. One cursor serves
 * many blocks, one after the other: see `attach`.
 *
 * RocksDB: table/block_based/block.cc, DataBlockIter
 */
import { compareBytes, copyBytes, readUint32 } from '../bytes/index.ts'
import { compareTrailers, TRAILER_LENGTH } from '../key/index.ts'
import { NOT_BEFORE_END, searchInterval, searchRestarts, UNDECIDED } from './block-search.ts'
import { type DataBlock, emptyBlock } from './data-block.ts'
import { EntryHeader } from './entry-header.ts'
import { StepTrail } from './step-trail.ts'

export class BlockCursor {
  block: DataBlock = emptyBlock
  /** True while the cursor is on an entry. The fields below mean something only then. */
  valid = false
  /** The internal key is keyBytes[0..keyLength), its user key all but the last eight bytes. */
  keyBytes: Uint8Array = new Uint8Array(64)
  keyLength = 0
  trailerLow = 0
  trailerHigh = 0
  /** The value is valueBytes[valueStart..valueEnd). */
  valueBytes: Uint8Array = emptyBlock.bytes
  valueStart = 0
  valueEnd = 0

  /** Where the current entry begins, or where entries end when there is none. */
  entryStart = 0
  /** Where the next entry begins. */
  position = 0
  /** How many leading bytes the current key took from the one before. */
  shared = 0

  private entriesEnd = 0
  private separated = false
  private nextRestart = 0 // Index of the restart point ahead; kept in separated blocks only.
  private recording = false // Leave a trail while stepping.
  private readonly trail = new StepTrail()
  protected readonly header: EntryHeader = new EntryHeader()

  constructor(block?: DataBlock) {
    if (block !== undefined) this.attach(block)
  }

  /** Turns to another block. The cursor is not on an entry afterwards. */
  attach(block: DataBlock): void {
    this.block = block
    this.valueBytes = block.bytes
    this.entriesEnd = block.entriesEnd
    this.separated = block.separated
    this.valid = false
    this.entryStart = block.entriesEnd
    this.trail.clear()
    this.jumpTo(0, block.entriesEnd)
  }

  first(): boolean {
    this.trail.clear()
    this.jumpTo(0, 0)
    return this.step()
  }

  last(): boolean {
    this.trail.clear()
    return this.stepBackTo(this.entriesEnd)
  }

  next(): boolean {
    this.trail.clear()
    return this.step()
  }

  /** Moves to the entry before. From there on, `next` works as ever. */
  prev(): boolean {
    if (!this.valid) return false
    return this.trail.length > 1 ? this.stepBackOnTrail() : this.stepBackTo(this.entryStart)
  }

  /** Moves to the first entry at or after the internal key (key[start..end), trailer). */
  seek(key: Uint8Array, start: number, end: number, trailerLow: number, trailerHigh: number): boolean {
    const { block, header } = this
    this.trail.clear()
    this.jumpTo(0, this.entriesEnd)
    const restart = searchRestarts(block, header, key, start, end, trailerLow, trailerHigh)
    const offset = block.restartCount === 0 ? this.entriesEnd : block.restartAt(restart)
    const at = this.separated
      ? UNDECIDED
      : searchInterval(block, header, offset, key, start, end, trailerLow, trailerHigh)
    if (at === NOT_BEFORE_END) return this.step()
    if (at !== UNDECIDED) return this.land(at, key, start)
    this.jumpTo(restart, offset)
    return this.stepTo(key, start, end, trailerLow, trailerHigh)
  }

  /** Moves to the last entry at or before the internal key (key[start..end), trailer). */
  seekForPrev(key: Uint8Array, start: number, end: number, trailerLow: number, trailerHigh: number): boolean {
    if (!this.seek(key, start, end, trailerLow, trailerHigh)) return this.last()
    const isTarget =
      this.trailerLow === trailerLow &&
      this.trailerHigh === trailerHigh &&
      compareBytes(this.keyBytes, 0, this.keyLength - TRAILER_LENGTH, key, start, end) === 0
    return isTarget || this.prev()
  }

  /** A copy of the internal key. */
  key(): Uint8Array {
    return this.keyBytes.slice(0, this.keyLength)
  }

  /** A view of the value, good for as long as the block is. */
  value(): Uint8Array {
    return this.valueBytes.subarray(this.valueStart, this.valueEnd)
  }

  private jumpTo(restart: number, offset: number): void {
    this.position = offset
    this.keyLength = 0
    this.nextRestart = restart
    this.recording = false
  }

  /** Goes to a restart point, to step from there on. */
  protected enterRestart(restart: number): void {
    const { block } = this
    this.trail.clear()
    this.jumpTo(restart, block.restartCount === 0 ? this.entriesEnd : block.restartAt(restart))
  }

  protected step(): boolean {
    this.valid = false // Should the next entry turn out to be damaged.
    if (this.position < this.entriesEnd) {
      this.readEntry()
      this.valid = true
    } else {
      this.entryStart = this.entriesEnd
      this.keyLength = 0
    }
    return this.valid
  }

  /** Steps until an entry is at or after the target. */
  private stepTo(
    key: Uint8Array,
    start: number,
    end: number,
    trailerLow: number,
    trailerHigh: number,
  ): boolean {
    while (this.step()) {
      const order = compareBytes(this.keyBytes, 0, this.keyLength - TRAILER_LENGTH, key, start, end)
      if (order > 0) return true
      if (order === 0 && compareTrailers(this.trailerLow, this.trailerHigh, trailerLow, trailerHigh) >= 0)
        return true
    }
    return false
  }

  /** Settles on the entry at `at`, whose header has been read and whose shared bytes are those of key[start...]. */
  private land(at: number, key: Uint8Array, start: number): boolean {
    const { shared, unshared } = this.header
    if (shared + unshared > this.keyBytes.length) this.growKey(shared + unshared)
    copyBytes(key, start, start + shared, this.keyBytes, 0)
    this.keyLength = shared
    this.place(at)
    this.valid = true
    return true
  }

  private readEntry(): void {
    const { header } = this
    const at = this.position
    const restart = this.separated && this.isNextRestart(at)
    header.read(this.block, at, restart)
    if (header.shared > this.keyLength)
      throw this.block.corruption('entry shares more than the key before it', at)
    const keyLength = header.shared + header.unshared
    if (keyLength < TRAILER_LENGTH) throw this.block.corruption('internal key shorter than 8 bytes', at)
    if (keyLength > this.keyBytes.length) this.growKey(keyLength)
    if (restart) this.valueEnd = this.entriesEnd + header.valuePosition
    if (this.recording) this.trail.enter(this.keyBytes, header.shared, this.keyLength)
    this.place(at)
    if (this.recording) this.trail.place(at, this.position, this.valueStart, this.valueEnd)
  }

  /** Takes over the entry at `at` from `header`; the key buffer has room and holds the shared bytes. */
  private place(at: number): void {
    const { shared, unshared, suffixStart, valueLength } = this.header
    const suffixEnd = suffixStart + unshared
    copyBytes(this.valueBytes, suffixStart, suffixEnd, this.keyBytes, shared)
    this.valueStart = this.separated ? this.valueEnd : suffixEnd
    this.valueEnd = this.valueStart + valueLength
    if (this.valueEnd > this.block.valuesEnd) throw this.block.corruption('entry value runs past the end', at)
    this.entryStart = at
    this.position = this.separated ? suffixEnd : this.valueEnd
    this.shared = shared
    this.keyLength = shared + unshared
    this.readTrailer()
  }

  private readTrailer(): void {
    this.trailerLow = readUint32(this.keyBytes, this.keyLength - 8)
    this.trailerHigh = readUint32(this.keyBytes, this.keyLength - 4)
  }

  /** Whether the entry at `at` of a separated block is at a restart point, where its value's position stands. */
  private isNextRestart(at: number): boolean {
    const { block, nextRestart } = this
    if (nextRestart >= block.restartCount || at !== block.restartAt(nextRestart)) return false
    this.nextRestart++
    return true
  }

  /** Moves to the entry that ends at `target` by stepping up from the restart point before, leaving a trail. */
  private stepBackTo(target: number): boolean {
    const restart = this.restartBefore(target)
    this.trail.clear()
    if (restart < 0) {
      this.jumpTo(0, this.entriesEnd)
      return this.step()
    }
    this.jumpTo(restart, this.block.restartAt(restart))
    this.recording = true
    while (this.position < target) this.step()
    this.recording = false
    if (this.position !== target) throw this.block.corruption('entries do not end at a restart point', target)
    return this.valid
  }

  private stepBackOnTrail(): boolean {
    const { trail } = this
    this.keyLength = trail.leave(this.keyBytes)
    this.readTrailer()
    this.entryStart = trail.entryStart
    this.position = trail.entryEnd
    this.valueStart = trail.valueStart
    this.valueEnd = trail.valueEnd
    return true
  }

  /** Index of the last restart point before `offset`, or -1. */
  private restartBefore(offset: number): number {
    let left = 0
    let right = this.block.restartCount
    while (left < right) {
      const middle = (left + right) >>> 1
      if (this.block.restartAt(middle) < offset) left = middle + 1
      else right = middle
    }
    return left - 1
  }

  private growKey(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.keyBytes.length * 2))
    grown.set(this.keyBytes.subarray(0, this.keyLength))
    this.keyBytes = grown
  }
}

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
import { type DataBlock, emptyBlock } from './data-block.ts'
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
    this.keyLength = 0
    this.entryStart = block.entriesEnd
    this.position = block.entriesEnd
    this.trail.clear()
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
    this.trail.clear()
    let left = 0
    let right = this.block.restartCount - 1
    while (left < right) {
      const middle = (left + right + 1) >>> 1
      if (this.compareRestart(middle, key, start, end, trailerLow, trailerHigh) < 0) left = middle
      else right = middle - 1
    }
    this.jumpTo(left, right < 0 ? this.entriesEnd : this.block.restartAt(left))
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
  }

  private step(): boolean {
    this.valid = this.position < this.entriesEnd
    if (this.valid) this.readEntry()
    else {
      this.entryStart = this.entriesEnd
      this.keyLength = 0
    }
    return this.valid
  }

  /**
   * Steps until the target is reached. `matched` counts the leading bytes of the current user key that are
   * the target's. An entry that shares more than those with its predecessor differs from the target just
   * where the predecessor does, so it lies before the target too and needs no comparison.
   */
  private stepTo(
    key: Uint8Array,
    start: number,
    end: number,
    trailerLow: number,
    trailerHigh: number,
  ): boolean {
    const targetLength = end - start
    let matched = 0
    let userLength = -1
    while (this.step()) {
      if (this.shared > matched && matched < userLength) {
        userLength = this.keyLength - TRAILER_LENGTH
        if (matched < userLength) continue
      }
      userLength = this.keyLength - TRAILER_LENGTH
      const limit = userLength < targetLength ? userLength : targetLength
      let at = this.shared < matched ? this.shared : matched
      while (at < limit && this.keyBytes[at] === key[start + at]) at++
      if (at < limit) {
        if (this.keyBytes[at] > key[start + at]) return true
      } else if (userLength > targetLength) return true
      else if (
        userLength === targetLength &&
        compareTrailers(this.trailerLow, this.trailerHigh, trailerLow, trailerHigh) >= 0
      ) {
        return true
      }
      matched = at < limit ? at : limit
    }
    return false
  }

  private readEntry(): void {
    const bytes = this.valueBytes
    const start = this.position
    let shared = bytes[start]
    let unshared = bytes[start + 1]
    let valueLength = bytes[start + 2]
    if ((shared | unshared | valueLength) < 0x80 && start + 3 <= this.entriesEnd) {
      this.position = start + 3
    } else {
      shared = this.readVarint()
      unshared = this.readVarint()
      valueLength = this.readVarint()
    }
    if (this.separated) this.readValuePosition(start)
    const suffixStart = this.position
    const suffixEnd = suffixStart + unshared
    const keyLength = shared + unshared
    if (shared > this.keyLength) throw this.corruption('entry shares more than the key before it', start)
    if (suffixEnd > this.entriesEnd) throw this.corruption('entry key runs past the end', start)
    if (keyLength < TRAILER_LENGTH) throw this.corruption('internal key shorter than 8 bytes', start)
    if (keyLength > this.keyBytes.length) this.growKey(keyLength)
    if (this.recording) this.trail.enter(this.keyBytes, shared, this.keyLength)
    copyBytes(bytes, suffixStart, suffixEnd, this.keyBytes, shared)
    this.valueStart = this.separated ? this.valueEnd : suffixEnd
    this.valueEnd = this.valueStart + valueLength
    if (this.valueEnd > this.block.valuesEnd) throw this.corruption('entry value runs past the end', start)
    this.entryStart = start
    this.position = this.separated ? suffixEnd : this.valueEnd
    this.shared = shared
    this.keyLength = keyLength
    this.readTrailer()
    if (this.recording) this.trail.place(start, this.position, this.valueStart, this.valueEnd)
  }

  private readTrailer(): void {
    this.trailerLow = readUint32(this.keyBytes, this.keyLength - 8)
    this.trailerHigh = readUint32(this.keyBytes, this.keyLength - 4)
  }

  /** Sets `valueEnd` to where the value of a separated block's entry at a restart point begins. */
  private readValuePosition(start: number): void {
    const { block } = this
    if (this.nextRestart < block.restartCount && start === block.restartAt(this.nextRestart)) {
      this.nextRestart++
      this.valueEnd = block.entriesEnd + this.readVarint()
    }
  }

  private compareRestart(
    restart: number,
    key: Uint8Array,
    start: number,
    end: number,
    trailerLow: number,
    trailerHigh: number,
  ): number {
    const bytes = this.valueBytes
    const at = this.block.restartAt(restart)
    this.position = at
    if (this.readVarint() !== 0) throw this.corruption('entry at a restart point shares a prefix', at)
    const unshared = this.readVarint()
    this.readVarint()
    if (this.separated) this.readVarint()
    const userEnd = this.position + unshared - TRAILER_LENGTH
    if (unshared < TRAILER_LENGTH) throw this.corruption('internal key shorter than 8 bytes', at)
    if (userEnd + TRAILER_LENGTH > this.entriesEnd) throw this.corruption('entry key runs past the end', at)
    const order = compareBytes(bytes, this.position, userEnd, key, start, end)
    if (order !== 0) return order
    return compareTrailers(
      readUint32(bytes, userEnd),
      readUint32(bytes, userEnd + 4),
      trailerLow,
      trailerHigh,
    )
  }

  private readVarint(): number {
    const start = this.position
    let value = 0
    for (let shift = 0; shift < 35 && this.position < this.entriesEnd; shift += 7) {
      const byte = this.valueBytes[this.position++]
      if (byte < 0x80) {
        value += byte * 2 ** shift
        if (value > 0xffff_ffff) break
        return value
      }
      value += (byte & 0x7f) * 2 ** shift
    }
    throw this.corruption('entry header is cut short or no varint32', start)
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
    if (this.position !== target) throw this.corruption('entries do not end at a restart point', target)
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

  /** The error for what stands at `position` of the block. The cursor is on no entry afterwards. */
  private corruption(what: string, position: number): Error {
    this.valid = false
    this.recording = false
    this.trail.clear()
    this.jumpTo(0, this.entriesEnd)
    return this.block.corruption(what, position)
  }

  private growKey(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.keyBytes.length * 2))
    grown.set(this.keyBytes.subarray(0, this.keyLength))
    this.keyBytes = grown
  }
}

/**
 * The way back through one restart interval of a block.
 *
 * Keys are prefix-compressed against the key before, so a cursor can only decode forward. To go back it steps
 * up from the restart point once and leaves a trail: where each entry lies, and the key bytes that it wrote
 * over. Undoing those gives the key before. The overwritten bytes add up to no more than the block, which
 * whole keys would not: a hostile block could make them quadratic.
 */
import { copyBytes, emptyBytes } from '../bytes/index.ts'

/** Numbers kept for each entry: shared, length of the key before, entry start and end, value start and end. */
const FRAME = 6

export class StepTrail {
  /** Entries on the trail. The last one is the cursor's. */
  length = 0
  private readonly frames: number[] = []
  /** Most cursors never go back: it is made when one does. */
  private overwritten: Uint8Array = emptyBytes
  private overwrittenLength = 0

  clear(): void {
    this.length = 0
    this.overwrittenLength = 0
  }

  get entryStart(): number {
    return this.frames[this.length * FRAME - 4]
  }

  get entryEnd(): number {
    return this.frames[this.length * FRAME - 3]
  }

  get valueStart(): number {
    return this.frames[this.length * FRAME - 2]
  }

  get valueEnd(): number {
    return this.frames[this.length * FRAME - 1]
  }

  /** Before an entry writes over key[shared..keyLength): keeps those bytes, and opens the entry's frame. */
  enter(key: Uint8Array, shared: number, keyLength: number): void {
    const needed = this.overwrittenLength + keyLength - shared
    if (needed > this.overwritten.length) this.grow(needed)
    copyBytes(key, shared, keyLength, this.overwritten, this.overwrittenLength)
    this.overwrittenLength = needed
    const at = this.length++ * FRAME
    this.frames[at] = shared
    this.frames[at + 1] = keyLength
  }

  /** After the entry has been decoded: notes where it lies. */
  place(entryStart: number, entryEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.length * FRAME
    this.frames[at - 4] = entryStart
    this.frames[at - 3] = entryEnd
    this.frames[at - 2] = valueStart
    this.frames[at - 1] = valueEnd
  }

  /** Takes the last entry off the trail: puts back what it wrote over and returns the length of the key before. */
  leave(key: Uint8Array): number {
    const at = --this.length * FRAME
    const shared = this.frames[at]
    const keyLength = this.frames[at + 1]
    const start = this.overwrittenLength - (keyLength - shared)
    copyBytes(this.overwritten, start, this.overwrittenLength, key, shared)
    this.overwrittenLength = start
    return keyLength
  }

  private grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, 2 * this.overwritten.length, 256))
    grown.set(this.overwritten.subarray(0, this.overwrittenLength))
    this.overwritten = grown
  }
}

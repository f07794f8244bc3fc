/**
 * Where the contents of decoded blocks are put: into new memory each time, or into the same two buffers in turn.
 * A new array of 4 KiB costs 2 us, as much as decompressing into it, so whoever goes through a million blocks
 * once and never looks back does better without.
 */
import { copyBytes, emptyBytes } from './bytes.ts'

export interface BlockMemory {
  /** The bytes source[start..end), copied. */
  copyOf(source: Uint8Array, start: number, end: number): Uint8Array
}

/** What is copied stays for as long as anybody holds it. */
export const newMemory: BlockMemory = {
  copyOf: (source, start, end) => source.slice(start, end),
}

/** What is taken is taken back when two more have been: the last two blocks can be read. */
export class RecycledMemory implements BlockMemory {
  private current: Uint8Array = emptyBytes
  private previous: Uint8Array = emptyBytes

  /** So many bytes, with anything in them. */
  take(length: number): Uint8Array {
    const buffer = this.previous.length >= length ? this.previous : new Uint8Array(length + (length >>> 2))
    this.previous = this.current
    this.current = buffer
    return buffer.subarray(0, length)
  }

  copyOf(source: Uint8Array, start: number, end: number): Uint8Array {
    const copy = this.take(end - start)
    copyBytes(source, start, end, copy, 0)
    return copy
  }
}

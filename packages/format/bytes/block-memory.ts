/**
 * Where the contents of decoded blocks are put: into new memory each time, or over earlier ones.
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

/** Two buffers: one for the block that is to stay, and one that is written over. */
export class RecycledMemory implements BlockMemory {
  private first: Uint8Array = emptyBytes
  private second: Uint8Array = emptyBytes
  private kept: Uint8Array = emptyBytes

  /** Leaves these bytes alone, if they are its own; those of any other copy are free to be taken again. */
  keep(bytes: Uint8Array): void {
    this.kept = bytes
  }

  copyOf(source: Uint8Array, start: number, end: number): Uint8Array {
    const copy = this.take(end - start)
    copyBytes(source, start, end, copy, 0)
    return copy
  }

  private take(length: number): Uint8Array {
    const isFirst = this.first.buffer !== this.kept.buffer
    let buffer = isFirst ? this.first : this.second
    if (buffer.length < length) {
      buffer = new Uint8Array(length + (length >>> 2))
      if (isFirst) this.first = buffer
      else this.second = buffer
    }
    return buffer.subarray(0, length)
  }
}

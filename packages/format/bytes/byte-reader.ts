import { CorruptionError } from '../errors/index.ts'
import { emptyBytes } from './bytes.ts'
import { readUint16, readUint32, readUint64 } from './fixed.ts'

/**
 * Reads integers and slices from bytes[position..end). Every read checks what remains first: running out
 * of bytes, an overlong varint or an integer above 2^53 - 1 is a `CorruptionError` that names the file and
 * the offset in it. Nothing is copied; slices are views of the input.
 */
export class ByteReader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number
  /** For errors: the file that the bytes come from, and where in it bytes[0] lies. */
  readonly file: string | undefined
  readonly fileOffset: number

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length, file?: string, fileOffset = 0) {
    this.bytes = bytes
    this.position = start
    this.end = end
    this.file = file
    this.fileOffset = fileOffset
  }

  get remaining(): number {
    return this.end - this.position
  }

  /** The error for what stands at `position` (an index into `bytes`). */
  corruption(what: string, position: number = this.position): CorruptionError {
    return new CorruptionError(what, this.file, this.fileOffset + position)
  }

  /** Refuses to go on unless `length` more bytes are there. */
  need(length: number, what: string): void {
    if (length > this.end - this.position) throw this.corruption(`${what} runs past the end`)
  }

  uint8(what = 'byte'): number {
    this.need(1, what)
    return this.bytes[this.position++]
  }

  uint16(what = 'fixed16'): number {
    this.need(2, what)
    this.position += 2
    return readUint16(this.bytes, this.position - 2)
  }

  uint32(what = 'fixed32'): number {
    this.need(4, what)
    this.position += 4
    return readUint32(this.bytes, this.position - 4)
  }

  uint64(what = 'fixed64'): number {
    this.need(8, what)
    const value = readUint64(this.bytes, this.position)
    if (value > Number.MAX_SAFE_INTEGER) throw this.corruption(`${what} is above 2^53 - 1`)
    this.position += 8
    return value
  }

  varint32(what = 'varint32'): number {
    const start = this.position
    // Nearly all are one byte.
    if (start < this.end && this.bytes[start] < 0x80) return this.bytes[this.position++]
    let value = 0
    for (let scale = 1; scale < 2 ** 35; scale *= 128) {
      this.need(1, what)
      const byte = this.bytes[this.position++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break
        return value
      }
    }
    throw this.corruption(`${what} is longer than 32 bits`, start)
  }

  varint64(what = 'varint64'): number {
    const start = this.position
    if (start < this.end && this.bytes[start] < 0x80) return this.bytes[this.position++]
    let value = 0
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      this.need(1, what)
      const byte = this.bytes[this.position++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
    }
    throw this.corruption(`${what} is above 2^53 - 1`, start)
  }

  /** A view of the next `length` bytes. */
  take(length: number, what = 'bytes'): Uint8Array {
    this.need(length, what)
    if (length === 0) return emptyBytes
    this.position += length
    return this.bytes.subarray(this.position - length, this.position)
  }

  /** A view of the bytes behind a varint32 length. */
  lengthPrefixed(what = 'length-prefixed bytes'): Uint8Array {
    return this.take(this.varint32(what), what)
  }
}

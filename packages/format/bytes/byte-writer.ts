import { copyBytes } from './bytes.ts'
import { writeUint16, writeUint32, writeUint64 } from './fixed.ts'
import { MAX_VARINT64_LENGTH, writeVarint } from './varint.ts'

/** Below it the cost of a new array is mostly not that of its bytes. */
const SMALL = 16 * 1024

/**
 * An append-only buffer that grows by doubling, faster while it is small. `view` is the bytes written so far, valid until the next
 * write; `take` is a copy that stays.
 */
export class ByteWriter {
  bytes: Uint8Array
  length = 0

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity)
  }

  /** Makes room for `more` bytes, so that what follows may write into `bytes` directly. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const factor = this.bytes.length < SMALL ? 4 : 2
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * factor))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  uint8(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  uint16(value: number): void {
    this.reserve(2)
    writeUint16(this.bytes, this.length, value)
    this.length += 2
  }

  uint32(value: number): void {
    this.reserve(4)
    writeUint32(this.bytes, this.length, value)
    this.length += 4
  }

  uint64(value: number): void {
    this.reserve(8)
    writeUint64(this.bytes, this.length, value)
    this.length += 8
  }

  varint(value: number): void {
    this.reserve(MAX_VARINT64_LENGTH)
    this.length = writeVarint(this.bytes, this.length, value)
  }

  append(source: Uint8Array, start = 0, end: number = source.length): void {
    this.reserve(end - start)
    copyBytes(source, start, end, this.bytes, this.length)
    this.length += end - start
  }

  lengthPrefixed(source: Uint8Array): void {
    this.varint(source.length)
    this.append(source)
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  take(): Uint8Array {
    return this.bytes.slice(0, this.length)
  }

  clear(): void {
    this.length = 0
  }
}

/**
 * Cursor over the records of one write batch, the payload of a WAL record.
 *
 *     batch  := sequence u64le, count u32le, record[]
 *     record := tag u8, [columnFamily varint32], slice[0..2]
 *     slice  := length varint32, bytes u8[length]
 *
 * `sequence` belongs to the first operation, each further operation gets the next one. `count` is how many
 * operations there are; log data, markers of prepared transactions and no-ops are records but not
 * operations.
 *
 * Stepping allocates nothing. The cursor may be opened again on other bytes.
 *
 * RocksDB: db/write_batch.cc
 */
import { readUint32, readUint64 } from '../bytes/index.ts'
import { CorruptionError } from '../errors/index.ts'
import {
  BatchTag,
  batchTagName,
  SHAPE_COLUMN_FAMILY,
  SHAPE_COUNTED,
  SLICES_MASK,
  shortTag,
  tagShape,
} from './batch-tag.ts'

export const BATCH_HEADER_LENGTH = 12

export class BatchCursor {
  bytes: Uint8Array
  /** Of the first operation. */
  sequence = 0
  /** Operations, as the header says; `next` checks it when it meets the end. */
  count = 0

  /** True while the cursor is on a record. */
  valid = false
  /** The record's tag as it stands. */
  rawTag = 0
  /**
   * The tag with the column family taken out of it: `Put` for `ColumnFamilyPut`. For an operation this is
   * the value type of its internal key.
   */
  tag = 0
  /** True for an operation, false for log data and markers. */
  counted = false
  /** The sequence number of this operation. For other records that of the next operation. */
  recordSequence = 0
  columnFamily = 0
  /** The first slice, or empty: a key, the begin key of a range, log data, a transaction's id. */
  keyStart = 0
  keyEnd = 0
  /** The second slice, or empty: a value, an operand, the end key of a range. */
  valueStart = 0
  valueEnd = 0
  /** The record is bytes[recordStart..position). */
  recordStart = 0
  position = 0

  private end = 0
  private operations = 0 // Up to and including the current record.
  private file: string | undefined
  private fileOffset = 0

  /** For errors: the batch comes from `file`, where bytes[0] lies at `fileOffset`. */
  constructor(bytes: Uint8Array, file?: string, fileOffset = 0) {
    this.bytes = bytes
    this.open(bytes, 0, bytes.length, file, fileOffset)
  }

  /** Goes before the first record of the batch bytes[start..end). */
  open(bytes: Uint8Array, start: number, end: number, file?: string, fileOffset = 0): void {
    this.bytes = bytes
    this.file = file
    this.fileOffset = fileOffset
    this.recordStart = start
    this.end = end
    this.operations = 0
    this.valid = false
    if (end - start < BATCH_HEADER_LENGTH)
      throw this.corruption('write batch is shorter than its header', start)
    this.sequence = readUint64(bytes, start)
    if (this.sequence > Number.MAX_SAFE_INTEGER) {
      throw this.corruption('sequence number is above 2^53 - 1', start)
    }
    this.count = readUint32(bytes, start + 8)
    this.position = start + BATCH_HEADER_LENGTH
  }

  /** Moves to the next record; false behind the last one. */
  next(): boolean {
    if (this.position >= this.end) return this.finish()
    this.recordStart = this.position
    const tag = this.bytes[this.position++]
    const shape = tagShape[tag]
    if (shape === 0) throw this.corruption(`unknown write batch tag ${tag}`, this.recordStart)
    this.rawTag = tag
    this.tag = shortTag[tag]
    this.counted = (shape & SHAPE_COUNTED) !== 0
    this.recordSequence = this.sequence + this.operations
    if (this.counted) this.operations++
    this.columnFamily = (shape & SHAPE_COLUMN_FAMILY) === 0 ? 0 : this.readVarint32()
    this.readSlices(shape & SLICES_MASK)
    this.valid = true
    return true
  }

  /** A view of the first slice. */
  key(): Uint8Array {
    return this.bytes.subarray(this.keyStart, this.keyEnd)
  }

  /** A view of the second slice. */
  value(): Uint8Array {
    return this.bytes.subarray(this.valueStart, this.valueEnd)
  }

  private readSlices(slices: number): void {
    this.keyStart = this.keyEnd = this.position
    if (slices >= 1) {
      const length = this.readLength()
      this.keyStart = this.position
      this.keyEnd = this.position += length
    }
    this.valueStart = this.valueEnd = this.position
    if (slices === 2) {
      const length = this.readLength()
      this.valueStart = this.position
      this.valueEnd = this.position += length
    }
  }

  private readLength(): number {
    const start = this.position
    const length = this.readVarint32()
    if (length > this.end - this.position) {
      throw this.corruption(`${batchTagName(this.rawTag)} runs past the end of its write batch`, start)
    }
    return length
  }

  private readVarint32(): number {
    if (this.position < this.end) {
      const byte = this.bytes[this.position]
      if (byte < 0x80) {
        this.position++
        return byte
      }
    }
    return this.readLongVarint32()
  }

  private readLongVarint32(): number {
    const start = this.position
    let value = 0
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      if (this.position >= this.end) throw this.corruption('write batch ends inside a record', start)
      const byte = this.bytes[this.position++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80 && value <= 0xffff_ffff) return value
      if (byte < 0x80) break
    }
    throw this.corruption('length in a write batch is longer than 32 bits', start)
  }

  private finish(): boolean {
    this.valid = false
    if (this.operations !== this.count) {
      const what = `write batch has ${this.operations} operations and says ${this.count}`
      throw this.corruption(what, this.end)
    }
    return false
  }

  private corruption(what: string, position: number): CorruptionError {
    return new CorruptionError(what, this.file, this.fileOffset + position)
  }
}

/** True for a tag that begins a section of a prepared transaction. */
export function beginsPrepare(tag: number): boolean {
  return (
    tag === BatchTag.BeginPrepare || tag === BatchTag.BeginPersistedPrepare || tag === BatchTag.BeginUnprepare
  )
}

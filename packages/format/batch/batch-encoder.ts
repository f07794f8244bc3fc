/**
 * Builds write batches, one after another in the same buffer: records are appended, `finish` patches the
 * header. See batch-cursor.ts for the bytes. Appending a record allocates nothing once the buffer has grown
 * to the size of the largest batch.
 *
 * RocksDB: db/write_batch.cc, class WriteBatchInternal
 */
import { ByteWriter, readUint32, writeUint32, writeUint64, writeVarint } from '../bytes/index.ts'
import { CorruptionError } from '../errors/index.ts'
import { BATCH_HEADER_LENGTH } from './batch-cursor.ts'
import { BatchTag } from './batch-tag.ts'

/** Room for a tag, a column family id and two lengths. */
const MAX_RECORD_OVERHEAD = 1 + 5 + 5 + 5

export class BatchEncoder {
  /** The batch so far, header included; the header's fields are written by `seal`. */
  readonly writer: ByteWriter
  /** Operations so far. */
  count = 0

  constructor(capacity = 4096) {
    this.writer = new ByteWriter(Math.max(capacity, BATCH_HEADER_LENGTH))
    this.writer.length = BATCH_HEADER_LENGTH
  }

  /** Bytes of the batch so far, header included. */
  get length(): number {
    return this.writer.length
  }

  putRecord(columnFamily: number, key: Uint8Array, value: Uint8Array): void {
    this.operation2(BatchTag.Put, BatchTag.ColumnFamilyPut, columnFamily, key, value)
  }

  deleteRecord(columnFamily: number, key: Uint8Array): void {
    this.operation1(BatchTag.Delete, BatchTag.ColumnFamilyDelete, columnFamily, key)
  }

  singleDelete(columnFamily: number, key: Uint8Array): void {
    this.operation1(BatchTag.SingleDelete, BatchTag.ColumnFamilySingleDelete, columnFamily, key)
  }

  merge(columnFamily: number, key: Uint8Array, operand: Uint8Array): void {
    this.operation2(BatchTag.Merge, BatchTag.ColumnFamilyMerge, columnFamily, key, operand)
  }

  /**
   * Deletes begin <= key < end. The caller refuses begin > end: RocksDB stops replaying a WAL at such a
   * record and drops all that follows it.
   */
  deleteRange(columnFamily: number, begin: Uint8Array, end: Uint8Array): void {
    this.operation2(BatchTag.DeleteRange, BatchTag.ColumnFamilyDeleteRange, columnFamily, begin, end)
  }

  putEntity(columnFamily: number, key: Uint8Array, entity: Uint8Array): void {
    this.operation2(BatchTag.PutEntity, BatchTag.ColumnFamilyPutEntity, columnFamily, key, entity)
  }

  /** Bytes that replay hands over and does not apply. Not an operation. */
  logData(bytes: Uint8Array): void {
    this.writer.reserve(MAX_RECORD_OVERHEAD + bytes.length)
    this.writer.bytes[this.writer.length++] = BatchTag.LogData
    this.slice(bytes)
  }

  /** Adds the records of another batch, which is complete and intact: the way a group of writers becomes one. */
  append(batch: Uint8Array): void {
    if (batch.length < BATCH_HEADER_LENGTH)
      throw new CorruptionError('write batch is shorter than its header')
    this.writer.append(batch, BATCH_HEADER_LENGTH)
    this.count += readUint32(batch, 8)
  }

  /** Adds the records that `other` holds so far. */
  appendEncoder(other: BatchEncoder): void {
    this.writer.append(other.writer.bytes, BATCH_HEADER_LENGTH, other.writer.length)
    this.count += other.count
  }

  /** Writes the header; the batch is then writer.bytes[0..writer.length). */
  seal(sequence: number): void {
    writeUint64(this.writer.bytes, 0, sequence)
    writeUint32(this.writer.bytes, 8, this.count)
  }

  /** A view of the finished batch, valid until the next call. */
  finish(sequence: number): Uint8Array {
    this.seal(sequence)
    return this.writer.view()
  }

  /** Starts the next batch. */
  clear(): void {
    this.writer.length = BATCH_HEADER_LENGTH
    this.count = 0
  }

  private operation1(tag: number, columnFamilyTag: number, columnFamily: number, key: Uint8Array): void {
    this.writer.reserve(MAX_RECORD_OVERHEAD + key.length)
    this.operationTag(tag, columnFamilyTag, columnFamily)
    this.slice(key)
  }

  private operation2(
    tag: number,
    columnFamilyTag: number,
    columnFamily: number,
    key: Uint8Array,
    value: Uint8Array,
  ): void {
    this.writer.reserve(MAX_RECORD_OVERHEAD + key.length + value.length)
    this.operationTag(tag, columnFamilyTag, columnFamily)
    this.slice(key)
    this.slice(value)
  }

  /** Column family 0 is written in the short form, as RocksDB does. */
  private operationTag(tag: number, columnFamilyTag: number, columnFamily: number): void {
    const writer = this.writer
    this.count++
    if (columnFamily === 0) {
      writer.bytes[writer.length++] = tag
      return
    }
    writer.bytes[writer.length++] = columnFamilyTag
    writer.length = writeVarint(writer.bytes, writer.length, columnFamily)
  }

  private slice(slice: Uint8Array): void {
    const writer = this.writer
    const at = writeVarint(writer.bytes, writer.length, slice.length)
    // Of an array as a whole: a third of the time that a range of it takes.
    writer.bytes.set(slice, at)
    writer.length = at + slice.length
  }
}

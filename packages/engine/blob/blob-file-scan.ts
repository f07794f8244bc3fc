/**
 * Reads a blob file from its first record to its last and checks all of it: header, both checksums of every record, footer.
 * The file may be larger than memory; a record is held whole.
 *
 * RocksDB: db/blob/blob_log_sequential_reader.cc
 */
import {
  BLOB_FOOTER_LENGTH,
  BLOB_HEADER_LENGTH,
  BLOB_RECORD_HEADER_LENGTH,
  type BlobHeader,
  type BlobRecord,
  decodeBlobFooter,
  decodeBlobHeader,
  readBlobRecord,
} from '@varve/format/blob'
import { ByteReader, readUint64 } from '@varve/format/bytes'
import { CorruptionError } from '@varve/format/errors'
import type { File } from '../fs/index.ts'

const WINDOW = 1024 * 1024

export class BlobFileScan {
  readonly header: BlobHeader
  /** Records met so far, and their bytes. */
  count = 0
  bytes = 0
  private readonly file: File
  /** Where the records end. */
  private readonly end: number
  /** Of the file, window[0..windowLength) begins here. */
  private windowStart = 0
  private windowLength = 0
  private window: Uint8Array
  private readonly record: BlobRecord = {
    recordStart: 0,
    expiration: 0,
    keyStart: 0,
    keyEnd: 0,
    valueStart: 0,
    valueEnd: 0,
  }

  constructor(file: File) {
    const size = file.size()
    if (size < BLOB_HEADER_LENGTH + BLOB_FOOTER_LENGTH)
      throw new CorruptionError('blob file has no footer', file.path, size)
    this.file = file
    this.end = size - BLOB_FOOTER_LENGTH
    this.window = new Uint8Array(Math.min(size, WINDOW))
    this.header = decodeBlobHeader(this.read(0, BLOB_HEADER_LENGTH), file.path)
  }

  /** Goes through all records, yielding the size of each; then checks their number against the footer. */
  *run(): Generator<number, void> {
    const { file, end, record } = this
    for (let position = BLOB_HEADER_LENGTH; position < end; ) {
      const bytes = this.recordAt(position)
      readBlobRecord(new ByteReader(bytes, 0, bytes.length, file.path, position), record)
      const length = record.valueEnd - record.recordStart
      this.count++
      this.bytes += length
      position += length
      yield length
    }
    const footer = decodeBlobFooter(this.read(end, BLOB_FOOTER_LENGTH), file.path, end)
    if (footer.count === this.count) return
    const what = `blob file has ${this.count} records and says ${footer.count}`
    throw new CorruptionError(what, file.path, end)
  }

  /** What lies from `position` on, with the whole record if there is one. What a header says is not believed beyond the end. */
  private recordAt(position: number): Uint8Array {
    const left = this.end - position
    const head = this.view(position, Math.min(left, BLOB_RECORD_HEADER_LENGTH))
    if (head.length < BLOB_RECORD_HEADER_LENGTH) return head
    const length = BLOB_RECORD_HEADER_LENGTH + readUint64(head, 0) + readUint64(head, 8)
    return this.view(position, Math.min(left, length))
  }

  private view(position: number, length: number): Uint8Array {
    if (position + length > this.windowStart + this.windowLength) this.fill(position, length)
    const start = position - this.windowStart
    return this.window.subarray(start, start + length)
  }

  private fill(position: number, length: number): void {
    const wanted = Math.min(Math.max(length, WINDOW), this.end - position)
    if (wanted > this.window.length) this.window = new Uint8Array(wanted)
    this.windowStart = position
    this.windowLength = this.file.readSync(this.window.subarray(0, wanted), position)
    if (this.windowLength < length)
      throw new CorruptionError('the file ends within a record', this.file.path, position)
  }

  private read(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    return bytes.subarray(0, this.file.readSync(bytes, position))
  }
}

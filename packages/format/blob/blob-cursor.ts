/**
 * Cursor over the records of a blob file.
 *
 *     record := keyLength u64le, valueLength u64le, expiration u64le,
 *               maskedCrc u32le (of the 24 bytes before), maskedCrc u32le (of key and value),
 *               key u8[keyLength], value u8[valueLength]
 *
 * The key is a user key; the value is stored as the file's compression says. A blob index points at the
 * value, not at the record.
 *
 * RocksDB: db/blob/blob_log_format.h, BlobLogRecord
 */
import { ByteReader, type ByteWriter, writeUint32, writeUint64 } from '../bytes/index.ts'
import { crc32c, maskCrc, unmaskCrc } from '../checksum/index.ts'
import { CorruptionError } from '../errors/index.ts'
import {
  BLOB_FOOTER_LENGTH,
  BLOB_HEADER_LENGTH,
  type BlobFooter,
  type BlobHeader,
  decodeBlobFooter,
  decodeBlobHeader,
} from './blob-file.ts'

export const BLOB_RECORD_HEADER_LENGTH = 32

/** What of a record's header its own checksum covers. */
const CHECKSUMMED_LENGTH = 24

export class BlobCursor {
  readonly bytes: Uint8Array
  readonly header: BlobHeader
  readonly footer: BlobFooter
  /** True while the cursor is on a record. */
  valid = false
  /** Records up to and including the current one. */
  count = 0
  recordStart = 0
  expiration = 0
  keyStart = 0
  keyEnd = 0
  valueStart = 0
  valueEnd = 0
  private readonly reader: ByteReader

  /** `bytes` is the whole file. */
  constructor(bytes: Uint8Array, file?: string) {
    this.bytes = bytes
    this.header = decodeBlobHeader(bytes, file)
    const end = bytes.length - BLOB_FOOTER_LENGTH
    if (end < BLOB_HEADER_LENGTH) throw new CorruptionError('blob file has no footer', file, bytes.length)
    this.footer = decodeBlobFooter(bytes.subarray(end), file, end)
    this.reader = new ByteReader(bytes, BLOB_HEADER_LENGTH, end, file)
  }

  /** Moves to the next record, checking both its checksums; false behind the last one. */
  next(): boolean {
    const reader = this.reader
    this.valid = reader.remaining > 0
    if (!this.valid) return this.finish()
    readBlobRecord(reader, this)
    this.count++
    return true
  }

  private finish(): boolean {
    if (this.count !== this.footer.count) {
      throw this.reader.corruption(`blob file has ${this.count} records and says ${this.footer.count}`)
    }
    return false
  }
}

/** The ranges of a record, as indexes into the reader's bytes. */
export interface BlobRecord {
  recordStart: number
  expiration: number
  keyStart: number
  keyEnd: number
  valueStart: number
  valueEnd: number
}

/** Reads the record at the reader's position into `record` and checks it. */
export function readBlobRecord(reader: ByteReader, record: BlobRecord): void {
  const start = reader.position
  reader.need(BLOB_RECORD_HEADER_LENGTH, 'blob record header')
  const computed = crc32c(reader.bytes, start, start + CHECKSUMMED_LENGTH)
  const keyLength = reader.uint64('key length')
  const valueLength = reader.uint64('value length')
  record.expiration = reader.uint64('expiration')
  if (unmaskCrc(reader.uint32('header checksum')) !== computed) {
    throw reader.corruption('checksum mismatch in blob record header', start)
  }
  const stored = unmaskCrc(reader.uint32('blob checksum'))
  record.recordStart = start
  record.keyStart = reader.position
  reader.take(keyLength, 'blob record key')
  record.keyEnd = record.valueStart = reader.position
  reader.take(valueLength, 'blob record value')
  record.valueEnd = reader.position
  if (crc32c(reader.bytes, record.keyStart, record.valueEnd) !== stored) {
    throw reader.corruption('checksum mismatch in blob record', start)
  }
}

/**
 * Writes at `at` of `into` the header of a record of key[0..keyEnd) and value[start..end), the value as it is to be stored.
 * Key and value follow it.
 */
export function writeBlobRecordHeader(
  into: Uint8Array,
  at: number,
  key: Uint8Array,
  keyEnd: number,
  value: Uint8Array,
  start: number,
  end: number,
  expiration = 0,
): void {
  writeUint64(into, at, keyEnd)
  writeUint64(into, at + 8, end - start)
  writeUint64(into, at + 16, expiration)
  writeUint32(into, at + CHECKSUMMED_LENGTH, maskCrc(crc32c(into, at, at + CHECKSUMMED_LENGTH)))
  const checksum = crc32c(value, start, end, crc32c(key, 0, keyEnd))
  writeUint32(into, at + CHECKSUMMED_LENGTH + 4, maskCrc(checksum))
}

/** Appends a record and returns where in `writer` its value begins. `value` is as it is to be stored. */
export function writeBlobRecord(
  writer: ByteWriter,
  key: Uint8Array,
  value: Uint8Array,
  expiration = 0,
): number {
  writer.reserve(BLOB_RECORD_HEADER_LENGTH)
  writeBlobRecordHeader(writer.bytes, writer.length, key, key.length, value, 0, value.length, expiration)
  writer.length += BLOB_RECORD_HEADER_LENGTH
  writer.append(key)
  const valueStart = writer.length
  writer.append(value)
  return valueStart
}

/**
 * Header and footer of a blob file, where values live that are kept outside the tables.
 *
 *     file   := header, record[], footer
 *     header := magic u32le, version u32le, columnFamily u32le, flags u8, compression u8, expiration
 *     footer := magic u32le, count u64le, expiration, maskedCrc u32le (of the footer's first 28 bytes)
 *     expiration := from u64le, to u64le; zeros except in files of the old stacked BlobDB
 *
 * The footer is missing from a file that was not finished. For records see blob-cursor.ts.
 *
 * RocksDB: db/blob/blob_log_format.h
 */
import { ByteReader, ByteWriter } from '../bytes/index.ts'
import { crc32c, maskCrc, unmaskCrc } from '../checksum/index.ts'

export const BLOB_MAGIC = 0x0024_8f37
export const BLOB_VERSION = 1
export const BLOB_HEADER_LENGTH = 30
export const BLOB_FOOTER_LENGTH = 32

const FLAG_HAS_TTL = 1

export interface BlobHeader {
  columnFamily: number
  hasTtl: boolean
  /** A `CompressionType`, of every value in the file. */
  compression: number
  expirationFrom: number
  expirationTo: number
}

export interface BlobFooter {
  count: number
  expirationFrom: number
  expirationTo: number
}

/** Decodes the file's first bytes; there may be more behind the header. */
export function decodeBlobHeader(bytes: Uint8Array, file?: string): BlobHeader {
  return readBlobHeader(new ByteReader(bytes, 0, bytes.length, file))
}

export function readBlobHeader(reader: ByteReader): BlobHeader {
  const start = reader.position
  reader.need(BLOB_HEADER_LENGTH, 'blob file header')
  if (reader.uint32('magic') !== BLOB_MAGIC) throw reader.corruption('not a blob file: wrong magic', start)
  const version = reader.uint32('version')
  if (version !== BLOB_VERSION) throw reader.corruption(`unknown blob file version ${version}`, start + 4)
  return {
    columnFamily: reader.uint32('column family'),
    hasTtl: (reader.uint8('flags') & FLAG_HAS_TTL) !== 0,
    compression: reader.uint8('compression type'),
    expirationFrom: reader.uint64('expiration from'),
    expirationTo: reader.uint64('expiration to'),
  }
}

export function encodeBlobHeader(header: BlobHeader): Uint8Array {
  const writer = new ByteWriter(BLOB_HEADER_LENGTH)
  writer.uint32(BLOB_MAGIC)
  writer.uint32(BLOB_VERSION)
  writer.uint32(header.columnFamily)
  writer.uint8(header.hasTtl ? FLAG_HAS_TTL : 0)
  writer.uint8(header.compression)
  writer.uint64(header.expirationFrom)
  writer.uint64(header.expirationTo)
  return writer.take()
}

/** Decodes the file's last 32 bytes; `fileOffset` is where they lie in it. */
export function decodeBlobFooter(tail: Uint8Array, file?: string, fileOffset = 0): BlobFooter {
  return readBlobFooter(new ByteReader(tail, 0, tail.length, file, fileOffset))
}

export function readBlobFooter(reader: ByteReader): BlobFooter {
  const start = reader.position
  reader.need(BLOB_FOOTER_LENGTH, 'blob file footer')
  if (reader.uint32('magic') !== BLOB_MAGIC) throw reader.corruption('blob file has no footer', start)
  const footer = {
    count: reader.uint64('blob count'),
    expirationFrom: reader.uint64('expiration from'),
    expirationTo: reader.uint64('expiration to'),
  }
  const computed = crc32c(reader.bytes, start, reader.position)
  if (unmaskCrc(reader.uint32('footer checksum')) !== computed) {
    throw reader.corruption('checksum mismatch in blob file footer', start)
  }
  return footer
}

export function encodeBlobFooter(footer: BlobFooter): Uint8Array {
  const writer = new ByteWriter(BLOB_FOOTER_LENGTH)
  writer.uint32(BLOB_MAGIC)
  writer.uint64(footer.count)
  writer.uint64(footer.expirationFrom)
  writer.uint64(footer.expirationTo)
  writer.uint32(maskCrc(crc32c(writer.bytes, 0, writer.length)))
  return writer.take()
}

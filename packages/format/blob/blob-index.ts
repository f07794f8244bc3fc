/**
 * Blob index: the value of a table entry of type BlobIndex, which says where the user's value is.
 *
 *     index := kind u8 = 1, fileNumber varint64, offset varint64, size varint64, compression u8
 *
 * `offset` is that of the value's bytes in the blob file, `size` their length as stored. Kinds 0 (the value is
 * in the index, with an expiration) and 2 (as 1, with an expiration) are of the old stacked BlobDB.
 *
 * RocksDB: db/blob/blob_index.h
 */
import { ByteReader, writeVarint } from '../bytes/index.ts'
import { notSupported } from '../errors/index.ts'

export interface BlobIndex {
  fileNumber: number
  offset: number
  size: number
  /** A `CompressionType`. */
  compression: number
}

/** No index is longer: kind, three varints, compression. */
export const BLOB_INDEX_MAX = 32

const BlobIndexKind = { InlinedTtl: 0, Blob: 1, BlobTtl: 2 } as const

export function decodeBlobIndex(bytes: Uint8Array, file?: string, fileOffset = 0): BlobIndex {
  return readBlobIndex(new ByteReader(bytes, 0, bytes.length, file, fileOffset))
}

export function readBlobIndex(reader: ByteReader): BlobIndex {
  const start = reader.position
  const kind = reader.uint8('blob index kind')
  if (kind === BlobIndexKind.InlinedTtl || kind === BlobIndexKind.BlobTtl) {
    throw notSupported(
      'a blob index with an expiration (stacked BlobDB)',
      reader.file,
      reader.fileOffset + start,
    )
  }
  if (kind !== BlobIndexKind.Blob) throw reader.corruption(`unknown blob index kind ${kind}`, start)
  const index = {
    fileNumber: reader.varint64('blob file number'),
    offset: reader.varint64('blob offset'),
    size: reader.varint64('blob size'),
    compression: reader.uint8('compression type'),
  }
  if (reader.remaining > 0) throw reader.corruption('blob index is too long')
  return index
}

export function encodeBlobIndex(index: BlobIndex): Uint8Array {
  const bytes = new Uint8Array(BLOB_INDEX_MAX)
  return bytes.slice(0, writeBlobIndex(bytes, index))
}

/** Writes the index at the beginning of `into`, which has `BLOB_INDEX_MAX` bytes, and returns its length. */
export function writeBlobIndex(into: Uint8Array, index: BlobIndex): number {
  into[0] = BlobIndexKind.Blob
  let at = writeVarint(into, 1, index.fileNumber)
  at = writeVarint(into, at, index.offset)
  at = writeVarint(into, at, index.size)
  into[at] = index.compression
  return at + 1
}

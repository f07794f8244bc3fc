/**
 * An open blob file. Its header and footer are checked when it is opened, and every record that is read is checked whole:
 * both checksums, and that it is the record of the key that refers to it. So a wrong reference is found as surely as
 * a wrong byte.
 *
 *     reference ──────────────────────────┐
 *     record:   header (32 bytes) │ key │ value        one read takes all three
 *
 * RocksDB: db/blob/blob_file_reader.cc
 */
import {
  BLOB_FOOTER_LENGTH,
  BLOB_HEADER_LENGTH,
  BLOB_RECORD_HEADER_LENGTH,
  type BlobIndex,
  type BlobRecord,
  decodeBlobFooter,
  decodeBlobHeader,
  readBlobRecord,
} from '@varve/format/blob'
import { ByteReader, compareBytes } from '@varve/format/bytes'
import { compressionName, decompressBlock } from '@varve/format/compress'
import { CorruptionError, isVarveError, notSupported } from '@varve/format/errors'
import type { BlobAddition } from '@varve/format/manifest'
import type { File, FileSystem } from '../fs/index.ts'
import { TableFile } from '../table/table-file.ts'

/** What the MANIFEST says about a blob file. */
export interface BlobIdentity extends Pick<BlobAddition, 'number' | 'totalCount' | 'totalBytes'> {
  columnFamily: number
}

/** Stored values have the layout of blocks from format_version 2 on. */
const COMPRESSION_LAYOUT = 2

/** Where a record lies that a reference points into. */
interface Place {
  start: number
  length: number
}

export class BlobFileReader {
  readonly file: TableFile
  /** A `CompressionType`, of every value. */
  readonly compression: number

  private constructor(file: TableFile, compression: number) {
    this.file = file
    this.compression = compression
  }

  static async open(fs: FileSystem, path: string, identity: BlobIdentity): Promise<BlobFileReader> {
    const file = await fs.open(path, 'read').catch((error: unknown) => refuseMissing(error, path))
    try {
      const size = checkSize(file, identity)
      const header = new Uint8Array(BLOB_HEADER_LENGTH)
      const footer = new Uint8Array(BLOB_FOOTER_LENGTH)
      await file.read(header, 0)
      await file.read(footer, size - BLOB_FOOTER_LENGTH)
      return new BlobFileReader(
        new TableFile(fs, path, size, file),
        checkEnds(header, footer, path, identity),
      )
    } catch (error) {
      await file.close()
      throw error
    }
  }

  static openSync(fs: FileSystem, path: string, identity: BlobIdentity): BlobFileReader {
    const file = openOrRefuse(fs, path)
    try {
      const size = checkSize(file, identity)
      const header = new Uint8Array(BLOB_HEADER_LENGTH)
      const footer = new Uint8Array(BLOB_FOOTER_LENGTH)
      file.readSync(header, 0)
      file.readSync(footer, size - BLOB_FOOTER_LENGTH)
      return new BlobFileReader(
        new TableFile(fs, path, size, file),
        checkEnds(header, footer, path, identity),
      )
    } catch (error) {
      file.closeSync()
      throw error
    }
  }

  /** The value that `reference`, an entry of `key`, stands for. It belongs to the caller. */
  async read(reference: BlobIndex, key: Uint8Array): Promise<Uint8Array> {
    const { start, length } = this.placeOf(reference, key)
    return this.valueIn(await this.file.read(start, length), start, reference, key)
  }

  readSync(reference: BlobIndex, key: Uint8Array): Uint8Array {
    const { start, length } = this.placeOf(reference, key)
    return this.valueIn(this.file.readSync(start, length), start, reference, key)
  }

  /** Before any memory is taken: what a reference says may be anything. */
  private placeOf({ offset, size, compression }: BlobIndex, key: Uint8Array): Place {
    const { path, size: fileSize } = this.file
    const before = BLOB_RECORD_HEADER_LENGTH + key.length
    const start = offset - before
    if (start < BLOB_HEADER_LENGTH || offset + size > fileSize - BLOB_FOOTER_LENGTH) {
      throw new CorruptionError(`a reference to ${size} bytes that are not among the values`, path, offset)
    }
    if (compression !== this.compression) {
      const [refers, has] = [compressionName(compression), compressionName(this.compression)]
      throw new CorruptionError(`a reference to ${refers} where the file has ${has}`, path, offset)
    }
    return { start, length: before + size }
  }

  private valueIn(bytes: Uint8Array, start: number, reference: BlobIndex, key: Uint8Array): Uint8Array {
    const { path } = this.file
    const reader = new ByteReader(bytes, 0, bytes.length, path, start)
    const record: BlobRecord = { ...noRecord }
    readBlobRecord(reader, record)
    const { keyStart, keyEnd, valueStart, valueEnd } = record
    const isOfKey = compareBytes(bytes, keyStart, keyEnd, key, 0, key.length) === 0
    if (!isOfKey || valueEnd - valueStart !== reference.size || reader.remaining > 0) {
      throw new CorruptionError('the record is not the one that an entry refers to', path, start)
    }
    const stored = bytes.subarray(valueStart, valueEnd)
    const place = { file: path, offset: start + valueStart }
    return decompressBlock(this.compression, stored, COMPRESSION_LAYOUT, place)
  }
}

const noRecord: BlobRecord = {
  recordStart: 0,
  expiration: 0,
  keyStart: 0,
  keyEnd: 0,
  valueStart: 0,
  valueEnd: 0,
}

function openOrRefuse(fs: FileSystem, path: string): File {
  try {
    return fs.openSync(path, 'read')
  } catch (error) {
    return refuseMissing(error, path)
  }
}

/** Files are asked for because the MANIFEST names them: one that is not there is damage. */
function refuseMissing(error: unknown, path: string): never {
  if (!isVarveError(error, 'NOT_FOUND')) throw error
  throw new CorruptionError('a blob file that the MANIFEST names is missing', path, undefined, error)
}

function checkSize(file: File, { totalBytes }: BlobIdentity): number {
  const size = file.size()
  const recorded = BLOB_HEADER_LENGTH + totalBytes + BLOB_FOOTER_LENGTH
  if (size === recorded) return size
  const what = `the blob file has ${size} bytes and not the ${recorded} recorded`
  throw new CorruptionError(what, file.path, Math.min(size, recorded))
}

/** Checks header and footer against what the MANIFEST says; gives the compression. */
function checkEnds(header: Uint8Array, footer: Uint8Array, path: string, identity: BlobIdentity): number {
  const { columnFamily, hasTtl, compression } = decodeBlobHeader(header, path)
  if (hasTtl) throw notSupported('a blob file with expirations (stacked BlobDB)', path)
  if (columnFamily !== identity.columnFamily) {
    const what = `the blob file is of column family ${columnFamily} and not ${identity.columnFamily}`
    throw new CorruptionError(what, path, 8)
  }
  const at = BLOB_HEADER_LENGTH + identity.totalBytes
  const { count } = decodeBlobFooter(footer, path, at)
  if (count === identity.totalCount) return compression
  throw new CorruptionError(
    `the blob file has ${count} values and not the ${identity.totalCount} recorded`,
    path,
    at,
  )
}

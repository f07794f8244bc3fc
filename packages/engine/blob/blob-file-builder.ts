/**
 * Writes values to blob files, one after another, each until it has `blobFileSize` bytes. A file is on the device when it is
 * finished; its name is not until the directory is synced.
 *
 * Short records are gathered in a buffer, so a value is copied once; a long one is written from where it lies.
 *
 * RocksDB: db/blob/blob_file_builder.cc
 */
import {
  BLOB_FOOTER_LENGTH,
  BLOB_HEADER_LENGTH,
  BLOB_INDEX_MAX,
  BLOB_RECORD_HEADER_LENGTH,
  encodeBlobFooter,
  encodeBlobHeader,
  writeBlobIndex,
  writeBlobRecordHeader,
} from '@varve/format/blob'
import { copyBytes, emptyBytes } from '@varve/format/bytes'
import { CompressionType, compressWhole } from '@varve/format/compress'
import type { BlobAddition } from '@varve/format/manifest'
import { blobName } from '@varve/format/names'
import type { File, FileSystem } from '../fs/index.ts'

export interface BlobFileBuilderOptions {
  directory: string
  columnFamily: number
  /** Values of fewer bytes stay in the tables. */
  minBlobSize: number
  /** Bytes at which a file is finished. */
  blobFileSize: number
  /** A `CompressionType`. */
  compression: number
  /** Numbers [first, first + count) are for the files; the last one takes what is left. */
  fileNumbers: { first: number; count: number }
}

const BUFFER_LENGTH = 256 * 1024
/** Longer values are not copied. */
const BUFFERED_MAX = 32 * 1024

const noExpiration = { expirationFrom: 0, expirationTo: 0 }

export class BlobFileBuilder {
  /** The reference to the value that was added last is index[0..indexLength). */
  readonly index = new Uint8Array(BLOB_INDEX_MAX)
  indexLength = 0
  /** The number of the file that it is in. */
  fileNumber = 0
  /** The files that are finished. */
  readonly additions: BlobAddition[] = []
  bytesWritten = 0
  readonly minBlobSize: number

  private readonly fs: FileSystem
  private readonly options: BlobFileBuilderOptions
  private readonly paths: string[] = []
  private file: File | undefined = undefined
  /** Where in the file the buffer begins. */
  private position = 0
  private buffer: Uint8Array = emptyBytes
  private buffered = 0
  private count = 0

  constructor(fs: FileSystem, options: BlobFileBuilderOptions) {
    this.fs = fs
    this.options = options
    this.minBlobSize = options.minBlobSize
  }

  /** Adds value[start..end) of the user key key[0..keyEnd). */
  add(key: Uint8Array, keyEnd: number, value: Uint8Array, start: number, end: number): void {
    const file = this.file ?? this.startFile()
    const { compression } = this.options
    if (compression === CompressionType.None) this.addStored(file, key, keyEnd, value, start, end)
    else {
      const stored = compressWhole(compression, value.subarray(start, end))
      this.addStored(file, key, keyEnd, stored, 0, stored.length)
    }
    const isLast = this.paths.length >= this.options.fileNumbers.count
    if (this.position + this.buffered >= this.options.blobFileSize && !isLast) this.finish()
  }

  /** Completes and syncs the file that is being written, if there is one. */
  finish(): void {
    const { file, count } = this
    if (file === undefined) return
    this.append(file, encodeBlobFooter({ count, ...noExpiration }))
    this.writeOut(file)
    file.syncSync()
    this.file = undefined
    file.closeSync()
    this.bytesWritten += this.position
    const totalBytes = this.position - BLOB_HEADER_LENGTH - BLOB_FOOTER_LENGTH
    const number = this.fileNumber
    this.additions.push({
      number,
      totalCount: count,
      totalBytes,
      checksumMethod: '',
      checksumValue: emptyBytes,
    })
  }

  /** Removes what was written. It must not hide the error that made it necessary. */
  abandon(): void {
    for (const path of this.paths) this.remove(path)
  }

  private remove(path: string): void {
    try {
      if (path === this.file?.path) this.file.closeSync()
      this.fs.unlinkSync(path)
    } catch {
      // Nobody knows the file: the next open of the database moves it out of the way.
      return
    }
  }

  private addStored(
    file: File,
    key: Uint8Array,
    keyEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): void {
    const headLength = BLOB_RECORD_HEADER_LENGTH + keyEnd
    if (this.buffered + headLength > BUFFER_LENGTH) this.writeOut(file)
    if (headLength > BUFFER_LENGTH) this.buffer = new Uint8Array(headLength)
    writeBlobRecordHeader(this.buffer, this.buffered, key, keyEnd, value, start, end)
    copyBytes(key, 0, keyEnd, this.buffer, this.buffered + BLOB_RECORD_HEADER_LENGTH)
    this.buffered += headLength
    const { fileNumber, options } = this
    const offset = this.position + this.buffered
    const reference = { fileNumber, offset, size: end - start, compression: options.compression }
    this.indexLength = writeBlobIndex(this.index, reference)
    this.append(file, value, start, end)
    this.count++
  }

  private append(file: File, bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const length = end - start
    if (this.buffered + length > this.buffer.length) this.writeOut(file)
    if (length <= BUFFERED_MAX) {
      copyBytes(bytes, start, end, this.buffer, this.buffered)
      this.buffered += length
      return
    }
    this.writeOut(file)
    file.writeSync(bytes.subarray(start, end), this.position)
    this.position += length
  }

  private writeOut(file: File): void {
    if (this.buffered === 0) return
    file.writeSync(this.buffer.subarray(0, this.buffered), this.position)
    this.position += this.buffered
    this.buffered = 0
  }

  private startFile(): File {
    const { directory, columnFamily, compression, fileNumbers } = this.options
    this.fileNumber = fileNumbers.first + this.paths.length
    const path = `${directory}/${blobName(this.fileNumber)}`
    if (this.buffer.length === 0) this.buffer = new Uint8Array(BUFFER_LENGTH)
    const file = this.fs.openSync(path, 'create')
    this.paths.push(path)
    this.file = file
    this.position = 0
    this.buffered = 0
    this.count = 0
    this.append(file, encodeBlobHeader({ columnFamily, hasTtl: false, compression, ...noExpiration }))
    return file
  }
}

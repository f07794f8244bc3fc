/**
 * The open blob files of a database: opened when a value in them is first asked for, kept with their `BlobFileMeta`, closed
 * when their file goes. `maxOpenFiles` counts them together with the tables.
 *
 * RocksDB: db/blob/blob_file_cache.cc, db/blob/blob_source.cc
 */
import { readBlobIndex } from '@varve/format/blob'
import { ByteReader } from '@varve/format/bytes'
import { CorruptionError } from '@varve/format/errors'
import { blobName } from '@varve/format/names'
import type { FileSystem } from '../fs/index.ts'
import type { OpenFiles } from '../table/open-files.ts'
import { type BlobFileMeta, findBlobFile } from '../version/blob-file-meta.ts'
import type { Version } from '../version/version.ts'
import { BlobFileReader } from './blob-file-reader.ts'
import { BlobRequest } from './blob-request.ts'

export class BlobFileCache {
  private readonly fs: FileSystem
  private readonly directory: string
  private readonly openFiles: OpenFiles
  private readonly readers = new Map<number, BlobFileReader>()
  private readonly openings = new Map<number, Promise<BlobFileReader>>()

  constructor(fs: FileSystem, directory: string, openFiles: OpenFiles) {
    this.fs = fs
    this.directory = directory
    this.openFiles = openFiles
  }

  /**
   * What has to be loaded for the value that index[indexStart..indexEnd), an entry of the user key key[keyStart..keyEnd)
   * in `version`, refers to. Throws `CORRUPTION` where the version has no such file.
   */
  request(
    version: Version,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    index: Uint8Array,
    indexStart: number,
    indexEnd: number,
  ): BlobRequest {
    const reference = readBlobIndex(new ByteReader(index, indexStart, indexEnd))
    const { fileNumber, offset } = reference
    const state = findBlobFile(version.blobFiles, fileNumber)
    if (state === undefined) {
      const what = 'an entry refers to a blob file that the MANIFEST does not have'
      throw new CorruptionError(what, this.path(fileNumber), offset)
    }
    return new BlobRequest(this, state.file, version.columnFamily, reference, key.slice(keyStart, keyEnd))
  }

  async open(file: BlobFileMeta, columnFamily: number): Promise<BlobFileReader> {
    if (file.reader !== undefined) return file.reader
    const underway = this.openings.get(file.number)
    if (underway !== undefined) return underway
    const identity = { ...file.record, columnFamily }
    const opening = BlobFileReader.open(this.fs, this.path(file.number), identity)
      .then(reader => this.adopt(file, reader))
      .finally(() => this.openings.delete(file.number))
    this.openings.set(file.number, opening)
    return opening
  }

  openSync(file: BlobFileMeta, columnFamily: number): BlobFileReader {
    if (file.reader !== undefined) return file.reader
    const identity = { ...file.record, columnFamily }
    return this.adopt(file, BlobFileReader.openSync(this.fs, this.path(file.number), identity))
  }

  /** Closes a file that no version holds any more. */
  async forget(file: BlobFileMeta): Promise<void> {
    // Whether it could be opened is the affair of whoever wanted to read it.
    await Promise.allSettled([this.openings.get(file.number)])
    const { reader } = file
    if (reader === undefined) return
    file.reader = undefined
    this.readers.delete(file.number)
    this.openFiles.remove(reader.file)
    await reader.file.close()
  }

  /** Closes every file. Each close is tried; the first failure is thrown at the end. */
  async close(): Promise<void> {
    await Promise.allSettled(this.openings.values())
    const readers = [...this.readers.values()]
    this.readers.clear()
    const outcomes = await Promise.allSettled(readers.map(({ file }) => file.close()))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  private adopt(file: BlobFileMeta, reader: BlobFileReader): BlobFileReader {
    if (file.reader !== undefined) {
      // Opened by a synchronous read while this one was under way.
      reader.file.closeSync()
      return file.reader
    }
    file.reader = reader
    this.readers.set(file.number, reader)
    this.openFiles.add(reader.file)
    return reader
  }

  private path(number: number): string {
    return `${this.directory}/${blobName(number)}`
  }
}

/**
 * What a flush or compaction has to do with blob files: it reads values that operands are merged into or that move to newer files,
 * writes large values to new files, and counts the garbage that it makes.
 *
 * RocksDB: the parts of db/compaction/compaction_iterator.cc and compaction_outputs.cc that speak of blobs
 */
import { type BlobIndex, readBlobIndex } from '@varve/format/blob'
import { ByteReader } from '@varve/format/bytes'
import { CorruptionError, notSupported } from '@varve/format/errors'
import { ValueType } from '@varve/format/key'
import type { BlobAddition, BlobGarbage } from '@varve/format/manifest'
import { blobName } from '@varve/format/names'
import { BlobFileBuilder, type BlobFileBuilderOptions } from '../blob/blob-file-builder.ts'
import { BlobFileReader, type BlobIdentity } from '../blob/blob-file-reader.ts'
import { BlobGarbageMeter } from '../blob/garbage-meter.ts'
import type { InternalCursor } from '../cursor/index.ts'
import type { FileSystem } from '../fs/index.ts'
import type { FileNumberRange } from './job-writer.ts'

export type BlobWriteOptions = Omit<BlobFileBuilderOptions, 'directory' | 'columnFamily'> & {
  fileNumbers: FileNumberRange
}

/** Part of a job's message. */
export interface BlobJobOptions {
  readonly columnFamily: number
  /** The live blob files, by ascending number. */
  readonly files: readonly Omit<BlobIdentity, 'columnFamily'>[]
  /** Values in files with smaller numbers are moved. */
  readonly cutoff: number
  /** How large values are written; absent, they go into the tables. */
  readonly write?: BlobWriteOptions
}

/**
 * Entities of RocksDB 11 may have values in blob files (version 2). To carry one on without its references would lose those
 * files: it is refused, and what was to be compacted stays.
 */
function refuseReferences(version: number): void {
  if (version !== 1) throw notSupported('compacting a wide-column entity with values in blob files')
}

/** Blob files that a job keeps open. */
const OPEN_MAX = 64

export class JobBlobs {
  /** Absent where large values go into the tables. */
  readonly builder: BlobFileBuilder | undefined
  bytesRead = 0
  private readonly fs: FileSystem
  private readonly directory: string
  private readonly options: BlobJobOptions
  private readonly meter = new BlobGarbageMeter()
  private readonly identities: ReadonlyMap<number, BlobIdentity>
  private readonly readers = new Map<number, BlobFileReader>()

  constructor(fs: FileSystem, directory: string, options: BlobJobOptions) {
    const { columnFamily, files, write } = options
    this.fs = fs
    this.directory = directory
    this.options = options
    this.identities = new Map(files.map(file => [file.number, { ...file, columnFamily }]))
    this.builder =
      write === undefined ? undefined : new BlobFileBuilder(fs, { ...write, directory, columnFamily })
  }

  /** Takes note of an entry that the job has read, before it is gone from `source`. */
  noteInput({ trailerLow, keyStart, keyEnd, valueBytes, valueStart, valueEnd }: InternalCursor): void {
    const type = trailerLow & 0xff
    if (type === ValueType.WideColumnEntity) refuseReferences(valueBytes[valueStart])
    if (type !== ValueType.BlobIndex) return
    this.meter.addIn(this.decode(valueBytes, valueStart, valueEnd), keyEnd - keyStart)
  }

  /** Takes note of a reference that is written to a table; gives the number of the file that it refers to. */
  noteOutput(keyLength: number, bytes: Uint8Array, start: number, end: number): number {
    const reference = this.decode(bytes, start, end)
    this.meter.addOut(reference, keyLength)
    return reference.fileNumber
  }

  /** The value that an entry of `key` refers to, if it is to be moved. */
  moved(key: Uint8Array, bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const reference = this.decode(bytes, start, end)
    return reference.fileNumber < this.options.cutoff ? this.readValue(reference, key) : undefined
  }

  /** The value that an entry of `key` refers to. */
  read(key: Uint8Array, { valueBytes, valueStart, valueEnd }: InternalCursor): Uint8Array {
    return this.readValue(this.decode(valueBytes, valueStart, valueEnd), key)
  }

  get additions(): BlobAddition[] {
    return this.builder?.additions ?? []
  }

  get garbage(): BlobGarbage[] {
    return this.meter.garbage()
  }

  /** Closes what was read. */
  close(): void {
    for (const { file } of this.readers.values()) file.closeSync()
    this.readers.clear()
  }

  private readValue(reference: BlobIndex, key: Uint8Array): Uint8Array {
    this.bytesRead += reference.size
    return this.reader(reference.fileNumber).readSync(reference, key)
  }

  private reader(number: number): BlobFileReader {
    const known = this.readers.get(number)
    if (known !== undefined) return known
    if (this.readers.size >= OPEN_MAX) this.close()
    const reader = BlobFileReader.openSync(this.fs, this.path(number), this.identity(number))
    this.readers.set(number, reader)
    return reader
  }

  /** A reference that leads nowhere must not be carried on. */
  private decode(bytes: Uint8Array, start: number, end: number): BlobIndex {
    const reference = readBlobIndex(new ByteReader(bytes, start, end))
    this.identity(reference.fileNumber)
    return reference
  }

  private identity(number: number): BlobIdentity {
    const identity = this.identities.get(number)
    if (identity !== undefined) return identity
    throw new CorruptionError(
      'an entry refers to a blob file that the MANIFEST does not have',
      this.path(number),
    )
  }

  private path(number: number): string {
    return `${this.directory}/${blobName(number)}`
  }
}

/**
 * One table being written by a job: its file, its builder, and what the MANIFEST will say about it. The file is
 * on the device when `finish` returns; its name is not until the directory is synced.
 */
import type { UnfoldedIndex } from '@varve/format/block'
import { CorruptionError } from '@varve/format/errors'
import { type KeyOrder, makeInternalKey, sequenceOfTrailer, typeOfTrailer } from '@varve/format/key'
import { type NewFile, uniqueIdOf } from '@varve/format/manifest'
import { tableName } from '@varve/format/names'
import { TableBuilder, type TableBuilderOptions, type TableSummary } from '@varve/format/sst'
import { driveSync, Step } from '../cursor/index.ts'
import type { File, FileSystem } from '../fs/index.ts'
import { TableCursor } from '../table/table-cursor.ts'
import { TableReader } from '../table/table-reader.ts'
import type { FileStatistics } from '../version/file-meta.ts'

export interface OutputFile {
  record: NewFile
  /** For whoever opens the table next. */
  index: UnfoldedIndex
  statistics: FileStatistics
}

/** What is the same for all outputs of a job. */
export interface OutputOptions {
  directory: string
  level: number
  epochNumber: number
  /** Unix seconds: now, and when the oldest data in the inputs was first flushed. */
  fileCreationTime: number
  oldestAncestorTime: number
  table: TableBuilderOptions
  /** Reads every entry of the finished table back. */
  paranoidFileChecks: boolean
}

export class TableOutput {
  readonly number: number
  readonly path: string
  readonly builder: TableBuilder

  private readonly fs: FileSystem
  private readonly options: OutputOptions
  private readonly file: File
  private position = 0
  private oldestBlobFile = 0
  private readonly order: KeyOrder

  constructor(fs: FileSystem, number: number, options: OutputOptions, order: KeyOrder) {
    this.order = order
    this.fs = fs
    this.number = number
    this.options = options
    this.path = `${options.directory}/${tableName(number)}`
    const { fileCreationTime, oldestAncestorTime } = options
    const own = { originalFileNumber: number, fileCreationTime, creationTime: oldestAncestorTime }
    this.file = fs.openSync(this.path, 'create')
    this.builder = new TableBuilder(
      { ...options.table, ...own, oldestKeyTime: oldestAncestorTime },
      bytes => {
        this.file.writeSync(bytes, this.position)
        this.position += bytes.length
      },
      order,
    )
  }

  /** An entry refers to this blob file. */
  noteBlobFile(number: number): void {
    if (this.oldestBlobFile === 0 || number < this.oldestBlobFile) this.oldestBlobFile = number
  }

  /** Completes and syncs the table, and opens it as a reader would. */
  finish(): OutputFile {
    const summary = this.builder.finish()
    const { rawKeySize, rawValueSize } = this.builder.statistics
    this.file.syncSync()
    this.file.closeSync()
    const record = this.record(summary)
    const index = this.check(record, summary.entries)
    const { entries, deletions, rangeDeletions, mergeOperands } = this.builder.statistics
    const counts = { entries, deletions, rangeDeletions, mergeOperands }
    return { record, index, statistics: { ...counts, rawKeySize, rawValueSize } }
  }

  /** Removes what was written. It must not hide the error that made it necessary. */
  abandon(): void {
    try {
      this.file.closeSync()
      this.fs.unlinkSync(this.path)
    } catch {
      // Nobody knows the file: the next open of the database moves it out of the way.
      return
    }
  }

  private record(summary: TableSummary): NewFile {
    const { level, epochNumber, fileCreationTime, oldestAncestorTime, table } = this.options
    const record: NewFile = {
      level,
      number: this.number,
      size: summary.fileSize,
      smallest: summary.smallest,
      largest: summary.largest,
      smallestSequence: summary.smallestSequence,
      largestSequence: summary.largestSequence,
      oldestAncestorTime,
      fileCreationTime,
      epochNumber,
      tailSize: summary.tailSize,
    }
    if (this.oldestBlobFile !== 0) record.oldestBlobFileNumber = this.oldestBlobFile
    const uniqueId = uniqueIdOf(table.dbId ?? '', table.dbSessionId ?? '', this.number)
    if (uniqueId !== undefined) record.uniqueId = uniqueId
    return record
  }

  /** A table that cannot be opened must never replace its inputs. */
  private check(record: NewFile, entries: number): UnfoldedIndex {
    const reader = TableReader.openSync(this.fs, this.path, record, {
      readahead: CHECK_READAHEAD,
      order: this.order,
    })
    try {
      const found = this.options.paranoidFileChecks
        ? countEntries(reader) + (reader.properties?.rangeDeletions ?? 0)
        : (reader.properties?.entries ?? -1)
      if (found === entries) return reader.index.unfolded()
      throw new CorruptionError(`${entries} entries were written and ${found} read back`, this.path)
    } finally {
      reader.closeSync()
    }
  }
}

const CHECK_READAHEAD = 2 * 1024 * 1024

/** Reads all blocks, which checks their checksums, and the order of the keys. */
function countEntries(reader: TableReader): number {
  const cursor = new TableCursor(reader, false)
  const next = () => cursor.next()
  let previous: Uint8Array | undefined
  let count = 0
  for (
    let step = driveSync(() => cursor.first(), cursor);
    step === Step.moved;
    step = driveSync(next, cursor)
  ) {
    const key = makeInternalKey(
      cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd),
      sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh),
      typeOfTrailer(cursor.trailerLow),
    )
    if (previous !== undefined && reader.order.compareInternalKeys(previous, key) >= 0) {
      throw new CorruptionError('keys read back are not in order', reader.file.path)
    }
    previous = key
    count++
  }
  return count
}

/**
 * The common part of flushes and compactions: writes what a `CompactionCursor` gives to as many tables as the
 * cutter says. When the result is returned, files and directory entries are on the device; when an error is
 * thrown, nothing that was written is left.
 */
import { VarveError } from '@varve/format/errors'
import { type KeyOrder, ValueType } from '@varve/format/key'
import type { FileSystem } from '../fs/index.ts'
import type { JobProgress, OnProgress } from '../runtime/index.ts'
import { RangeTombstones } from '../tombstone/index.ts'
import type { CompactionCursor } from './compaction-cursor.ts'
import type { JobBlobs } from './job-blobs.ts'
import type { OutputCutter } from './output-cutter.ts'
import { type OutputFile, type OutputOptions, TableOutput } from './table-output.ts'

/** What a job did. Its duration is known to whoever ran it: a job has no clock. */
export interface JobStatistics {
  bytesRead: number
  bytesWritten: number
  entriesRead: number
  entriesWritten: number
  /** Hidden by a newer version, and tombstones with nothing left to hide. */
  entriesHidden: number
  tombstonesDropped: number
  /** Removed because their time was over, or because the compaction filter said so. */
  entriesFiltered: number
}

/** Numbers [first, first + count) are the job's to use. */
export interface FileNumberRange {
  first: number
  count: number
}

/** Entries between two looks at the cancel flag: about a millisecond. */
const CHECK_INTERVAL = 1024
/** Checks between two progress reports. */
const REPORT_INTERVAL = 32

export interface JobControl {
  cancel?: Int32Array | undefined
  onProgress?: OnProgress | undefined
  /** Bytes of the inputs that have been read so far. */
  bytesRead(): number
}

/** For jobs that share their thread with others: when to give way, and how. */
export interface Turns {
  isOver(): boolean
  next(): Promise<void>
}

export class JobWriter {
  readonly files: OutputFile[] = []
  bytesWritten = 0
  entriesWritten = 0

  private readonly fs: FileSystem
  private readonly options: OutputOptions
  private readonly numbers: FileNumberRange
  private readonly cutter: OutputCutter | undefined
  private readonly control: JobControl
  private readonly blobs: JobBlobs | undefined
  private readonly outputs: TableOutput[] = []
  private output: TableOutput | undefined = undefined
  private checks = 0
  /** What is still to be written of them: from `lower` on, or all. */
  private tombstones: RangeTombstones = RangeTombstones.none
  private lower: Uint8Array | undefined = undefined
  private readonly order: KeyOrder

  constructor(
    fs: FileSystem,
    options: OutputOptions,
    numbers: FileNumberRange,
    control: JobControl,
    order: KeyOrder,
    cutter?: OutputCutter,
    blobs?: JobBlobs,
  ) {
    this.blobs = blobs
    this.order = order
    this.fs = fs
    this.options = options
    this.numbers = numbers
    this.control = control
    this.cutter = cutter
  }

  /** Writes everything, and `tombstones` into the tables whose keys they reach. Call it, or `runInTurns`, once. */
  run(cursor: CompactionCursor, tombstones: RangeTombstones = RangeTombstones.none): void {
    this.tombstones = tombstones
    this.refuseIfCancelled()
    try {
      for (let more = cursor.first(); more; more = cursor.next()) this.write(cursor)
      this.finish()
    } catch (error) {
      this.abandon()
      throw error
    }
  }

  /** The same, with breaks. Of a file that is finished the thread waits until it is on the device. */
  async runInTurns(cursor: CompactionCursor, tombstones: RangeTombstones, turns: Turns): Promise<void> {
    this.tombstones = tombstones
    this.refuseIfCancelled()
    try {
      for (let more = cursor.first(); more; more = cursor.next()) {
        if (!cursor.isResting) this.write(cursor)
        if (!turns.isOver()) continue
        await turns.next()
        this.check(cursor)
      }
      this.finish()
    } catch (error) {
      this.abandon()
      throw error
    }
  }

  /** A large value goes to a blob file, and a reference to it into the table. */
  private addWithBlobs(output: TableOutput, blobs: JobBlobs, cursor: CompactionCursor): void {
    const { keyBytes, keyLength, userKeyLength, valueBytes, valueStart, valueEnd } = cursor
    const { builder } = blobs
    const type = keyBytes[userKeyLength]
    if (type === ValueType.BlobIndex) {
      output.noteBlobFile(blobs.noteOutput(userKeyLength, valueBytes, valueStart, valueEnd))
    } else if (
      type === ValueType.Value &&
      builder !== undefined &&
      valueEnd - valueStart >= builder.minBlobSize
    ) {
      builder.add(keyBytes, userKeyLength, valueBytes, valueStart, valueEnd)
      output.noteBlobFile(builder.fileNumber)
      keyBytes[userKeyLength] = ValueType.BlobIndex
      output.builder.add(keyBytes, 0, keyLength, builder.index, 0, builder.indexLength)
      return
    }
    output.builder.add(keyBytes, 0, keyLength, valueBytes, valueStart, valueEnd)
  }

  private write(cursor: CompactionCursor): void {
    if (cursor.isNewKey && this.cutsBefore(cursor))
      this.finishOutput(cursor.keyBytes.slice(0, cursor.userKeyLength))
    const output = this.output ?? this.startOutput()
    const { keyBytes, keyLength, valueBytes, valueStart, valueEnd } = cursor
    if (this.blobs !== undefined) this.addWithBlobs(output, this.blobs, cursor)
    else output.builder.add(keyBytes, 0, keyLength, valueBytes, valueStart, valueEnd)
    if (++this.entriesWritten % CHECK_INTERVAL === 0) this.check(cursor)
  }

  private finish(): void {
    this.finishOutput(undefined)
    this.blobs?.builder?.finish()
    this.bytesWritten += this.blobs?.builder?.bytesWritten ?? 0
    if (this.outputs.length > 0) this.fs.syncDirectorySync(this.options.directory)
  }

  private abandon(): void {
    for (const output of this.outputs) output.abandon()
    this.blobs?.builder?.abandon()
  }

  private cutsBefore(cursor: CompactionCursor): boolean {
    const { cutter, output } = this
    if (cutter === undefined) return false
    const { keyBytes, userKeyLength, prefixHigh, prefixLow } = cursor
    const size = output?.builder.fileSize ?? 0
    const cuts = cutter.cutsBefore(keyBytes, userKeyLength, prefixHigh, prefixLow, size)
    // Without a number left the last file takes the rest: it gets large, which is only a matter of taste.
    return cuts && this.outputs.length < this.numbers.count
  }

  private startOutput(): TableOutput {
    const output = new TableOutput(
      this.fs,
      this.numbers.first + this.outputs.length,
      this.options,
      this.order,
    )
    this.outputs.push(output)
    this.output = output
    return output
  }

  /** The next output, if there is one, begins with the user key `before`: tombstones are divided there. */
  private finishOutput(before: Uint8Array | undefined): void {
    const own = this.tombstones.count === 0 ? this.tombstones : this.tombstones.within(this.lower, before)
    this.lower = before
    if (this.output === undefined && own.count === 0) return
    const output = this.output ?? this.startOutput()
    for (const { start, sequence, end } of own.list()) output.builder.addRangeDeletion(start, sequence, end)
    const file = output.finish()
    this.output = undefined
    this.bytesWritten += file.record.size
    this.files.push(file)
  }

  private check(cursor: CompactionCursor): void {
    const { onProgress } = this.control
    this.refuseIfCancelled()
    if (onProgress !== undefined && ++this.checks % REPORT_INTERVAL === 0) onProgress(this.progress(cursor))
  }

  private refuseIfCancelled(): void {
    const { cancel } = this.control
    if (cancel !== undefined && Atomics.load(cancel, 0) !== 0)
      throw new VarveError('ABORTED', 'the job was cancelled')
  }

  private progress(cursor: CompactionCursor): JobProgress {
    const blobBytes = this.blobs?.builder?.bytesWritten ?? 0
    const bytesWritten = this.bytesWritten + blobBytes + (this.output?.builder.fileSize ?? 0)
    return { bytesRead: this.control.bytesRead(), bytesWritten, entriesRead: cursor.entriesRead }
  }
}

export function jobStatistics(cursor: CompactionCursor, writer: JobWriter, bytesRead: number): JobStatistics {
  return {
    bytesRead,
    bytesWritten: writer.bytesWritten,
    entriesRead: cursor.entriesRead,
    entriesWritten: writer.entriesWritten,
    entriesHidden: cursor.entriesHidden,
    tombstonesDropped: cursor.tombstonesDropped,
    entriesFiltered: cursor.entriesFiltered,
  }
}

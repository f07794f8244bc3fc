/**
 * One picked compaction: which files go into which level, and why. While it lives its inputs are marked and
 * its version is held, so that what it decided stays true; `release` ends that, after success or failure.
 *
 * RocksDB: db/compaction/compaction.h
 */
import type { BlobAddition, BlobGarbage, NewFile, VersionEdit } from '@varve/format/manifest'
import type { TableBuilderOptions } from '@varve/format/sst'
import type { ComparatorSource } from '../comparator/index.ts'
import type { MergeSource } from '../merge/index.ts'
import type { SharedRateLimit } from '../rate-limiter/index.ts'
import type { ModuleSource } from '../runtime/user-module.ts'
import { type FileMeta, noStatistics } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'
import type { CompactionJob } from './compaction-job.ts'
import type { ExpiryTask, FilterTask } from './entry-filter.ts'
import { type KeyRange, rangeOf, totalSize } from './file-ranges.ts'
import type { BlobJobOptions } from './job-blobs.ts'
import type { FileNumberRange } from './job-writer.ts'
import { packKeyRanges } from './key-ranges.ts'
import { compressionOf, isLastLevel, type LevelOptions } from './level-options.ts'
import type { CutRules } from './output-cutter.ts'
import {
  type CompactionInput,
  type CompactionReason,
  cutRules,
  isBottommost,
  isTrivialMove,
  type PickedFiles,
} from './picked-files.ts'

/** What a compaction's job needs besides the compaction. */
export interface JobContext {
  directory: string
  /** Live snapshots, ascending, taken together with the pick. */
  snapshots: readonly number[]
  table: TableBuilderOptions
  /** `fileNumberCount` of them, or fewer. */
  fileNumbers: FileNumberRange
  /** Unix seconds. */
  fileCreationTime: number
  paranoidFileChecks: boolean
  cancel?: Int32Array
  merge?: MergeSource | undefined
  comparator?: ComparatorSource | undefined
  blobs?: BlobJobOptions | undefined
  rateLimit?: SharedRateLimit | undefined
  /** The family's filter. */
  filter?: { source: ModuleSource | undefined; columnFamily: string } | undefined
  expiry?: ExpiryTask | undefined
}

export class Compaction {
  readonly columnFamily: number
  readonly version: Version
  readonly inputs: readonly CompactionInput[]
  readonly outputLevel: number
  readonly reason: CompactionReason
  readonly score: number
  readonly range: KeyRange
  /** No file outside can hold an older version of a key in the range. */
  readonly bottommost: boolean
  /** The files only change their level: there is nothing to merge. */
  readonly trivialMove: boolean
  /** The files only go: there is nothing to write. */
  readonly drops: boolean
  /** Where an output ends. */
  readonly cut: CutRules
  readonly baseLevel: number

  private readonly uncompressed: boolean
  private readonly onRelease: (compaction: Compaction) => void
  private released = false

  constructor(picked: PickedFiles, onRelease: (compaction: Compaction) => void) {
    const { version, baseLevel, inputs, outputLevel, reason, score } = picked
    this.columnFamily = version.columnFamily
    this.version = version.ref()
    this.inputs = inputs
    this.outputLevel = outputLevel
    this.reason = reason
    this.score = score
    this.baseLevel = baseLevel
    this.range = rangeOf(inputs.flatMap(input => input.files))
    this.bottommost = isBottommost(picked, this.range)
    this.drops = picked.drops === true
    this.trivialMove = isTrivialMove(picked)
    this.uncompressed = picked.uncompressed === true
    this.cut = cutRules(picked, !this.bottommost && this.grandparents().length > 0)
    this.onRelease = onRelease
    for (const { files } of inputs) for (const file of files) file.beingCompacted = true
  }

  get startLevel(): number {
    return this.inputs[0].level
  }

  get targetFileSize(): number {
    return this.cut.targetFileSize
  }

  get inputFileCount(): number {
    return this.inputs.reduce((count, { files }) => count + files.length, 0)
  }

  get inputBytes(): number {
    return this.inputs.reduce((bytes, { files }) => bytes + totalSize(files), 0)
  }

  /** The files below the output that the outputs will one day be compacted with. */
  grandparents(): readonly FileMeta[] {
    return this.deeperFiles()[0] ?? []
  }

  /** For each level below the output that has any: its files that overlap the range. */
  deeperFiles(): FileMeta[][] {
    const { levels } = this.version
    const deeper: FileMeta[][] = []
    for (let level = this.outputLevel + 1; this.outputLevel > 0 && level < levels.length; level++) {
      const files = this.version.filesOverlapping(level, this.range.smallest, this.range.largest)
      if (files.length > 0) deeper.push(files)
    }
    return deeper
  }

  /** How many file numbers to reserve for the outputs of `parts` jobs. Too few only make the last ones large. */
  fileNumberCount(parts: number): number {
    return 8 * parts + 4 * Math.ceil(Math.max(this.inputBytes, this.rawSize.bytes) / this.targetFileSize)
  }

  /** What the inputs hold, as far as it is known: entries, and the bytes of their keys and values. */
  get rawSize(): { entries: number; bytes: number } {
    const size = { entries: 0, bytes: 0 }
    for (const { statistics } of this.inputs.flatMap(({ files }) => files)) {
      size.entries += statistics.entries
      size.bytes += statistics.rawKeySize + statistics.rawValueSize
    }
    return size
  }

  /** The message for whoever runs it. */
  toJob(context: JobContext): CompactionJob {
    const { bottommost, outputLevel, cut } = this
    const files = this.inputs.flatMap(input => input.files)
    const rules = { snapshots: context.snapshots, bottommost, zeroSequences: outputLevel > 0 }
    const deeper = bottommost || outputLevel === 0 ? undefined : this.deeperFiles().map(packKeyRanges)
    const job: CompactionJob = {
      kind: 'compaction',
      runs: this.inputs.flatMap(({ level, files }) =>
        level === 0 ? files.map(file => [file.record]) : [files.map(file => file.record)],
      ),
      rules: deeper === undefined ? rules : { ...rules, deeper },
      cut,
      output: {
        directory: context.directory,
        level: outputLevel,
        epochNumber: Math.min(...files.map(file => file.epochNumber)),
        fileCreationTime: context.fileCreationTime,
        oldestAncestorTime: oldestAncestor(files, context.fileCreationTime),
        table: context.table,
        paranoidFileChecks: context.paranoidFileChecks,
      },
      fileNumbers: context.fileNumbers,
      tombstoneFiles: files.filter(mayHaveTombstones).map(file => file.record),
      merge: context.merge,
      comparator: context.comparator,
      blobs: context.blobs,
      rateLimit: context.rateLimit,
      filter: this.filterTask(context),
      expiry: context.expiry,
    }
    return context.cancel === undefined ? job : { ...job, cancel: context.cancel }
  }

  private filterTask({ filter }: JobContext): FilterTask | undefined {
    if (filter === undefined) return undefined
    const { columnFamily: columnFamilyId, startLevel: level, outputLevel, bottommost, reason } = this
    return {
      source: filter.source,
      context: {
        columnFamily: filter.columnFamily,
        columnFamilyId,
        reason: 'compaction',
        level,
        outputLevel,
        isFullCompaction: this.inputFileCount === this.version.fileCount,
        isManualCompaction: reason === 'manual',
        isBottommost: bottommost,
      },
    }
  }

  /** Whether operands may be among the inputs. */
  get mayMerge(): boolean {
    return this.inputs.some(({ files }) =>
      files.some(({ statistics }) => statistics === noStatistics || statistics.mergeOperands > 0),
    )
  }

  /** The compression of the outputs. */
  compression(options: LevelOptions): LevelOptions['compression'] {
    if (this.uncompressed) return 'none'
    return compressionOf(options, this.outputLevel, this.baseLevel, this.version.deepestLevel)
  }

  /** The outputs go to the last level that has anything. */
  get isLastLevel(): boolean {
    return isLastLevel(this.outputLevel, this.version.deepestLevel)
  }

  /** The edit that puts the result into effect. */
  edit(
    files: readonly { record: NewFile }[],
    blobAdditions: BlobAddition[] = [],
    blobGarbage: BlobGarbage[] = [],
  ): VersionEdit {
    const edit = { ...this.deletions(), newFiles: files.map(file => file.record) }
    return blobAdditions.length + blobGarbage.length === 0 ? edit : { ...edit, blobAdditions, blobGarbage }
  }

  /** The edit of a trivial move. What is where it belongs already stays. */
  moveEdit(): VersionEdit {
    const moving = this.inputs.filter(({ level }) => level !== this.outputLevel)
    const newFiles = moving.flatMap(({ files }) =>
      files.map(file => ({ ...file.record, level: this.outputLevel, epochNumber: file.epochNumber })),
    )
    return { ...this.deletions(moving), newFiles }
  }

  /** The edit of a compaction that has no job: a move, or files that are dropped. */
  editWithoutJob(): VersionEdit | undefined {
    if (this.drops) return this.deletions()
    return this.trivialMove ? this.moveEdit() : undefined
  }

  /** Later calls do nothing. */
  release(): void {
    if (this.released) return
    this.released = true
    for (const { files } of this.inputs) for (const file of files) file.beingCompacted = false
    this.onRelease(this)
    this.version.unref()
  }

  private deletions(inputs = this.inputs): VersionEdit {
    const deletedFiles = inputs.flatMap(({ level, files }) => files.map(({ number }) => ({ level, number })))
    const edit: VersionEdit = { deletedFiles }
    if (this.columnFamily !== 0) edit.columnFamily = this.columnFamily
    return edit
  }
}

/** Of a file that nobody has opened yet nothing is known. */
function mayHaveTombstones({ statistics }: FileMeta): boolean {
  return statistics === noStatistics || statistics.rangeDeletions > 0
}

/** Unknown times of inputs, 0, count for nothing. */
function oldestAncestor(files: readonly FileMeta[], now: number): number {
  return files.reduce((oldest, { record }) => Math.min(oldest, record.oldestAncestorTime || oldest), now)
}

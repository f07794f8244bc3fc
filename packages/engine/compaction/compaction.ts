/**
 * One picked compaction: which files go into which level, and why. While it lives its inputs are marked and
 * its version is held, so that what it decided stays true; `release` ends that, after success or failure.
 *
 * RocksDB: db/compaction/compaction.h
 */
import type { NewFile, VersionEdit } from '@varve/format/manifest'
import type { TableBuilderOptions } from '@varve/format/sst'
import type { FileMeta } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'
import type { CompactionJob } from './compaction-job.ts'
import { type KeyRange, rangeOf, totalSize } from './file-ranges.ts'
import type { FileNumberRange } from './job-writer.ts'
import { packKeyRanges } from './key-ranges.ts'
import { compressionOf, isLastLevel, type LevelOptions } from './level-options.ts'
import { type LevelSizes, targetFileSize } from './level-sizes.ts'

export type CompactionReason = 'level0 files' | 'level size' | 'marked files' | 'bottommost files' | 'manual'

/** Files of one level, in the level's order. */
export interface CompactionInput {
  level: number
  files: readonly FileMeta[]
}

export interface PickedFiles {
  version: Version
  sizes: LevelSizes
  options: LevelOptions
  /** Levels ascending, none of them empty. */
  inputs: readonly CompactionInput[]
  outputLevel: number
  reason: CompactionReason
  /** The score of the level that made it necessary. */
  score: number
  /** Level 0 files among the inputs are known not to overlap one another. */
  level0Disjoint?: boolean
}

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
  /** Sizes of output tables: what is aimed at, and where a cut is made at the latest. */
  readonly targetFileSize: number
  readonly maxOutputFileSize: number
  readonly maxCompactionBytes: number
  readonly baseLevel: number

  private readonly onRelease: (compaction: Compaction) => void
  private released = false

  constructor(picked: PickedFiles, onRelease: (compaction: Compaction) => void) {
    const { version, sizes, options, inputs, outputLevel, reason, score } = picked
    this.columnFamily = version.columnFamily
    this.version = version.ref()
    this.inputs = inputs
    this.outputLevel = outputLevel
    this.reason = reason
    this.score = score
    this.baseLevel = sizes.baseLevel
    this.range = rangeOf(inputs.flatMap(input => input.files))
    this.bottommost = isBottommost(version, outputLevel, inputs, this.range)
    this.maxCompactionBytes = options.maxCompactionBytes
    this.trivialMove = isTrivialMove(picked)
    this.targetFileSize = targetFileSize(outputLevel, sizes.baseLevel, options)
    const free = this.bottommost || this.grandparents().length === 0
    this.maxOutputFileSize = free ? this.targetFileSize : 2 * this.targetFileSize
    this.onRelease = onRelease
    for (const { files } of inputs) for (const file of files) file.beingCompacted = true
  }

  get startLevel(): number {
    return this.inputs[0].level
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
    const raw = this.inputs
      .flatMap(({ files }) => files)
      .reduce((bytes, { statistics }) => {
        return bytes + statistics.rawKeySize + statistics.rawValueSize
      }, 0)
    return 8 * parts + 4 * Math.ceil(Math.max(this.inputBytes, raw) / this.targetFileSize)
  }

  /** The message for whoever runs it. */
  toJob(context: JobContext): CompactionJob {
    const { bottommost, outputLevel, targetFileSize, maxOutputFileSize, maxCompactionBytes } = this
    const files = this.inputs.flatMap(input => input.files)
    const rules = { snapshots: context.snapshots, bottommost, zeroSequences: outputLevel > 0 }
    const deeper = bottommost || outputLevel === 0 ? undefined : this.deeperFiles().map(packKeyRanges)
    const job: CompactionJob = {
      kind: 'compaction',
      runs: this.inputs.flatMap(({ level, files }) =>
        level === 0 ? files.map(file => [file.record]) : [files.map(file => file.record)],
      ),
      rules: deeper === undefined ? rules : { ...rules, deeper },
      cut: { outputLevel, targetFileSize, maxOutputFileSize, maxCompactionBytes },
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
    }
    return context.cancel === undefined ? job : { ...job, cancel: context.cancel }
  }

  /** The compression of the outputs. */
  compression(options: LevelOptions): LevelOptions['compression'] {
    return compressionOf(options, this.outputLevel, this.baseLevel, this.version.deepestLevel)
  }

  /** The outputs go to the last level that has anything. */
  get isLastLevel(): boolean {
    return isLastLevel(this.outputLevel, this.version.deepestLevel)
  }

  /** The edit that puts the result into effect. */
  edit(files: readonly { record: NewFile }[]): VersionEdit {
    return { ...this.deletions(), newFiles: files.map(file => file.record) }
  }

  /** The edit of a trivial move. */
  moveEdit(): VersionEdit {
    const newFiles = this.inputs.flatMap(({ files }) =>
      files.map(file => ({ ...file.record, level: this.outputLevel, epochNumber: file.epochNumber })),
    )
    return { ...this.deletions(), newFiles }
  }

  /** Later calls do nothing. */
  release(): void {
    if (this.released) return
    this.released = true
    for (const { files } of this.inputs) for (const file of files) file.beingCompacted = false
    this.onRelease(this)
    this.version.unref()
  }

  private deletions(): VersionEdit {
    const deletedFiles = this.inputs.flatMap(({ level, files }) =>
      files.map(({ number }) => ({ level, number })),
    )
    const edit: VersionEdit = { deletedFiles }
    if (this.columnFamily !== 0) edit.columnFamily = this.columnFamily
    return edit
  }
}

/** Older versions lie in deeper levels, and for an output in level 0 also in its older files. */
function isBottommost(
  version: Version,
  outputLevel: number,
  inputs: readonly CompactionInput[],
  range: KeyRange,
): boolean {
  if (outputLevel > 0) {
    for (let level = outputLevel + 1; level < version.levels.length; level++) {
      if (version.overlaps(level, range.smallest, range.largest)) return false
    }
    return true
  }
  if (inputs[0].files.at(-1) !== version.levels[0].at(-1)) return false
  return version.deepestLevel === 0
}

function isTrivialMove({
  version,
  inputs,
  outputLevel,
  options,
  sizes,
  level0Disjoint,
}: PickedFiles): boolean {
  const { level: startLevel, files } = inputs[0]
  if (inputs.length > 1 || startLevel === outputLevel || outputLevel === 0) return false
  if (startLevel === 0 && files.length > 1 && level0Disjoint !== true) return false
  const deepest = version.deepestLevel
  const from = compressionOf(options, startLevel, sizes.baseLevel, deepest)
  if (from !== compressionOf(options, outputLevel, sizes.baseLevel, deepest)) return false
  if (outputLevel + 1 >= version.levels.length) return true
  // A move that lands on too much of the next level only makes the merge after it expensive.
  return files.every(file => {
    const below = version.filesOverlapping(outputLevel + 1, file.smallestUserKey, file.largestUserKey)
    return file.size + totalSize(below) <= options.maxCompactionBytes
  })
}

/** Unknown times of inputs, 0, count for nothing. */
function oldestAncestor(files: readonly FileMeta[], now: number): number {
  return files.reduce((oldest, { record }) => Math.min(oldest, record.oldestAncestorTime || oldest), now)
}

/**
 * Chooses the next compaction of a column family by RocksDB's rules for levels: the level with the highest
 * score gives up the file that costs least to move; level 0 goes to the base level as a whole of overlapping
 * files, or is compacted within itself while the base level is busy.
 *
 * RocksDB: db/compaction/compaction_picker_level.cc
 */
import { type BlobOptions, blobOptions } from '../options/index.ts'
import { type FileMeta, noStatistics } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'
import { tablesToCollect } from './blob-collection.ts'
import type { Compaction } from './compaction.ts'
import { anyBeingCompacted, cleanCut, overlappingLevel0, rangeOf, totalSize } from './file-ranges.ts'
import { expandStartInputs } from './input-expansion.ts'
import type { LevelOptions } from './level-options.ts'
import {
  type LevelScore,
  type LevelSizes,
  levelScores,
  levelSizes,
  pendingCompactionBytes,
} from './level-sizes.ts'
import { cheapLevel0Run, disjointLevel0Tail, level0AgainstBase } from './level0-choice.ts'
import { ManualCompaction } from './manual-compaction.ts'
import { overlapOrder } from './overlap-order.ts'
import type { CompactionInput, CompactionReason } from './picked-files.ts'
import type { CompactionPicker, ManualRange, VersionSource } from './picker.ts'
import { RunningCompactions } from './running-compactions.ts'

/** A moved file takes this many neighbours along at most. */
const MAX_FILES_MOVED = 4

/** Files of a start level, and the level to put them into. */
interface Start {
  input: CompactionInput
  outputLevel: number
  level0Disjoint?: boolean
}

export class LeveledPicker implements CompactionPicker {
  readonly options: LevelOptions
  readonly source: VersionSource
  private readonly running = new RunningCompactions()
  private sizesVersion: Version | undefined = undefined
  private cachedSizes: LevelSizes | undefined = undefined
  private oldestSnapshot = 0
  private bottommostVersion: Version | undefined = undefined
  private bottommost: FileMeta[] = []

  private readonly blobs: BlobOptions

  constructor(source: VersionSource, options: LevelOptions, blobs: BlobOptions = blobOptions({})) {
    this.source = source
    this.options = options
    this.blobs = blobs
  }

  get sizes(): LevelSizes {
    const version = this.source.current
    if (this.cachedSizes === undefined || this.sizesVersion !== version) {
      this.cachedSizes = levelSizes(version, this.options)
      this.sizesVersion = version
    }
    return this.cachedSizes
  }

  get baseLevel(): number {
    return this.sizes.baseLevel
  }

  get runCount(): number {
    return this.source.current.levels[0].length
  }

  get runningCount(): number {
    return this.running.count
  }

  scores(): LevelScore[] {
    return levelScores(this.source.current, this.options, this.sizes)
  }

  pendingBytes(): number {
    return pendingCompactionBytes(this.source.current, this.options, this.sizes)
  }

  needsCompaction(): boolean {
    if (this.scores()[0].score >= 1 || this.markedFiles().length > 0) return true
    return this.settledFiles().length > 0 || this.tablesOfOldBlobs().length > 0
  }

  /** Files of the last level that kept versions or deletions for an older reader become work. */
  noteOldestSnapshot(sequence: number): void {
    this.oldestSnapshot = Math.max(this.oldestSnapshot, sequence)
  }

  noteOptions(): void {
    this.cachedSizes = undefined
  }

  pick(): Compaction | undefined {
    return this.pickByScore() ?? this.pickMarked() ?? this.pickSettled() ?? this.pickForBlobs()
  }

  /** Time alone makes no work here. */
  nextDue(): undefined {
    return undefined
  }

  manual(range: ManualRange, nextFileNumber: number): ManualCompaction {
    return new ManualCompaction(this, this.source, range, nextFileNumber)
  }

  compactFiles(numbers: readonly number[], outputLevel: number): Compaction {
    const { options, baseLevel } = this
    const { current: version } = this.source
    return this.running.beginChosen({ version, options, baseLevel, outputLevel }, numbers)
  }

  private pickByScore(): Compaction | undefined {
    let level0Waits = false
    for (const { level, score } of this.scores()) {
      if (score < 1) break
      // Feeding the level below would keep level 0 waiting for this level for ever.
      if (level0Waits && level === this.sizes.baseLevel) continue
      const start = level === 0 ? this.startFromLevel0() : this.startFromLevel(level)
      if (start !== undefined) {
        const compaction = this.complete(start, level === 0 ? 'level0 files' : 'level size', score)
        if (compaction !== undefined) return compaction
      } else if (level === 0) {
        level0Waits = true
      }
    }
    return undefined
  }

  private startFromLevel0(): Start | undefined {
    const version = this.source.current
    const { options, sizes } = this
    const busy = this.level0Busy
    const outputLevel = sizes.baseLevel
    if (!busy) {
      const moved = disjointLevel0Tail(version, outputLevel, options)
      if (moved.length > 0) return { input: { level: 0, files: moved }, outputLevel, level0Disjoint: true }
    }
    const small = level0AgainstBase(version, outputLevel, options)
    if (small.length > 0) return { input: { level: 0, files: small }, outputLevel: 0 }
    const toBase = busy ? undefined : this.startFromLevel(0)
    if (toBase !== undefined) return toBase
    const files = cheapLevel0Run(version, options)
    return files.length === 0 ? undefined : { input: { level: 0, files }, outputLevel: 0 }
  }

  /** The level's cheapest file that nothing stands in the way of, with what must go along. */
  private startFromLevel(level: number): Start | undefined {
    const version = this.source.current
    const outputLevel = level === 0 ? this.sizes.baseLevel : level + 1
    for (const index of overlapOrder(version, level)) {
      const file = version.levels[level][index]
      if (file.beingCompacted) continue
      const files = level === 0 ? overlappingLevel0(version, [file]) : cleanCut(version, level, [file])
      const input = { level, files }
      if (anyBeingCompacted(files) || this.conflicts([input], outputLevel)) continue
      const { smallest, largest } = rangeOf(files)
      const below = version.filesOverlapping(outputLevel, smallest, largest)
      if (anyBeingCompacted(cleanCut(version, outputLevel, below))) continue
      if (level > 0 && below.length === 0 && files.length === 1) {
        return { input: { level, files: this.neighboursToMove(version, level, index) }, outputLevel }
      }
      return { input, outputLevel }
    }
    return undefined
  }

  /** A file that can just be moved, and neighbours for which that is as true: fewer edits for the same work. */
  private neighboursToMove(version: Version, level: number, index: number): readonly FileMeta[] {
    const files = version.levels[level]
    if (this.options.compressionPerLevel.length > 0) return [files[index]]
    let start = index
    let end = index + 1
    const fits = (from: number, to: number) => {
      const run = files.slice(from, to)
      const { smallest, largest } = rangeOf(run)
      return (
        !anyBeingCompacted(run) &&
        totalSize(run) <= this.options.maxCompactionBytes &&
        !version.overlaps(level + 1, smallest, largest) &&
        version.filesOverlapping(level, smallest, largest).length === run.length
      )
    }
    while (end < files.length && end - start < MAX_FILES_MOVED && fits(start, end + 1)) end++
    while (start > 0 && end - start < MAX_FILES_MOVED && fits(start - 1, end)) start--
    return files.slice(start, end)
  }

  private markedFiles(): FileMeta[] {
    const { levels } = this.source.current
    const deepest = this.source.current.deepestLevel
    const marked: FileMeta[] = []
    for (let level = 0; level < deepest; level++) {
      for (const file of levels[level])
        if (file.record.needCompaction && !file.beingCompacted) marked.push(file)
    }
    return marked
  }

  private pickMarked(): Compaction | undefined {
    for (const file of this.markedFiles()) {
      const { level } = file
      if (level === 0 && this.level0Busy) continue
      const version = this.source.current
      const files = level === 0 ? overlappingLevel0(version, [file]) : cleanCut(version, level, [file])
      if (anyBeingCompacted(files)) continue
      const outputLevel = level === 0 ? this.sizes.baseLevel : level + 1
      const compaction = this.complete({ input: { level, files }, outputLevel }, 'marked files', 0)
      if (compaction !== undefined) return compaction
    }
    return undefined
  }

  /** Files with nothing below them that hold sequences which no snapshot asks for any more. */
  private settledFiles(): FileMeta[] {
    const { oldestSnapshot } = this
    if (oldestSnapshot === 0) return []
    const version = this.source.current
    if (this.bottommostVersion !== version) {
      this.bottommost = bottommostFiles(version)
      this.bottommostVersion = version
    }
    return this.bottommost.filter(
      file => !file.beingCompacted && file.largestSequence < oldestSnapshot && couldLoseSequences(file),
    )
  }

  private pickSettled(): Compaction | undefined {
    const version = this.source.current
    for (const file of this.settledFiles()) {
      const files = cleanCut(version, file.level, [file])
      if (anyBeingCompacted(files)) continue
      const start = { input: { level: file.level, files }, outputLevel: file.level }
      const compaction = this.complete(start, 'bottommost files', 0)
      if (compaction !== undefined) return compaction
    }
    return undefined
  }

  /** Tables that keep old blob files alive in which enough is garbage. Most families have no blob files. */
  private tablesOfOldBlobs(): FileMeta[] {
    const version = this.source.current
    if (version.blobFiles.length === 0) return []
    return tablesToCollect(version, this.blobs).filter(file => !file.beingCompacted)
  }

  /** Below level 0 they stay where they are. */
  private pickForBlobs(): Compaction | undefined {
    const version = this.source.current
    for (const file of this.tablesOfOldBlobs()) {
      const { level } = file
      if (level === 0 && this.level0Busy) continue
      const files = level === 0 ? overlappingLevel0(version, [file]) : cleanCut(version, level, [file])
      if (anyBeingCompacted(files)) continue
      const outputLevel = level === 0 ? this.sizes.baseLevel : level
      const compaction = this.complete({ input: { level, files }, outputLevel }, 'blob garbage', 0)
      if (compaction !== undefined) return compaction
    }
    return undefined
  }

  /** Adds the files of the output level, and more of the start level where they come for nothing. */
  complete(start: Start, reason: CompactionReason, score: number): Compaction | undefined {
    const version = this.source.current
    const { outputLevel, level0Disjoint } = start
    const { level } = start.input
    let inputs = [start.input]
    if (level !== outputLevel && outputLevel !== 0 && level0Disjoint !== true) {
      const { smallest, largest } = rangeOf(start.input.files)
      const overlapping = version.filesOverlapping(outputLevel, smallest, largest)
      const output = { level: outputLevel, files: cleanCut(version, outputLevel, overlapping) }
      if (anyBeingCompacted(output.files)) return undefined
      if (output.files.length > 0) {
        inputs = [expandStartInputs(version, start.input, output, this.options), output]
      }
    }
    if (outputLevel !== 0 && this.conflicts(inputs, outputLevel)) return undefined
    return this.begin(inputs, outputLevel, reason, score, level0Disjoint)
  }

  /** Marks the inputs, which must be free, and registers the compaction. */
  begin(
    inputs: readonly CompactionInput[],
    outputLevel: number,
    reason: CompactionReason,
    score: number,
    disjoint = false,
  ): Compaction {
    const { options, baseLevel } = this
    const { current: version } = this.source
    return this.running.begin({ version, baseLevel, options, inputs, outputLevel, reason, score, disjoint })
  }

  /** True when a running compaction writes into the range of `inputs` in `outputLevel`. */
  conflicts(inputs: readonly CompactionInput[], outputLevel: number): boolean {
    return this.running.conflicts(inputs, outputLevel)
  }

  /** One compaction at a time may take files out of level 0. */
  get level0Busy(): boolean {
    return this.running.level0Busy
  }
}

/** Files below level 0 that have nothing under them, and sequences. */
function bottommostFiles(version: Version): FileMeta[] {
  const found: FileMeta[] = []
  for (let level = 1; level < version.levels.length; level++) {
    for (const file of version.levels[level]) {
      if (file.largestSequence > 0 && !hasOverlapBelow(version, level, file)) found.push(file)
    }
  }
  return found
}

/**
 * Merge operands that are still at the bottom cannot be combined, and keep their sequences: a file that has some, or that has
 * not been opened yet, so that nobody knows, might be rewritten again and again.
 */
function couldLoseSequences({ statistics }: FileMeta): boolean {
  return statistics !== noStatistics && statistics.mergeOperands === 0
}

function hasOverlapBelow(version: Version, level: number, file: FileMeta): boolean {
  const { smallestUserKey, largestUserKey } = file
  for (let below = level + 1; below < version.levels.length; below++) {
    if (version.overlaps(below, smallestUserKey, largestUserKey)) return true
  }
  return false
}

/**
 * The manual compaction of the leveled style: takes a range of keys through all levels into the deepest one that has any of it.
 *
 * When all of it is at most `maxCompactionBytes`, one compaction merges every level at once. Otherwise the
 * range goes down level by level in pieces, as RocksDB does it, so that no job is too long and the space of
 * its inputs is soon free.
 *
 * RocksDB: db/db_impl/db_impl_compaction_flush.cc, DBImpl::CompactRangeInternal
 */
import type { FileMeta } from '../version/file-meta.ts'
import { overlapsUserKeys, type Version } from '../version/version.ts'
import { anyBeingCompacted, cleanCut, overlappingLevel0, rangeOf, totalSize } from './file-ranges.ts'
import type { LeveledPicker } from './leveled-picker.ts'
import type { CompactionInput } from './picked-files.ts'
import type { ManualRange, ManualStep, ManualSteps, VersionSource } from './picker.ts'

export class ManualCompaction implements ManualSteps {
  private readonly picker: LeveledPicker
  private readonly source: VersionSource
  private readonly range: ManualRange
  /** Files from this number on were made since it began. */
  private readonly firstNewFile: number
  /** In the level being worked on, all before this user key is done. */
  private level = 0
  private position: Uint8Array | undefined
  private wholeTried = false

  /** `nextFileNumber` is the number that the next file will get. The memtables have been flushed. */
  constructor(picker: LeveledPicker, source: VersionSource, range: ManualRange, nextFileNumber: number) {
    this.picker = picker
    this.source = source
    this.range = range
    this.firstNewFile = nextFileNumber
    this.position = range.smallest
  }

  next(): ManualStep {
    const version = this.source.current
    // Of the whole range: with what is done left out, the deepest level would end where a newer flush begins.
    const { smallest, largest } = this.range
    const deepest = version.levels.findLastIndex(
      (_, level) => version.filesOverlapping(level, smallest, largest).length > 0,
    )
    if (deepest < 0) return 'done'
    if (!this.wholeTried) {
      const whole = this.wholeRange(version, deepest)
      this.wholeTried = whole !== 'blocked'
      if (whole !== undefined) return whole
    }
    return this.nextLevelwise(version, deepest)
  }

  /** All levels at once, when they are small enough. */
  private wholeRange(version: Version, deepest: number): ManualStep | undefined {
    const outputLevel = deepest === 0 ? this.picker.baseLevel : deepest
    const inputs = closure(version, outputLevel, level => this.filesIn(version, level))
    if (
      inputs.reduce((bytes, { files }) => bytes + totalSize(files), 0) >
      this.picker.options.maxCompactionBytes
    ) {
      return undefined
    }
    if (inputs.length === 1 && inputs[0].level === outputLevel) return undefined
    if (inputs.some(({ files }) => anyBeingCompacted(files)) || this.picker.conflicts(inputs, outputLevel)) {
      return 'blocked'
    }
    if (inputs[0].level === 0 && this.picker.level0Busy) return 'blocked'
    return this.picker.begin(inputs, outputLevel, 'manual', 0)
  }

  private nextLevelwise(version: Version, deepest: number): ManualStep {
    for (; this.level < Math.max(1, deepest); this.advanceLevel()) {
      const files = this.filesIn(version, this.level)
      if (files.length === 0 || (this.level === 0 && this.onlyNew(files))) continue
      return this.level === 0 ? this.level0ToBase(version, files) : this.piece(version, files, this.level + 1)
    }
    return this.range.rewriteBottommost ? this.rewrite(version, deepest) : 'done'
  }

  /** Written by this compaction, and nothing below it can be dropped any more. */
  private isSettled(file: FileMeta): boolean {
    return file.number >= this.firstNewFile && file.largestSequence === 0
  }

  /** Flushed since the beginning: a busy writer must not keep a manual compaction from ending. */
  private onlyNew(files: readonly FileMeta[]): boolean {
    return files.every(file => file.number >= this.firstNewFile)
  }

  private advanceLevel(): void {
    this.level++
    this.position = this.range.smallest
  }

  private level0ToBase(version: Version, files: readonly FileMeta[]): ManualStep {
    const all = overlappingLevel0(version, files)
    if (this.picker.level0Busy || anyBeingCompacted(all)) return 'blocked'
    const start = { input: { level: 0, files: all }, outputLevel: this.picker.baseLevel }
    return this.picker.complete(start, 'manual', 0) ?? 'blocked'
  }

  /** As many files from the front as a compaction may take. */
  private piece(version: Version, files: readonly FileMeta[], outputLevel: number): ManualStep {
    let count = 1
    for (let bytes = files[0].size; count < files.length; count++) {
      bytes += files[count].size
      const { smallest, largest } = rangeOf(files.slice(0, count + 1))
      const below = outputLevel === this.level ? [] : version.filesOverlapping(outputLevel, smallest, largest)
      if (bytes + totalSize(below) > this.picker.options.maxCompactionBytes) break
    }
    const input = { level: this.level, files: cleanCut(version, this.level, files.slice(0, count)) }
    if (anyBeingCompacted(input.files)) return 'blocked'
    const compaction = this.picker.complete({ input, outputLevel }, 'manual', 0)
    if (compaction === undefined) return 'blocked'
    this.position = rangeOf(input.files).largest
    return compaction
  }

  private rewrite(version: Version, deepest: number): ManualStep {
    // Flushed since the beginning.
    if (deepest === 0) return 'done'
    if (this.level !== deepest) {
      this.level = deepest
      this.position = this.range.smallest
    }
    const files = this.filesIn(version, deepest).filter(file => !this.isSettled(file))
    return files.length === 0 ? 'done' : this.piece(version, contiguous(version, deepest, files), deepest)
  }

  /** The files of a level that are still to be done. */
  private filesIn(version: Version, level: number): FileMeta[] {
    const position = level === this.level ? this.position : this.range.smallest
    const files = version.filesOverlapping(level, position, this.range.largest)
    // What ends at the position was in the piece before: pieces are clean cuts.
    if (position === undefined || position === this.range.smallest) return files
    return files.filter(file => file.order.compareKeys(file.largestUserKey, position) > 0)
  }
}

/** The files at the front of `files` with none of the level between them. */
function contiguous(version: Version, level: number, files: readonly FileMeta[]): readonly FileMeta[] {
  const start = version.levels[level].indexOf(files[0])
  let count = 1
  while (count < files.length && version.levels[level][start + count] === files[count]) count++
  return files.slice(0, count)
}

/** For each level down to `outputLevel` its files, widened until no level has a file that overlaps those of another. */
function closure(
  version: Version,
  outputLevel: number,
  filesIn: (level: number) => readonly FileMeta[],
): CompactionInput[] {
  let inputs: CompactionInput[] = []
  for (let level = 0; level <= outputLevel; level++) {
    const files = filesIn(level)
    if (files.length > 0) inputs.push({ level, files })
  }
  for (let count = -1; ; ) {
    const all = inputs.flatMap(({ files }) => files)
    if (all.length === count) return inputs
    count = all.length
    const { smallest, largest } = rangeOf(all)
    inputs = []
    for (let level = 0; level <= outputLevel; level++) {
      const files = version.levels[level].filter(file => overlapsUserKeys(file, smallest, largest))
      if (files.length > 0) inputs.push({ level, files })
    }
  }
}

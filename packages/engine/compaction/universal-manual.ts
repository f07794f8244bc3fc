/**
 * The manual compaction of the universal style: merges all sorted runs into one, in the last level. There is no
 * part of a run that could be merged alone, so a range that anything lies in stands for everything.
 *
 * RocksDB: db/compaction/compaction_picker.cc, CompactionPicker::PickCompactionForCompactRange (kCompactAllLevels)
 */
import type { Version } from '../version/version.ts'
import type { ManualRange, ManualStep, ManualSteps, VersionSource } from './picker.ts'
import { type SortedRun, sortedRuns } from './sorted-runs.ts'
import type { UniversalPicker } from './universal-picker.ts'

export class UniversalManual implements ManualSteps {
  private readonly picker: UniversalPicker
  private readonly source: VersionSource
  private readonly range: ManualRange
  /** Files from this number on were made since it began. */
  private readonly firstNewFile: number
  private isBegun = false

  constructor(picker: UniversalPicker, source: VersionSource, range: ManualRange, nextFileNumber: number) {
    this.picker = picker
    this.source = source
    this.range = range
    this.firstNewFile = nextFileNumber
  }

  next(): ManualStep {
    const version = this.source.current
    const runs = sortedRuns(version)
    if (this.isBegun || !this.touches(version) || this.isDone(version, runs)) return 'done'
    if (runs.some(({ busy }) => busy)) return 'blocked'
    const rewrites = this.range.rewriteBottommost === true
    const compaction = this.picker.begin(runs, { start: 0, end: runs.length, reason: 'manual', rewrites })
    this.isBegun = compaction !== undefined
    return compaction ?? 'blocked'
  }

  private touches(version: Version): boolean {
    const { smallest, largest } = this.range
    return version.levels.some((_, level) => version.filesOverlapping(level, smallest, largest).length > 0)
  }

  /** One run where it belongs, and nothing in it that a rewrite could drop. */
  private isDone(version: Version, runs: readonly SortedRun[]): boolean {
    if (runs.length > 1 || runs[0].level !== version.levels.length - 1) return false
    if (!this.range.rewriteBottommost) return true
    return runs[0].files.every(file => file.number >= this.firstNewFile && file.largestSequence === 0)
  }
}

/**
 * Compaction of the universal style: merges stretches of neighbouring sorted runs, so that a byte is rewritten
 * about once each time the data doubles, at the price of space and of more places to read from.
 *
 * An output that is not made from the oldest run lies above it, and what may be dropped there is decided as
 * everywhere, by what lies deeper (C2). Compactions of different stretches may run side by side.
 *
 * RocksDB: db/compaction/compaction_picker_universal.cc
 */
import type { FileMeta } from '../version/file-meta.ts'
import { compareBySmallest } from '../version/level-order.ts'
import type { Compaction } from './compaction.ts'
import type { LevelOptions } from './level-options.ts'
import type { LevelScore } from './level-sizes.ts'
import type { CompactionReason } from './picked-files.ts'
import type { CompactionPicker, ManualRange, SecondsClock, VersionSource } from './picker.ts'
import { expiryOf, nextExpiry } from './picker.ts'
import { RunningCompactions } from './running-compactions.ts'
import { inputsOf, outputLevelOf, type SortedRun, sortedRuns } from './sorted-runs.ts'
import { chooseRuns, type RunChoice, staysUncompressed } from './universal-choice.ts'
import { UniversalManual } from './universal-manual.ts'

/** A stretch of runs to merge; `end` is left out. */
interface Stretch {
  start: number
  end: number
  reason: CompactionReason
  rewrites?: boolean
  uncompressed?: boolean
}

export class UniversalPicker implements CompactionPicker {
  /** Levels are places for runs and no more. */
  readonly baseLevel = 1
  readonly source: VersionSource
  private readonly options: LevelOptions
  private readonly now: SecondsClock
  private readonly running = new RunningCompactions()

  constructor(source: VersionSource, options: LevelOptions, now: SecondsClock) {
    this.source = source
    this.options = options
    this.now = now
  }

  get runCount(): number {
    const [level0, ...deeper] = this.source.current.levels
    return level0.length + deeper.filter(files => files.length > 0).length
  }

  get runningCount(): number {
    return this.running.count
  }

  scores(): LevelScore[] {
    const free = sortedRuns(this.source.current).filter(({ busy }) => !busy).length
    return [{ level: 0, score: free / this.options.level0FileNumCompactionTrigger }]
  }

  /** There is no shape to reach: nothing is ever overdue. */
  pendingBytes(): number {
    return 0
  }

  needsCompaction(): boolean {
    return this.choose(sortedRuns(this.source.current)) !== undefined
  }

  pick(): Compaction | undefined {
    const runs = sortedRuns(this.source.current)
    const choice = this.choose(runs)
    if (choice === undefined) return undefined
    const rewrites = choice.reason === 'ttl'
    return this.begin(runs, {
      ...choice,
      rewrites,
      uncompressed: staysUncompressed(runs, choice, this.options),
    })
  }

  /** What only an old reader saw goes with the next compaction of its runs. */
  noteOldestSnapshot(): void {}

  /** Nothing is kept that was derived from them. */
  noteOptions(): void {}

  nextDue(): number | undefined {
    return nextExpiry(this.source.current, this.options.ttl, this.now())
  }

  manual(range: ManualRange, nextFileNumber: number): UniversalManual {
    return new UniversalManual(this, this.source, range, nextFileNumber)
  }

  compactFiles(numbers: readonly number[], outputLevel: number): Compaction {
    const { options, baseLevel } = this
    const { current: version } = this.source
    return this.running.beginChosen({ version, options, baseLevel, outputLevel }, numbers)
  }

  /** Marks the runs of the stretch, which must be free; undefined where a running compaction writes to. */
  begin(runs: readonly SortedRun[], stretch: Stretch): Compaction | undefined {
    const { current: version } = this.source
    const { options, baseLevel } = this
    const { start, end, reason, rewrites = false, uncompressed = false } = stretch
    const inputs = inputsOf(runs.slice(start, end))
    const outputLevel = outputLevelOf(runs, end, version.levels.length - 1)
    if (outputLevel !== 0 && this.running.conflicts(inputs, outputLevel)) return undefined
    const [{ score }] = this.scores()
    const disjoint = this.mayMove(inputs.flatMap(({ files }) => files))
    const picked = { version, options, baseLevel, inputs, outputLevel, reason, score }
    return this.running.begin({ ...picked, disjoint, rewrites, uncompressed })
  }

  private choose(runs: readonly SortedRun[]): RunChoice | undefined {
    const now = this.now()
    const isOld = (file: FileMeta) => (expiryOf(file, this.options.ttl) ?? now) < now
    return chooseRuns(runs, this.options, run => run.files.some(isOld))
  }

  /** Files that may have been left uncompressed are not moved to where they should not be. */
  private mayMove(files: readonly FileMeta[]): boolean {
    const { allowTrivialMove, compressionSizePercent } = this.options.compactionOptionsUniversal
    return allowTrivialMove && compressionSizePercent < 0 && areDisjoint(files)
  }
}

function areDisjoint(files: readonly FileMeta[]): boolean {
  const sorted = files.toSorted(compareBySmallest)
  return sorted.every((file, i) => {
    return i === 0 || file.order.compareKeys(sorted[i - 1].largestUserKey, file.smallestUserKey) < 0
  })
}

/**
 * Compaction of the FIFO style: drops the oldest files, whole, while all of them together are too large or they
 * are older than `ttl`. Dropping reads and writes no table: it is one edit of the MANIFEST. With `allowCompaction`
 * small files of level 0 are merged, within level 0.
 *
 * Files leave in the order of age, so what is still there of a key is always its newest. For the same reason files
 * below level 0, which only another style can have left, go first: from the deepest level, first keys first.
 *
 * RocksDB: db/compaction/compaction_picker_fifo.cc (there a ttl may drop level 0 before what lies below it)
 */
import type { FileMeta } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'
import type { Compaction } from './compaction.ts'
import { cleanCut } from './file-ranges.ts'
import type { LevelOptions } from './level-options.ts'
import type { LevelScore } from './level-sizes.ts'
import { cheapRun } from './level0-choice.ts'
import type { CompactionReason } from './picked-files.ts'
import {
  type CompactionPicker,
  expiryOf,
  type ManualRange,
  type ManualStep,
  type ManualSteps,
  nextExpiry,
  type SecondsClock,
  type VersionSource,
} from './picker.ts'
import { RunningCompactions } from './running-compactions.ts'

/** A file is worth merging with others while that rewrites less than a memtable for each file saved. */
const MEMTABLE_SLACK = 1.1

interface Choice {
  level: number
  files: readonly FileMeta[]
  reason: CompactionReason
  drops: boolean
}

export class FifoPicker implements CompactionPicker {
  readonly baseLevel = 1
  /** The number of files never makes writes wait: the oldest go when there are too many. */
  readonly runCount = 0
  readonly source: VersionSource
  private readonly options: LevelOptions
  private readonly now: SecondsClock
  private readonly running = new RunningCompactions()

  constructor(source: VersionSource, options: LevelOptions, now: SecondsClock) {
    this.source = source
    this.options = options
    this.now = now
  }

  get runningCount(): number {
    return this.running.count
  }

  scores(): LevelScore[] {
    const { maxTableFilesSize } = this.options.compactionOptionsFifo
    return [{ level: 0, score: totalBytes(this.source.current) / maxTableFilesSize }]
  }

  pendingBytes(): number {
    return 0
  }

  needsCompaction(): boolean {
    return this.choose() !== undefined
  }

  /** One at a time: most are done at once, and two could not tell which files the other leaves. */
  pick(): Compaction | undefined {
    const choice = this.running.count > 0 ? undefined : this.choose()
    if (choice === undefined) return undefined
    const { level, files, reason, drops } = choice
    const { current: version } = this.source
    const { baseLevel, options } = this
    const [{ score }] = this.scores()
    const inputs = [{ level, files }]
    return this.running.begin({
      version,
      baseLevel,
      options,
      inputs,
      outputLevel: level,
      reason,
      score,
      drops,
    })
  }

  /** Files go by their age, whoever still wants to see them; who reads them already goes on. */
  noteOldestSnapshot(): void {}

  /** Nothing is kept that was derived from them. */
  noteOptions(): void {}

  nextDue(): number | undefined {
    return nextExpiry(this.source.current, this.options.ttl, this.now())
  }

  /** There is nothing to do beyond what is due: the range means nothing, as in RocksDB. */
  compactFiles(numbers: readonly number[], outputLevel: number): Compaction {
    const { options, baseLevel } = this
    const { current: version } = this.source
    return this.running.beginChosen({ version, options, baseLevel, outputLevel }, numbers)
  }

  manual(_range: ManualRange, _nextFileNumber: number): ManualSteps {
    let isBegun = false
    const next = (): ManualStep => {
      if (isBegun || !this.needsCompaction()) return 'done'
      const compaction = this.pick()
      isBegun = compaction !== undefined
      return compaction ?? 'blocked'
    }
    return { next }
  }

  private choose(): Choice | undefined {
    return this.chooseOldest() ?? this.chooseSmall()
  }

  private chooseOldest(): Choice | undefined {
    const version = this.source.current
    const { maxTableFilesSize } = this.options.compactionOptionsFifo
    const now = this.now()
    const isExpired = (file: FileMeta) => (expiryOf(file, this.options.ttl) ?? now) < now
    const level = Math.max(0, version.deepestLevel)
    const total = totalBytes(version)
    const leaving: FileMeta[] = []
    let left = total
    for (const file of level === 0 ? version.levels[0].toReversed() : version.levels[level]) {
      if (left <= maxTableFilesSize && !isExpired(file)) break
      leaving.push(file)
      left -= file.size
    }
    if (leaving.length === 0) return undefined
    // Of a key that lies in two files of a level, the one that stayed would be the older.
    const files = level === 0 ? leaving.reverse() : cleanCut(version, level, leaving)
    return { level, files, reason: total > maxTableFilesSize ? 'total size' : 'ttl', drops: true }
  }

  private chooseSmall(): Choice | undefined {
    const { compactionOptionsFifo, level0FileNumCompactionTrigger, writeBufferSize } = this.options
    if (!compactionOptionsFifo.allowCompaction) return undefined
    const files = cheapRun(this.source.current.levels[0], {
      minFiles: Math.max(2, level0FileNumCompactionTrigger),
      maxBytesPerFileSaved: MEMTABLE_SLACK * writeBufferSize,
      maxBytes: this.options.maxCompactionBytes,
    })
    return files.length === 0 ? undefined : { level: 0, files, reason: 'level0 files', drops: false }
  }
}

function totalBytes(version: Version): number {
  return version.levelBytes.reduce((sum, bytes) => sum + bytes, 0)
}

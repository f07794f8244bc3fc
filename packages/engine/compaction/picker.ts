/**
 * What the engine asks of a compaction style. Each style is one picker (leveled-picker.ts, universal-picker.ts,
 * fifo-picker.ts) that is told of nothing: it looks at the newest version whenever it is asked.
 *
 * RocksDB: db/compaction/compaction_picker.h
 */
import type { FileMeta } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'
import type { Compaction } from './compaction.ts'
import type { LevelScore } from './level-sizes.ts'

/** Where a picker finds the newest version. */
export interface VersionSource {
  readonly current: Version
}

export interface CompactionPicker {
  /** The level that `compressionPerLevel` counts as the one behind level 0. */
  readonly baseLevel: number
  /** What `level0SlowdownWritesTrigger` and `level0StopWritesTrigger` count. */
  readonly runCount: number
  /** Compactions picked and not released yet. */
  readonly runningCount: number
  /** How urgently each level, or the tree as a whole in place of level 0, needs a compaction: highest first. */
  scores(): LevelScore[]
  /** Bytes that compactions will have to rewrite before the tree is in shape. */
  pendingBytes(): number
  /** True when there is work, though `pick` may find that all of it must wait for running compactions. */
  needsCompaction(): boolean
  /** The next compaction, its inputs marked. The caller releases it, whatever becomes of it. */
  pick(): Compaction | undefined
  /** Tells that no reader is older than `sequence`: what was kept for older ones may have become work. */
  noteOldestSnapshot(sequence: number): void
  /** Tells that the options it was given have changed. */
  noteOptions(): void
  /** The next time, in Unix seconds, when there may be work though nothing was written. */
  nextDue(): number | undefined
  /**
   * The compaction of the tables with these numbers, and what must go along, into `outputLevel`. Throws
   * `INVALID_ARGUMENT` for what cannot be, `ABORTED` where a running compaction is in the way.
   */
  compactFiles(numbers: readonly number[], outputLevel: number): Compaction
  /** What compacting `range` takes. The memtables have been flushed; `nextFileNumber` is that of the next file. */
  manual(range: ManualRange, nextFileNumber: number): ManualSteps
}

export interface ManualRange {
  /** User keys, both inclusive; an absent bound is open. */
  smallest?: Uint8Array | undefined
  largest?: Uint8Array | undefined
  /** Rewrites files of the deepest level too when there is nothing above to merge into them. */
  rewriteBottommost?: boolean
}

/** `blocked`: running compactions hold some of the files. */
export type ManualStep = Compaction | 'blocked' | 'done'

/**
 *     for (let step = manual.next(); step !== 'done'; step = manual.next()) {
 *       if (step === 'blocked') await whatever is running
 *       else run it, then release it
 *     }
 */
export interface ManualSteps {
  /** The next compaction, its inputs marked; the caller runs and releases it before it asks again. */
  next(): ManualStep
}

/** Says what time it is, in Unix seconds. */
export type SecondsClock = () => number

/** When everything in the file is older than `ttl` seconds; undefined when the file does not say. */
export function expiryOf({ record }: FileMeta, ttl: number): number | undefined {
  const { fileCreationTime = 0 } = record
  return ttl === 0 || fileCreationTime === 0 ? undefined : fileCreationTime + ttl
}

/** The first expiry that is still to come. */
export function nextExpiry(version: Version, ttl: number, now: number): number | undefined {
  if (ttl === 0) return undefined
  let next: number | undefined
  for (const file of version.files()) {
    const expiry = expiryOf(file, ttl)
    if (expiry !== undefined && expiry >= now && (next === undefined || expiry < next)) next = expiry
  }
  return next === undefined ? undefined : next + 1
}

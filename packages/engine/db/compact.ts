/**
 * The manual compaction: flushes, then does what the family's style takes it for. Leveled takes a range of keys down to
 * the last level that has any of it, universal merges everything, FIFO does what is due and no more.
 *
 * RocksDB: db/db_impl/db_impl_compaction_flush.cc, CompactRange
 */
import { VarveError } from '@varve/format/errors'
import type { BlobCollectionOverride, ManualRange } from '../compaction/index.ts'
import type { OnProgress } from '../runtime/index.ts'
import { type Bytes, keyBytes } from './arguments.ts'
import type { Engine } from './engine.ts'
import { type Family, refuseIfDropped } from './family.ts'
import { flush } from './flush.ts'
import type { ManualTurn } from './manual-turns.ts'
import { checkTargetLevel, refitLevel } from './refit-level.ts'
import { refuseTimestampWrite } from './timestamped-reads.ts'

const MOST_SUBCOMPACTIONS = 64

/** How far a manual compaction has come. */
export interface CompactProgress {
  /** Bytes of input read so far. */
  bytesRead: number
  bytesWritten: number
  /** Bytes of all tables in the range when it began: about what `bytesRead` goes to. */
  bytesTotal: number
}

/**
 * Whether files of the last level, below which there is nothing, are rewritten though nothing is merged into them.
 * `skip`: they are not. `ifHaveCompactionFilter`: only for the sake of a compaction filter, or of entries that expire; as `skip` without. `force`:
 * they are. `forceOptimized`: but for those that this compaction has written. Here `force` spares them too: to write them
 * again would change nothing.
 */
export type BottommostLevelCompaction = 'skip' | 'ifHaveCompactionFilter' | 'force' | 'forceOptimized'

const bottommostLevelCompactions: readonly BottommostLevelCompaction[] = [
  'skip',
  'ifHaveCompactionFilter',
  'force',
  'forceOptimized',
]

export interface CompactOptions {
  /** From this key on. Default: from the first. Under universal a range that holds anything stands for everything. */
  start?: Bytes
  /** To this key, which is taken in. Default: to the last. */
  end?: Bytes
  /** See `BottommostLevelCompaction`. Default forceOptimized (RocksDB: ifHaveCompactionFilter). */
  bottommostLevelCompaction?: BottommostLevelCompaction
  /** `false` is short for `bottommostLevelCompaction: 'skip'`. Default true. */
  rewriteBottommost?: boolean
  /**
   * Whether values that are left in old blob files are moved to new ones: `force` moves all of them, unless
   * `blobGarbageCollectionAgeCutoff` says otherwise, `disable` none. Default: as the options say.
   */
  blobGarbageCollectionPolicy?: 'force' | 'disable' | 'useDefault'
  /** In place of the option, for this compaction. */
  blobGarbageCollectionAgeCutoff?: number
  /** Waits for other compactions to end, and lets none begin beside it. Default false: only automatic ones of its column family wait. */
  exclusive?: boolean
  /**
   * Afterwards moves all files of the level they are in now to `targetLevel`, or to the highest level that is empty and
   * large enough. Throws `NOT_SUPPORTED` when files of other levels are in between. Default false.
   */
  changeLevel?: boolean
  /** From 1 on. Only with `changeLevel`. */
  targetLevel?: number
  /** Into how many parts each compaction may be divided. Default: the option `maxSubcompactions`. */
  maxSubcompactions?: number
  /** Stops it, also in the middle of a step; steps that are done stay done. The promise rejects with `ABORTED`. */
  signal?: AbortSignal
  onProgress?: (progress: CompactProgress) => void
}

export async function compact(engine: Engine, family: Family, options: CompactOptions = {}): Promise<void> {
  engine.refuseUnlessOpen()
  engine.refuseUnlessWritable()
  refuseTimestampWrite(family)
  const range = rangeOf(family, options)
  const collection = collectionOf(options)
  checkSubcompactions(options.maxSubcompactions)
  checkTargetLevel(family, options.targetLevel)
  const { exclusive, signal } = options
  const turn = await engine.manual.begin({ pauses: family, exclusive, signal })
  try {
    await flush(engine, [family])
    await compactRange(engine, family, range, turn, { ...options, collection })
    if (options.changeLevel) await changeLevel(engine, family, range, options.targetLevel)
  } catch (error) {
    turn.refuseIfStopped()
    throw error
  } finally {
    turn.end()
  }
}

function rangeOf({ filter, expiry }: Family, options: CompactOptions): ManualRange {
  const { bottommostLevelCompaction: bottommost = 'forceOptimized' } = options
  if (!bottommostLevelCompactions.includes(bottommost)) {
    const problem = `bottommostLevelCompaction must be one of ${bottommostLevelCompactions.join(', ')}, not ${bottommost}`
    throw new VarveError('INVALID_ARGUMENT', problem, { option: 'bottommostLevelCompaction' })
  }
  const removes = bottommost === 'ifHaveCompactionFilter' && (filter ?? expiry) !== undefined
  return {
    smallest: options.start === undefined ? undefined : keyBytes(options.start),
    largest: options.end === undefined ? undefined : keyBytes(options.end),
    rewriteBottommost: options.rewriteBottommost !== false && (removes || bottommost.startsWith('force')),
  }
}

/** Takes the range down step by step. */
async function compactRange(
  engine: Engine,
  family: Family,
  range: ManualRange,
  turn: ManualTurn,
  options: CompactOptions & { collection?: BlobCollectionOverride | undefined },
): Promise<void> {
  const manual = family.picker.manual(range, engine.versions.nextFileNumber)
  const onProgress = progressReporter(family, options)
  const { maxSubcompactions, collection } = options
  const run = { onProgress, maxSubcompactions, cancel: turn.cancel, collection }
  const next = async () => {
    await turn.unlessStopped(engine.background.untilContinued())
    // Before `next` marks the inputs of a compaction that nobody would then run and release.
    turn.refuseIfStopped()
    engine.refuseUnlessOpen()
    engine.refuseUnlessWritable()
    refuseIfDropped(family)
    return manual.next()
  }
  for (let step = await next(); step !== 'done'; step = await next()) {
    if (step === 'blocked') await turn.unlessStopped(engine.background.nextEnd())
    else await engine.background.compact(family, step, run)
  }
}

/** RocksDB: the level that the range has been compacted into, whole. Nothing else runs meanwhile. */
async function changeLevel(
  engine: Engine,
  family: Family,
  { smallest, largest }: ManualRange,
  targetLevel: number | undefined,
): Promise<void> {
  await engine.background.pause()
  try {
    const { current: version } = family.state
    const level = version.levels.findLastIndex(
      (_, level) => version.filesOverlapping(level, smallest, largest).length > 0,
    )
    if (level >= 0) await refitLevel(engine, family, level, targetLevel)
  } finally {
    if (engine.background.isPaused) engine.background.continue()
  }
}

/** Throws unless it may be the number of parts of a compaction. */
export function checkSubcompactions(count: number | undefined): void {
  if (count === undefined || (Number.isInteger(count) && count >= 1 && count <= MOST_SUBCOMPACTIONS)) return
  const problem = `maxSubcompactions must be a whole number from 1 to ${MOST_SUBCOMPACTIONS}, not ${count}`
  throw new VarveError('INVALID_ARGUMENT', problem, { option: 'maxSubcompactions' })
}

/** Adds up the progress of one job after another. */
function progressReporter(family: Family, { onProgress }: CompactOptions): OnProgress | undefined {
  if (onProgress === undefined) return undefined
  const bytesTotal = family.superVersion.version.levelBytes.reduce((sum, bytes) => sum + bytes, 0)
  let read = 0
  let written = 0
  let last = { bytesRead: 0, bytesWritten: 0 }
  return progress => {
    if (progress.bytesRead < last.bytesRead) {
      read += last.bytesRead
      written += last.bytesWritten
    }
    last = progress
    onProgress({
      bytesRead: read + progress.bytesRead,
      bytesWritten: written + progress.bytesWritten,
      bytesTotal,
    })
  }
}

function collectionOf(options: CompactOptions): BlobCollectionOverride | undefined {
  const { blobGarbageCollectionPolicy: policy = 'useDefault', blobGarbageCollectionAgeCutoff: cutoff } =
    options
  if (!['force', 'disable', 'useDefault'].includes(policy)) {
    const message = `blobGarbageCollectionPolicy must be 'force', 'disable' or 'useDefault', not ${policy}`
    throw new VarveError('INVALID_ARGUMENT', message, { option: 'blobGarbageCollectionPolicy' })
  }
  if (cutoff !== undefined && !(cutoff >= 0 && cutoff <= 1)) {
    const message = `blobGarbageCollectionAgeCutoff must be a number from 0 to 1, not ${cutoff}`
    throw new VarveError('INVALID_ARGUMENT', message, { option: 'blobGarbageCollectionAgeCutoff' })
  }
  if (policy === 'useDefault') return { blobGarbageCollectionAgeCutoff: cutoff }
  const isForced = policy === 'force'
  return {
    enableBlobGarbageCollection: isForced,
    blobGarbageCollectionAgeCutoff: cutoff ?? (isForced ? 1 : undefined),
  }
}

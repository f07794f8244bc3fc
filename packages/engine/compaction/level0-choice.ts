/**
 * The three ways to shrink level 0 other than merging it into the base level.
 *
 * RocksDB: db/compaction/compaction_picker_level.cc, TryPickL0TrivialMove, PickSizeBasedIntraL0Compaction;
 * compaction_picker.cc, PickCostBasedIntraL0Compaction
 */
import type { FileMeta } from '../version/file-meta.ts'
import { compareBySmallest } from '../version/level-order.ts'
import type { Version } from '../version/version.ts'
import { rangeOf, rangesOverlap } from './file-ranges.ts'
import type { LevelOptions } from './level-options.ts'

/** Merging fewer files than this within level 0 is not worth the bytes. */
const MIN_FILES_WITHIN_LEVEL0 = 4

/**
 * The oldest files, as far as they overlap neither one another nor the base level: they can be moved there.
 * In key order.
 */
export function disjointLevel0Tail(version: Version, baseLevel: number, options: LevelOptions): FileMeta[] {
  // Into an empty level the oldest file can always be moved; merging what there is serves reads better.
  if (options.compressionPerLevel.length > 0 || version.levels[baseLevel].length === 0) return []
  const tail: FileMeta[] = []
  for (const file of version.levels[0].toReversed()) {
    if (file.beingCompacted || (tail.length > 0 && rangesOverlap(rangeOf([file]), rangeOf(tail), file.order)))
      break
    const { smallest, largest } = rangeOf([...tail, file])
    if (version.overlaps(baseLevel, smallest, largest)) break
    tail.push(file)
  }
  return tail.sort(compareBySmallest)
}

/** The newest files, when level 0 is so small beside the base level that merging it there would be a waste. */
export function level0AgainstBase(version: Version, baseLevel: number, options: LevelOptions): FileMeta[] {
  const minFiles = Math.max(2, options.level0FileNumCompactionTrigger)
  const files = version.levels[0]
  if (files.length < minFiles) return []
  const bytes = files.reduce((sum, file) => sum + file.compensatedSize, 0)
  const ratio = Math.max(10, options.maxBytesForLevelMultiplier) * 2
  if (version.levelBytes[baseLevel] <= bytes * ratio) return []
  const run = freeRun(files)
  return run.length < minFiles ? [] : run
}

/** The newest files, when there are so many that merging them alone is worth it. */
export function cheapLevel0Run(version: Version, options: LevelOptions): readonly FileMeta[] {
  const files = version.levels[0]
  if (files.length < options.level0FileNumCompactionTrigger + 2) return []
  return cheapRun(files, {
    minFiles: MIN_FILES_WITHIN_LEVEL0,
    maxBytesPerFileSaved: Number.POSITIVE_INFINITY,
    maxBytes: options.maxCompactionBytes,
  })
}

export interface CheapRunLimits {
  minFiles: number
  /** What rewriting for each file fewer must stay below. */
  maxBytesPerFileSaved: number
  maxBytes: number
}

/** The newest files, as long as each one added lowers the bytes rewritten for a file saved; none if that is few. */
export function cheapRun(files: readonly FileMeta[], limits: CheapRunLimits): readonly FileMeta[] {
  const free = freeRun(files)
  let bytes = 0
  let bytesPerFileSaved = Number.POSITIVE_INFINITY
  let count = 0
  for (; count < free.length; count++) {
    bytes += free[count].size
    if (count === 0) continue
    const perFile = Math.floor(bytes / count)
    if (perFile > bytesPerFileSaved || bytes > limits.maxBytes) break
    bytesPerFileSaved = perFile
  }
  const isWorthIt = count >= limits.minFiles && bytesPerFileSaved <= limits.maxBytesPerFileSaved
  return isWorthIt ? free.slice(0, count) : []
}

/** The newest files up to the first that is being compacted. */
function freeRun(files: readonly FileMeta[]): FileMeta[] {
  const busy = files.findIndex(file => file.beingCompacted)
  return files.slice(0, busy < 0 ? files.length : busy)
}

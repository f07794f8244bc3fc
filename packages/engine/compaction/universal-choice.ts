/**
 * Which sorted runs universal compaction merges, and why. The reasons are tried in this order:
 *
 * 1. `ttl`: something is older than the options allow. Everything from the oldest run on.
 * 2. `size amplification`: the newer runs together are so large beside the oldest that too much of the space may be
 *    old versions. Everything from the oldest run on.
 * 3. `size ratio`: a run is not larger than what was picked before it, by `sizeRatio` percent at most. Merging
 *    likes of size makes each byte be rewritten about as often as the sizes double.
 * 4. `sorted runs`: there are too many. As many of the newest as it takes.
 *
 * The last three wait for `level0FileNumCompactionTrigger` runs. Runs that are being compacted end a stretch.
 *
 * RocksDB: db/compaction/compaction_picker_universal.cc, PickCompaction (incremental mode, max_read_amp, marked
 * files and the sparing of level 0 files near a write stop are not built)
 */
import type { LevelOptions } from './level-options.ts'
import type { SortedRun } from './sorted-runs.ts'

export interface RunChoice {
  /** Of the runs, newest first; `end` is left out. */
  start: number
  end: number
  reason: 'ttl' | 'size amplification' | 'size ratio' | 'sorted runs'
}

/** `isExpired`: a run holds a file that is older than the options allow. */
export function chooseRuns(
  runs: readonly SortedRun[],
  options: LevelOptions,
  isExpired: (run: SortedRun) => boolean,
): RunChoice | undefined {
  const expired = chooseExpired(runs, isExpired)
  if (expired !== undefined || runs.length < options.level0FileNumCompactionTrigger) return expired
  return chooseForSpace(runs, options) ?? chooseBySizeRatio(runs, options) ?? chooseForRunCount(runs, options)
}

function chooseExpired(
  runs: readonly SortedRun[],
  isExpired: (run: SortedRun) => boolean,
): RunChoice | undefined {
  if (!runs.some(isExpired)) return undefined
  const start = startOfFreeTail(runs)
  // To rewrite the oldest run alone is worth it only for its own sake.
  if (start === runs.length || (start === runs.length - 1 && !isExpired(runs[start]))) return undefined
  return { start, end: runs.length, reason: 'ttl' }
}

function chooseForSpace(runs: readonly SortedRun[], options: LevelOptions): RunChoice | undefined {
  const start = startOfFreeTail(runs)
  const oldest = runs.length - 1
  if (start >= oldest) return undefined
  const newer = runs.slice(start, oldest).reduce((sum, { weight }) => sum + weight, 0)
  const { maxSizeAmplificationPercent } = options.compactionOptionsUniversal
  if (newer * 100 < maxSizeAmplificationPercent * runs[oldest].size) return undefined
  return { start, end: runs.length, reason: 'size amplification' }
}

function chooseBySizeRatio(runs: readonly SortedRun[], options: LevelOptions): RunChoice | undefined {
  const { sizeRatio, maxMergeWidth } = options.compactionOptionsUniversal
  const stretch = firstStretch(runs, options, sizeRatio, maxMergeWidth)
  return stretch && { ...stretch, reason: 'size ratio' }
}

function chooseForRunCount(runs: readonly SortedRun[], options: LevelOptions): RunChoice | undefined {
  const excess = runs.filter(({ busy }) => !busy).length - options.level0FileNumCompactionTrigger
  if (excess <= 0) return undefined
  const { maxMergeWidth } = options.compactionOptionsUniversal
  const stretch = firstStretch(runs, options, Number.POSITIVE_INFINITY, Math.min(maxMergeWidth, excess + 1))
  return stretch && { ...stretch, reason: 'sorted runs' }
}

/** The newest stretch of at least `minMergeWidth` and at most `maxWidth` free runs that are alike in size. */
function firstStretch(
  runs: readonly SortedRun[],
  { compactionOptionsUniversal }: LevelOptions,
  ratio: number,
  maxWidth: number,
): { start: number; end: number } | undefined {
  const { minMergeWidth, stopStyle } = compactionOptionsUniversal
  const flexibility = (100 + ratio) / 100
  for (let start = 0; start < runs.length; start++) {
    if (runs[start].busy) continue
    let end = start + 1
    for (let picked = runs[start].weight; end < runs.length && end - start < maxWidth; end++) {
      const next = runs[end]
      if (next.busy || picked * flexibility < next.size) break
      if (stopStyle === 'similarSize' && next.size * flexibility < picked) break
      picked = stopStyle === 'similarSize' ? next.weight : picked + next.weight
    }
    if (end - start >= minMergeWidth) return { start, end }
  }
  return undefined
}

/** The oldest runs that no compaction has begin here. */
function startOfFreeTail(runs: readonly SortedRun[]): number {
  return 1 + runs.findLastIndex(({ busy }) => busy)
}

/**
 * Whether the outputs of a choice go uncompressed: so much lies below them, in percent of everything, that enough
 * is compressed.
 */
export function staysUncompressed(
  runs: readonly SortedRun[],
  { end, reason }: RunChoice,
  { compactionOptionsUniversal }: LevelOptions,
): boolean {
  const { compressionSizePercent } = compactionOptionsUniversal
  const isPartial = reason === 'size ratio' || reason === 'sorted runs'
  if (compressionSizePercent < 0 || !isPartial || end === runs.length) return false
  const total = runs.reduce((sum, { weight }) => sum + weight, 0)
  const older = runs.slice(end).reduce((sum, { size }) => sum + size, 0)
  return older * 100 >= total * compressionSizePercent
}

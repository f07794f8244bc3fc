/**
 * How large each level may be, and how much it is over that: the score by which the picker goes.
 *
 * Static sizes grow from level 1 down: base, base x multiplier, ... Dynamic sizes are derived from the largest
 * level up, so that the last level is full and the others hold about a tenth of it; level 0 then empties into
 * the first level whose size makes sense, the base level, and the levels in between stay empty:
 *
 *     level  0   1  2  3   4     5       6
 *     bytes  -   0  0  0   base  x 10    x 100        base level = 4
 *
 * RocksDB: db/version_set.cc, VersionStorageInfo::CalculateBaseBytes, ComputeCompactionScore,
 * EstimateCompactionBytesNeeded
 */
import type { Version } from '../version/version.ts'
import type { LevelOptions } from './level-options.ts'

/** Scores above 1 are stretched by this, which leaves room to rank levels that all need work. */
const SCORE_SCALE = 10

export interface LevelSizes {
  /** Where level 0 goes. */
  baseLevel: number
  /** Level n may hold maxBytes[n]; Infinity where nothing is to leave because of its size. */
  maxBytes: number[]
  /** Levels from 1 to this one hold files and need not exist: they are drained. -1 for none. */
  lowestUnnecessaryLevel: number
}

export function levelSizes(version: Version, options: LevelOptions): LevelSizes {
  return options.levelCompactionDynamicLevelBytes
    ? dynamicSizes(version, options)
    : staticSizes(version, options)
}

function staticSizes(version: Version, options: LevelOptions): LevelSizes {
  const maxBytes = version.levels.map(
    (_, level) => options.maxBytesForLevelBase * options.maxBytesForLevelMultiplier ** Math.max(0, level - 1),
  )
  return { baseLevel: 1, maxBytes, lowestUnnecessaryLevel: -1 }
}

function dynamicSizes(version: Version, options: LevelOptions): LevelSizes {
  const { maxBytesForLevelBase: baseMax, maxBytesForLevelMultiplier: multiplier } = options
  const lastLevel = version.levels.length - 1
  const maxBytes: number[] = version.levels.map(() => Number.POSITIVE_INFINITY)
  const firstNonEmpty = version.levelBytes.findIndex((bytes, level) => level > 0 && bytes > 0)
  if (firstNonEmpty < 0) return { baseLevel: lastLevel, maxBytes, lowestUnnecessaryLevel: -1 }

  // Not the last level's size: it can be smaller than one above it while it is being filled.
  let size = version.levelBytes.reduce(
    (most, bytes, level) => (level === 0 ? most : Math.max(most, bytes)),
    0,
  )
  const baseMin = Math.floor(baseMax / multiplier)
  let lowestUnnecessaryLevel = -1
  for (let level = lastLevel - 1; level >= firstNonEmpty; level--) {
    size = Math.floor(size / multiplier)
    if (lowestUnnecessaryLevel < 0 && size <= baseMin) lowestUnnecessaryLevel = level
  }
  let baseLevel = firstNonEmpty
  let baseSize = baseMin + 1
  if (size > baseMin) {
    while (baseLevel > 1 && size > baseMax) {
      baseLevel--
      size = Math.floor(size / multiplier)
    }
    baseSize = Math.max(1, Math.min(size, baseMax))
  }
  // No level's target is below baseMax, or a large level 0 would wait while the levels below it are tidied.
  for (let level = baseLevel, target = baseSize; level <= lastLevel; level++, target *= multiplier) {
    maxBytes[level] = Math.max(target, baseMax)
  }
  return { baseLevel, maxBytes, lowestUnnecessaryLevel }
}

export interface LevelScore {
  level: number
  /** 1 and above: the level needs a compaction. */
  score: number
}

/** The scores of all levels that files can leave, highest first. Files being compacted do not count. */
export function levelScores(version: Version, options: LevelOptions, sizes: LevelSizes): LevelScore[] {
  const scores: LevelScore[] = [{ level: 0, score: level0Score(version, options, sizes) }]
  let arriving = version.levelBytes[0]
  for (let level = 1; level < version.levels.length - 1; level++) {
    const total = version.levelBytes[level]
    scores.push({ level, score: levelScore(version, level, options, sizes, arriving) })
    if (level <= sizes.lowestUnnecessaryLevel) arriving += total
    else if (total > sizes.maxBytes[level]) arriving += total - sizes.maxBytes[level]
  }
  return scores.sort((a, b) => b.score - a.score || a.level - b.level)
}

/**
 * Level 0 counts by files, because every read looks into each of them; and by bytes, because compacting within
 * level 0 makes few and large files.
 */
function level0Score(version: Version, options: LevelOptions, sizes: LevelSizes): number {
  let runs = 0
  let bytes = 0
  for (const file of version.levels[0]) {
    if (file.beingCompacted) continue
    runs++
    bytes += file.compensatedSize
  }
  let score = runs / options.level0FileNumCompactionTrigger
  if (!options.levelCompactionDynamicLevelBytes) return Math.max(score, bytes / options.maxBytesForLevelBase)
  if (bytes >= options.maxBytesForLevelBase) score = Math.max(score, 1.01)
  const baseTarget = sizes.maxBytes[sizes.baseLevel]
  if (bytes > baseTarget) {
    const baseBytes = version.levels[sizes.baseLevel].reduce((sum, file) => sum + file.compensatedSize, 0)
    score = Math.max(score, bytes / Math.max(baseBytes, baseTarget))
  }
  return score > 1 ? score * SCORE_SCALE : score
}

/** `arriving`: bytes that compactions of the levels above will bring. */
function levelScore(
  version: Version,
  level: number,
  options: LevelOptions,
  sizes: LevelSizes,
  arriving: number,
): number {
  const target = sizes.maxBytes[level]
  let bytes = 0
  for (const file of version.levels[level]) if (!file.beingCompacted) bytes += file.compensatedSize
  if (!options.levelCompactionDynamicLevelBytes) return bytes / target
  const score = bytes < target ? bytes / target : (bytes / (target + arriving)) * SCORE_SCALE
  if (bytes === 0 || level > sizes.lowestUnnecessaryLevel) return score
  return Math.max(score, SCORE_SCALE * (1.001 + 0.001 * (sizes.lowestUnnecessaryLevel - level)))
}

/** Bytes that must be rewritten before no level is above its target: what write stalls go by. */
export function pendingCompactionBytes(version: Version, options: LevelOptions, sizes: LevelSizes): number {
  const { levelBytes, levels } = version
  let pending = 0
  let moving = 0
  const level0Triggered =
    levels[0].length >= options.level0FileNumCompactionTrigger ||
    levelBytes[0] >= options.maxBytesForLevelBase
  if (level0Triggered) {
    pending = levelBytes[0] + levelBytes[sizes.baseLevel]
    moving = levelBytes[0]
  }
  for (let level = sizes.baseLevel; level < levels.length - 1; level++) {
    const bytes = levelBytes[level] + moving
    moving = 0
    if (bytes <= sizes.maxBytes[level]) continue
    moving = bytes - sizes.maxBytes[level]
    if (levelBytes[level + 1] > 0) pending += moving * (levelBytes[level + 1] / bytes + 1)
  }
  return Math.floor(pending)
}

/** Target size of a table in `level`. */
export function targetFileSize(level: number, baseLevel: number, options: LevelOptions): number {
  const { targetFileSizeBase, targetFileSizeMultiplier, levelCompactionDynamicLevelBytes } = options
  const first = levelCompactionDynamicLevelBytes ? baseLevel : 1
  return targetFileSizeBase * targetFileSizeMultiplier ** Math.max(0, level - first)
}

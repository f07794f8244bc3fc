/**
 * What a picker has chosen, and what follows from it before anything is read: whether older versions can lie
 * elsewhere, whether moving the files is enough, where outputs end.
 *
 * RocksDB: db/compaction/compaction.cc, IsBottommostLevel and IsTrivialMove
 */
import type { FileMeta } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'
import { type KeyRange, totalSize } from './file-ranges.ts'
import { compressionOf, type LevelOptions } from './level-options.ts'
import { targetFileSize } from './level-sizes.ts'
import type { CutRules } from './output-cutter.ts'

export type CompactionReason =
  | 'level0 files'
  | 'level size'
  | 'marked files'
  | 'bottommost files'
  | 'blob garbage'
  | 'size amplification'
  | 'size ratio'
  | 'sorted runs'
  | 'ttl'
  | 'total size'
  | 'manual'

/** Files of one level, in the level's order. */
export interface CompactionInput {
  level: number
  files: readonly FileMeta[]
}

export interface PickedFiles {
  version: Version
  baseLevel: number
  options: LevelOptions
  /** Levels ascending, none of them empty. */
  inputs: readonly CompactionInput[]
  outputLevel: number
  reason: CompactionReason
  /** The score of the level that made it necessary. */
  score: number
  /** The inputs are known not to overlap one another, whatever levels they are of. */
  disjoint?: boolean
  /** The inputs go, and nothing comes in their place. */
  drops?: boolean
  /** The inputs are rewritten even where moving them would do. */
  rewrites?: boolean
  /** The outputs are not compressed, whatever the options of the level say. */
  uncompressed?: boolean
}

/** Older versions lie in deeper levels, and for an output in level 0 also in its older files. */
export function isBottommost({ version, outputLevel, inputs }: PickedFiles, range: KeyRange): boolean {
  if (outputLevel > 0) {
    for (let level = outputLevel + 1; level < version.levels.length; level++) {
      if (version.overlaps(level, range.smallest, range.largest)) return false
    }
    return true
  }
  if (inputs[0].files.at(-1) !== version.levels[0].at(-1)) return false
  return version.deepestLevel === 0
}

function isFiltered({ compactionFilter, expiringKeys, ttlDatabase }: LevelOptions): boolean {
  return compactionFilter !== undefined || expiringKeys || ttlDatabase !== undefined
}

export function isTrivialMove(picked: PickedFiles): boolean {
  const { version, inputs, outputLevel, options, baseLevel, disjoint, drops, rewrites, reason } = picked
  // Who asks for a compaction wants the filter to be asked, and what is over to go.
  if (reason === 'manual' && isFiltered(options)) return false
  const { level: startLevel, files } = inputs[0]
  if (drops || rewrites || startLevel === outputLevel || outputLevel === 0) return false
  if (!disjoint && (inputs.length > 1 || (startLevel === 0 && files.length > 1))) return false
  const compressionIn = (level: number) => compressionOf(options, level, baseLevel, version.deepestLevel)
  if (inputs.some(({ level }) => compressionIn(level) !== compressionIn(outputLevel))) return false
  if (outputLevel + 1 >= version.levels.length) return true
  // A move that lands on too much of the next level only makes the merge after it expensive.
  return inputs
    .flatMap(input => input.files)
    .every(file => {
      const below = version.filesOverlapping(outputLevel + 1, file.smallestUserKey, file.largestUserKey)
      return file.size + totalSize(below) <= options.maxCompactionBytes
    })
}

/** Under universal whole levels are merged: nothing is gained by files that end where those below do. */
export function cutRules(
  { options, outputLevel, baseLevel }: PickedFiles,
  hasGrandparents: boolean,
): CutRules {
  const size = targetFileSize(outputLevel, baseLevel, options)
  const isLeveled = options.compactionStyle === 'leveled'
  return {
    outputLevel,
    targetFileSize: size,
    maxOutputFileSize: isLeveled && hasGrandparents ? 2 * size : size,
    maxCompactionBytes: options.maxCompactionBytes,
    bySizeAlone: !isLeveled,
  }
}

/** Table files for tests that look at metadata only: no file is behind them. */
import { encodeUtf8 } from '@varve/format/bytes'
import { makeInternalKey, ValueType } from '@varve/format/key'
import type { NewFile } from '@varve/format/manifest'
import { resolveOptions } from '../options/options.ts'
import { FileMeta, noStatistics } from '../version/file-meta.ts'
import { Version } from '../version/version.ts'
import type { LevelOptions } from './level-options.ts'

/** A file with the user keys from `smallest` to `largest`. */
export function fileRecord(
  number: number,
  smallest: string,
  largest: string,
  more: Partial<NewFile> = {},
): NewFile {
  const smallestSequence = more.smallestSequence ?? number * 10
  const largestSequence = more.largestSequence ?? number * 10 + 9
  return {
    level: 1,
    number,
    size: 1000,
    smallest: makeInternalKey(encodeUtf8(smallest), largestSequence, ValueType.Value),
    largest: makeInternalKey(encodeUtf8(largest), smallestSequence, ValueType.Value),
    epochNumber: number,
    ...more,
    smallestSequence,
    largestSequence,
  }
}

/** Small sizes, RocksDB's ratios. */
export const testOptions: LevelOptions = {
  compactionStyle: 'leveled',
  compactionOptionsUniversal: resolveOptions().columnFamily.compactionOptionsUniversal,
  compactionOptionsFifo: { maxTableFilesSize: 1e9, allowCompaction: false },
  ttl: 0,
  writeBufferSize: 1000,
  numLevels: 7,
  level0FileNumCompactionTrigger: 4,
  targetFileSizeBase: 1000,
  targetFileSizeMultiplier: 1,
  maxBytesForLevelBase: 4000,
  maxBytesForLevelMultiplier: 10,
  levelCompactionDynamicLevelBytes: false,
  maxCompactionBytes: 25_000,
  compression: 'none',
  compressionPerLevel: [],
  bottommostCompression: undefined,
  expiringKeys: false,
}

/** A file in a picture of a tree; what is left out does not matter. */
export interface SketchedFile extends Partial<NewFile> {
  /** First and last user key; by default every file of a level has its own. */
  keys?: [string, string]
  /** Nobody knows yet what its properties say. */
  isUnopened?: boolean
  mergeOperands?: number
}

let nextNumber = 1

/** A version with these files in its levels, level 0 newest first. */
export function versionOf(sketch: readonly (readonly SketchedFile[])[], levelCount = 7): Version {
  const levels: FileMeta[][] = Array.from({ length: levelCount }, () => [])
  for (const [level, files] of sketch.entries()) {
    for (const [index, { keys, isUnopened, mergeOperands = 0, ...more }] of files.entries()) {
      const own = String.fromCharCode(97 + index)
      const [smallest, largest] = keys ?? [`${own}0`, `${own}9`]
      const number = nextNumber++
      const epochNumber = level === 0 ? 1000 - index : 1
      const file = new FileMeta(fileRecord(number, smallest, largest, { level, epochNumber, ...more }))
      if (isUnopened !== true) file.statistics = { ...noStatistics, mergeOperands }
      levels[level].push(file)
    }
  }
  const levelBytes = levels.map(files => files.reduce((bytes, file) => bytes + file.size, 0))
  return new Version(0, 1, levels, levelBytes, { ...noStatistics }, () => undefined)
}

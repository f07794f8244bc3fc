/**
 * A tree as universal compaction sees it: sorted runs in the order of time, newest first. Each file of level 0 is
 * one, each deeper level that has files is one, whatever number it has.
 *
 *     run        0   1   2   3         4
 *     is         L0  L0  L0  level 4   level 6
 *
 * What is merged is always a stretch of neighbours, and its output takes their place: behind every newer run and
 * before every older one (I2).
 *
 * RocksDB: db/compaction/compaction_picker_universal.cc, CalculateSortedRuns
 */
import type { FileMeta } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'
import { anyBeingCompacted, totalSize } from './file-ranges.ts'
import type { CompactionInput } from './picked-files.ts'

export interface SortedRun {
  level: number
  /** One of level 0, or all of a deeper level. */
  files: readonly FileMeta[]
  /** Bytes, and what they weigh with deletions counted in. */
  size: number
  weight: number
  /** A compaction has some of it. */
  busy: boolean
}

/** Newest first. */
export function sortedRuns(version: Version): SortedRun[] {
  const [level0, ...deeper] = version.levels
  const runs = level0.map(file => runOf(0, [file]))
  for (const [index, files] of deeper.entries()) if (files.length > 0) runs.push(runOf(index + 1, files))
  return runs
}

function runOf(level: number, files: readonly FileMeta[]): SortedRun {
  const weight = files.reduce((sum, file) => sum + file.compensatedSize, 0)
  return { level, files, size: totalSize(files), weight, busy: anyBeingCompacted(files) }
}

/** Neighbouring runs as the inputs of a compaction: level by level, none empty. */
export function inputsOf(runs: readonly SortedRun[]): CompactionInput[] {
  const level0 = runs.filter(({ level }) => level === 0).flatMap(({ files }) => files)
  const deeper = runs.filter(({ level }) => level > 0).map(({ level, files }) => ({ level, files }))
  return level0.length === 0 ? deeper : [{ level: 0, files: level0 }, ...deeper]
}

/**
 * Where the output of a stretch goes that ends before run `end`: just above the next older run, so that it is as
 * deep as it can be and still newer; into the last level when there is none.
 */
export function outputLevelOf(runs: readonly SortedRun[], end: number, lastLevel: number): number {
  return end === runs.length ? lastLevel : Math.max(0, runs[end].level - 1)
}

/**
 * More files of the start level for a compaction whose output files are already chosen: those that add no file
 * of the output level are moved down at almost no cost.
 *
 * RocksDB: db/compaction/compaction_picker.cc, CompactionPicker::SetupOtherInputs
 */
import type { FileMeta } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'
import {
  anyBeingCompacted,
  cleanCut,
  type KeyRange,
  overlappingLevel0,
  rangeOf,
  totalSize,
} from './file-ranges.ts'
import type { LevelOptions } from './level-options.ts'
import type { CompactionInput } from './picked-files.ts'

export function expandStartInputs(
  version: Version,
  start: CompactionInput,
  output: CompactionInput,
  options: LevelOptions,
): CompactionInput {
  const range = rangeOf([...start.files, ...output.files])
  const limit = 2 * options.maxCompactionBytes - totalSize(output.files)
  const isBetter = (files: readonly FileMeta[]) =>
    files.length > start.files.length && !anyBeingCompacted(files) && totalSize(files) < limit
  const reaching = filesReaching(version, start.level, range)
  if (isBetter(reaching) && addsNothing(version, reaching, output))
    return { level: start.level, files: reaching }
  const within = filesWithin(version, start.level, range)
  return isBetter(within) ? { level: start.level, files: within } : start
}

function filesReaching(version: Version, level: number, range: KeyRange): readonly FileMeta[] {
  const files = version.filesOverlapping(level, range.smallest, range.largest)
  return level === 0 ? overlappingLevel0(version, files) : cleanCut(version, level, files)
}

function addsNothing(version: Version, files: readonly FileMeta[], output: CompactionInput): boolean {
  const { smallest, largest } = rangeOf(files)
  const overlapping = version.filesOverlapping(output.level, smallest, largest)
  return cleanCut(version, output.level, overlapping).length === output.files.length
}

/** Files of a sorted level that lie in the range and share no user key with a file that does not. */
function filesWithin(version: Version, level: number, range: KeyRange): readonly FileMeta[] {
  if (level === 0) return []
  const files = version.levels[level]
  let start = files.findIndex(file => file.order.compareKeys(file.smallestUserKey, range.smallest) >= 0)
  let end = 1 + files.findLastIndex(file => endsWithin(file, range))
  if (start < 0) return []
  while (start < end && start > 0 && sharesKey(files[start - 1], files[start])) start++
  while (start < end && end < files.length && sharesKey(files[end - 1], files[end])) end--
  return files.slice(start, Math.max(start, end))
}

/** Where the range ends before its last key, a file that has an entry of that key reaches beyond it. */
function endsWithin(file: FileMeta, range: KeyRange): boolean {
  const order = file.order.compareKeys(file.largestUserKey, range.largest)
  return order < 0 || (order === 0 && (range.endsBeforeLargest !== true || file.endsBeforeLargest))
}

function sharesKey(left: FileMeta, right: FileMeta): boolean {
  return !left.endsBeforeLargest && left.order.compareKeys(left.largestUserKey, right.smallestUserKey) === 0
}

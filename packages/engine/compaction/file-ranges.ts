/** Key ranges of sets of files, and how a set grows until no user key is split between it and its neighbours. */
import type { KeyOrder } from '@varve/format/key'
import type { FileMeta } from '../version/file-meta.ts'
import { overlapsUserKeys, type Version } from '../version/version.ts'

/** User keys, both inclusive. */
export interface KeyRange {
  smallest: Uint8Array
  largest: Uint8Array
  /** `largest` itself is not in it: a range tombstone ends there. */
  endsBeforeLargest?: boolean
}

/** Expects at least one file. */
export function rangeOf(files: Iterable<FileMeta>): KeyRange {
  let first: FileMeta | undefined
  let last: FileMeta | undefined
  for (const file of files) {
    if (first === undefined || file.order.compareInternalKeys(file.smallest, first.smallest) < 0) first = file
    if (last === undefined || file.order.compareInternalKeys(file.largest, last.largest) > 0) last = file
  }
  if (first === undefined || last === undefined) throw new RangeError('no files have no range')
  const range: KeyRange = { smallest: first.smallestUserKey, largest: last.largestUserKey }
  if (last.endsBeforeLargest) range.endsBeforeLargest = true
  return range
}

export function rangesOverlap(a: KeyRange, b: KeyRange, order: KeyOrder): boolean {
  return order.compareKeys(a.smallest, b.largest) <= 0 && order.compareKeys(b.smallest, a.largest) <= 0
}

export function totalSize(files: readonly FileMeta[]): number {
  return files.reduce((bytes, file) => bytes + file.size, 0)
}

export function anyBeingCompacted(files: readonly FileMeta[]): boolean {
  return files.some(file => file.beingCompacted)
}

/**
 * The files of a sorted level that cover `files` and share no user key with the files left out. Otherwise a
 * newer version of a key could be moved below an older one.
 */
export function cleanCut(version: Version, level: number, files: readonly FileMeta[]): readonly FileMeta[] {
  if (level === 0 || files.length === 0) return files
  for (let current = files; ; ) {
    const range = rangeOf(current)
    const overlapping = version.filesOverlapping(level, range.smallest, range.largest)
    const expanded = overlapping.filter(file => !beginsBehind(file, range))
    if (expanded.length <= current.length) return current
    current = expanded
  }
}

/** Whether it begins with the key that the range ends before: without this, tombstones side by side would chain files. */
function beginsBehind(file: FileMeta, { largest, endsBeforeLargest }: KeyRange): boolean {
  return endsBeforeLargest === true && file.order.compareKeys(file.smallestUserKey, largest) >= 0
}

/** All files of level 0 that overlap `files` or one another's ranges, newest first. */
export function overlappingLevel0(version: Version, files: readonly FileMeta[]): FileMeta[] {
  for (let current = files; ; ) {
    const range = rangeOf(current)
    const { smallest, largest } = range
    const expanded = version.levels[0].filter(
      file => overlapsUserKeys(file, smallest, largest) && !beginsBehind(file, range),
    )
    if (expanded.length <= current.length) return expanded
    current = expanded
  }
}

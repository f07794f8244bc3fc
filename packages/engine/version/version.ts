/**
 * An immutable set of live files of one column family: level 0 newest first, deeper levels sorted by key and
 * free of overlap. A level that an edit leaves alone is the same array in the next version, so a version costs
 * what has changed.
 *
 * Whoever reads from a version holds a reference; the files that only dead versions know become obsolete.
 *
 * RocksDB: db/version_set.h, Version and VersionStorageInfo
 */
import { compareTrailers } from '@varve/format/key'
import type { BlobFileState } from './blob-file-meta.ts'
import type { FileMeta, FileStatistics } from './file-meta.ts'

/** An internal key to look for; `SeekTarget` is one. `prefixHigh` and `prefixLow` are the first words of the key. */
export interface FileTarget {
  bytes: Uint8Array
  start: number
  end: number
  prefixHigh: number
  prefixLow: number
  trailerLow: number
  trailerHigh: number
}

export class Version {
  readonly columnFamily: number
  /** Versions of one column family count up. */
  readonly id: number
  /** levels[0] newest first; levels[n] sorted by smallest key. */
  readonly levels: readonly (readonly FileMeta[])[]
  /** Sum of the file sizes of each level. */
  readonly levelBytes: readonly number[]
  /** Sums over all files whose statistics are known. */
  readonly totals: Readonly<FileStatistics>
  /** Sorted by number. */
  readonly blobFiles: readonly BlobFileState[]

  private references = 1
  private readonly onUnreferenced: (version: Version) => void

  constructor(
    columnFamily: number,
    id: number,
    levels: readonly (readonly FileMeta[])[],
    levelBytes: readonly number[],
    totals: Readonly<FileStatistics>,
    onUnreferenced: (version: Version) => void,
    blobFiles: readonly BlobFileState[] = [],
  ) {
    this.columnFamily = columnFamily
    this.id = id
    this.levels = levels
    this.levelBytes = levelBytes
    this.totals = totals
    this.blobFiles = blobFiles
    this.onUnreferenced = onUnreferenced
  }

  ref(): this {
    this.references++
    return this
  }

  unref(): void {
    if (--this.references === 0) this.onUnreferenced(this)
  }

  get fileCount(): number {
    return this.levels.reduce((count, files) => count + files.length, 0)
  }

  /** The deepest level with files, or -1. */
  get deepestLevel(): number {
    return this.levels.findLastIndex(files => files.length > 0)
  }

  /** Every file, level by level. */
  *files(): Generator<FileMeta> {
    for (const files of this.levels) yield* files
  }

  /** The files of `level` that may hold a user key in [smallest, largest]; an absent bound is open. */
  filesOverlapping(
    level: number,
    smallest: Uint8Array | undefined,
    largest: Uint8Array | undefined,
  ): FileMeta[] {
    const files = this.levels[level]
    if (level === 0) return files.filter(file => overlapsUserKeys(file, smallest, largest))
    const start = smallest === undefined ? 0 : firstFileEndingAtOrAfter(files, smallest)
    const end = largest === undefined ? files.length : firstFileStartingAfter(files, largest)
    return files.slice(start, Math.max(start, end))
  }

  /** Like `filesOverlapping(...).length > 0`, without building the array. */
  overlaps(level: number, smallest: Uint8Array, largest: Uint8Array): boolean {
    const files = this.levels[level]
    if (level === 0) return files.some(file => overlapsUserKeys(file, smallest, largest))
    const at = firstFileEndingAtOrAfter(files, smallest)
    return at < files.length && overlapsUserKeys(files[at], smallest, largest)
  }
}

/**
 * Index of the first file of a sorted level whose last internal key is at or after `target`: the only one that
 * can hold the first entry at or after it. `files.length` when there is none.
 */
export function findFile(files: readonly FileMeta[], target: FileTarget): number {
  let low = 0
  let high = files.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareLargest(files[middle], target) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The order of the file's last internal key and `target`. */
export function compareLargest(file: FileMeta, target: FileTarget): number {
  const order = file.compareLargestUserKey(
    target.bytes,
    target.start,
    target.end,
    target.prefixHigh,
    target.prefixLow,
  )
  if (order !== 0) return order
  return compareTrailers(
    file.largestTrailerLow,
    file.largestTrailerHigh,
    target.trailerLow,
    target.trailerHigh,
  )
}

/** True when the file may hold `target`'s user key. */
export function coversUserKey(file: FileMeta, target: FileTarget): boolean {
  const { bytes, start, end, prefixHigh, prefixLow } = target
  return (
    file.compareSmallestUserKey(bytes, start, end, prefixHigh, prefixLow) <= 0 &&
    file.compareLargestUserKey(bytes, start, end, prefixHigh, prefixLow) >= 0
  )
}

/** True when the file may hold a user key in [smallest, largest]; an absent bound is open. */
export function overlapsUserKeys(
  file: FileMeta,
  smallest: Uint8Array | undefined,
  largest: Uint8Array | undefined,
): boolean {
  if (smallest !== undefined && endsBefore(file, smallest)) return false
  return largest === undefined || file.order.compareKeys(file.smallestUserKey, largest) <= 0
}

function endsBefore(file: FileMeta, userKey: Uint8Array): boolean {
  const order = file.order.compareKeys(file.largestUserKey, userKey)
  return order < 0 || (order === 0 && file.endsBeforeLargest)
}

/** Index of the first file of a sorted level whose last user key is at or after `userKey`. */
export function firstFileEndingAtOrAfter(files: readonly FileMeta[], userKey: Uint8Array): number {
  if (files.length === 0) return 0
  const { order } = files[0]
  const prefixHigh = order.high(userKey, 0, userKey.length)
  const prefixLow = order.low(userKey, 0, userKey.length)
  let low = 0
  let high = files.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (files[middle].compareLargestUserKey(userKey, 0, userKey.length, prefixHigh, prefixLow) < 0)
      low = middle + 1
    else high = middle
  }
  return low
}

/** Index of the first file of a sorted level whose first user key is after `userKey`. */
export function firstFileStartingAfter(files: readonly FileMeta[], userKey: Uint8Array): number {
  if (files.length === 0) return 0
  const { order } = files[0]
  const prefixHigh = order.high(userKey, 0, userKey.length)
  const prefixLow = order.low(userKey, 0, userKey.length)
  let low = 0
  let high = files.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (files[middle].compareSmallestUserKey(userKey, 0, userKey.length, prefixHigh, prefixLow) <= 0)
      low = middle + 1
    else high = middle
  }
  return low
}

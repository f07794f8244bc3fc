/**
 * The order of files within a level, and the checks that a set of files is one that the database may hold.
 *
 * Level 0: newest first. Files overlap, so the order decides which version of a key is found; it goes by epoch
 * and, in a MANIFEST without epochs (before RocksDB 7.10), by sequence. Deeper levels: by smallest key, and a
 * file's largest key stands before the next one's smallest. Both are *internal* keys: one user key may end a
 * file and begin the next.
 *
 * RocksDB: db/version_builder.cc, CheckConsistencyDetails; db/version_edit.cc, NewestFirstByEpochNumber
 */
import { CorruptionError } from '@varve/format/errors'
import type { FileMeta } from './file-meta.ts'
import { overlapsUserKeys } from './version.ts'

export function compareNewestFirst(a: FileMeta, b: FileMeta): number {
  return b.epochNumber - a.epochNumber || compareNewestFirstBySequence(a, b)
}

export function compareNewestFirstBySequence(a: FileMeta, b: FileMeta): number {
  return (
    b.largestSequence - a.largestSequence || b.smallestSequence - a.smallestSequence || b.number - a.number
  )
}

export function compareBySmallest(a: FileMeta, b: FileMeta): number {
  return a.order.compareInternalKeys(a.smallest, b.smallest) || a.number - b.number
}

/** Checks files[start..end) of an ordered level, and that they fit the neighbours on both sides. */
export function checkLevel(
  level: number,
  files: readonly FileMeta[],
  manifest: string,
  start = 0,
  end: number = files.length,
): void {
  for (let i = start; i < end; i++) checkFile(level, files[i], manifest)
  const check = level === 0 ? checkLevel0Neighbours : checkNeighbours
  for (let i = Math.max(1, start); i < Math.min(end + 1, files.length); i++) {
    check(level, files[i - 1], files[i], manifest)
  }
}

function checkFile(level: number, file: FileMeta, manifest: string): void {
  if (file.order.compareInternalKeys(file.smallest, file.largest) > 0) {
    throw new CorruptionError(`table file #${file.number} of level ${level} ends before it begins`, manifest)
  }
}

function checkNeighbours(level: number, a: FileMeta, b: FileMeta, manifest: string): void {
  if (a.order.compareInternalKeys(a.largest, b.smallest) < 0) return
  throw new CorruptionError(`table files #${a.number} and #${b.number} of level ${level} overlap`, manifest)
}

function checkLevel0Neighbours(_level: number, newer: FileMeta, older: FileMeta, manifest: string): void {
  const both = `table files #${newer.number} and #${older.number} of level 0`
  if (newer.epochNumber === older.epochNumber) {
    if (!overlapsUserKeys(newer, older.smallestUserKey, older.largestUserKey)) return
    throw new CorruptionError(`${both} overlap and have the same epoch ${newer.epochNumber}`, manifest)
  }
}

/** For a level 0 whose order had to be taken from sequences: partly overlapping ranges leave it undecided. */
export function checkSequenceOrder(files: readonly FileMeta[], manifest: string): void {
  for (let i = 1; i < files.length; i++) {
    const newer = files[i - 1]
    const older = files[i]
    const ingested = older.smallestSequence === older.largestSequence
    const ordered = ingested
      ? older.largestSequence < newer.largestSequence || older.largestSequence === 0
      : newer.smallestSequence > older.smallestSequence
    if (ordered) continue
    throw new CorruptionError(
      `table file #${newer.number} of level 0 with sequences ${range(newer)} and #${older.number} with ` +
        `${range(older)} have no order`,
      manifest,
    )
  }
}

function range(file: FileMeta): string {
  return `${file.smallestSequence}-${file.largestSequence}`
}

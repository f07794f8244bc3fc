/**
 * Makes the next version of a column family from the current one and an edit.
 *
 * Within an edit deletions come before additions, so "delete 9 of level 0, add 9 to level 2" moves a file. A
 * move keeps the `FileMeta`, and with it the open table. Levels that the edit leaves alone are shared; of the
 * others only the places where files came or went are checked, so the cost follows the edit and not the tree.
 *
 * RocksDB: db/version_builder.cc
 */
import { CorruptionError, VarveError } from '@varve/format/errors'
import { bytewise, type KeyOrder } from '@varve/format/key'
import type { NewFile, VersionEdit } from '@varve/format/manifest'
import { applyToBlobFiles, type BlobFileMeta, type BlobFileState } from './blob-file-meta.ts'
import { FileMeta, type FileStatistics } from './file-meta.ts'
import { checkLevel, compareBySmallest, compareNewestFirst } from './level-order.ts'
import type { Version } from './version.ts'

/** More than any option allows. */
const LEVELS_MAX = 64

/** What `applyEdit` made: the parts of the next version, and what changed. */
export interface VersionDelta {
  levels: readonly (readonly FileMeta[])[]
  levelBytes: readonly number[]
  /** Files that the next version has and this one has not. */
  added: FileMeta[]
  /** Files that this version has and the next one has not. */
  removed: FileMeta[]
  /** Files of both that change their level. They do so when the version is installed, not before. */
  moved: { file: FileMeta; record: NewFile }[]
  blobFiles: readonly BlobFileState[]
  addedBlobFiles: BlobFileMeta[]
  removedBlobFiles: BlobFileMeta[]
}

/** Changes nothing that `base` holds, whose keys are in `order`. `manifest` names the place for errors. */
export function applyEdit(
  base: VersionParts,
  edit: VersionEdit,
  manifest: string,
  order: KeyOrder = bytewise,
): VersionDelta {
  const deleted = findDeleted(base, edit, manifest)
  const added = resolveAdded(base, edit, deleted, manifest, order)
  const levels = base.levels.slice()
  const levelBytes = base.levelBytes.slice()
  for (const level of changedLevels(deleted, added)) {
    const arriving = added.filter(addition => addition.level === level).map(addition => addition.file)
    const leaving = new Set<FileMeta>()
    for (const [file, from] of deleted) if (from === level) leaving.add(file)
    levels[level] = changeLevel(level, levels[level], leaving, arriving, manifest)
    levelBytes[level] = levels[level].reduce((bytes, file) => bytes + file.size, 0)
  }
  const moved = added.filter(addition => deleted.has(addition.file))
  const kept = new Set(moved.map(addition => addition.file))
  const removed = [...deleted.keys()].filter(file => !kept.has(file))
  const fresh = added.map(addition => addition.file).filter(file => !kept.has(file))
  const blobs = applyToBlobFiles(
    base.blobFiles,
    edit,
    {
      removed: removed.map(file => file.record),
      added: fresh.map(file => file.record),
      hasTables: levels.some(files => files.length > 0),
    },
    manifest,
  )
  return {
    levels,
    levelBytes,
    added: fresh,
    removed,
    moved,
    blobFiles: blobs.files,
    addedBlobFiles: blobs.added,
    removedBlobFiles: blobs.removed,
  }
}

/** What of a version an edit changes; a `Version` is one, and so is a `VersionDelta`. */
export type VersionParts = Pick<Version, 'levels' | 'levelBytes' | 'blobFiles'>

interface Addition {
  level: number
  file: FileMeta
  record: NewFile
}

function findDeleted(base: VersionParts, edit: VersionEdit, manifest: string): Map<FileMeta, number> {
  const deleted = new Map<FileMeta, number>()
  for (const { level, number } of edit.deletedFiles ?? []) {
    const file = base.levels[level]?.find(candidate => candidate.number === number)
    if (file === undefined || deleted.has(file)) {
      throw new CorruptionError(`cannot delete table file #${number}: it is not in level ${level}`, manifest)
    }
    deleted.set(file, level)
  }
  return deleted
}

function resolveAdded(
  base: VersionParts,
  edit: VersionEdit,
  deleted: Map<FileMeta, number>,
  manifest: string,
  order: KeyOrder,
): Addition[] {
  const newFiles = edit.newFiles ?? []
  if (newFiles.length === 0) return []
  const moving = new Map<number, FileMeta>()
  for (const file of deleted.keys()) moving.set(file.number, file)
  const numbers = new Set<number>()
  for (const { number } of newFiles) {
    if (numbers.has(number)) throw new CorruptionError(`cannot add table file #${number} twice`, manifest)
    numbers.add(number)
  }
  checkAbsent(base, numbers, deleted, manifest)
  return newFiles.map(record => {
    checkAddition(record, base.levels.length, manifest)
    return { level: record.level, file: moving.get(record.number) ?? new FileMeta(record, order), record }
  })
}

/** One pass over all files with a small set, rather than a map of all files for each edit. */
function checkAbsent(
  base: VersionParts,
  numbers: ReadonlySet<number>,
  deleted: ReadonlyMap<FileMeta, number>,
  manifest: string,
): void {
  for (const files of base.levels) {
    for (const file of files) {
      if (!numbers.has(file.number) || deleted.has(file)) continue
      throw new CorruptionError(`cannot add table file #${file.number}: it is there already`, manifest)
    }
  }
}

export function checkAddition(record: NewFile, levelCount: number, manifest: string): void {
  if (record.number === 0) throw new CorruptionError('a table file has the number 0', manifest)
  if (record.level < levelCount) return
  const found = `table file #${record.number} is in level ${record.level}`
  if (record.level >= LEVELS_MAX) throw new CorruptionError(`${found}, which no database has`, manifest)
  throw new VarveError('INVALID_ARGUMENT', `${found} in ${manifest}, and option numLevels is ${levelCount}`, {
    option: 'numLevels',
    file: manifest,
  })
}

function changedLevels(deleted: Map<FileMeta, number>, added: readonly Addition[]): Set<number> {
  return new Set([...deleted.values(), ...added.map(addition => addition.level)])
}

function changeLevel(
  level: number,
  files: readonly FileMeta[],
  leaving: ReadonlySet<FileMeta>,
  arriving: FileMeta[],
  manifest: string,
): readonly FileMeta[] {
  const staying = leaving.size === 0 ? files : files.filter(file => !leaving.has(file))
  if (arriving.length === 0) return staying
  const compare = level === 0 ? compareNewestFirst : compareBySmallest
  const merged = mergeSorted(staying, arriving.sort(compare), compare)
  const fresh = new Set(arriving)
  for (let i = 0; i < merged.length; i++)
    if (fresh.has(merged[i])) checkLevel(level, merged, manifest, i, i + 1)
  return merged
}

function mergeSorted(
  a: readonly FileMeta[],
  b: readonly FileMeta[],
  compare: (x: FileMeta, y: FileMeta) => number,
): FileMeta[] {
  const merged: FileMeta[] = []
  let i = 0
  for (const file of b) {
    while (i < a.length && compare(a[i], file) <= 0) merged.push(a[i++])
    merged.push(file)
  }
  while (i < a.length) merged.push(a[i++])
  return merged
}

export function addStatistics(totals: FileStatistics, statistics: FileStatistics, sign: 1 | -1): void {
  totals.entries += sign * statistics.entries
  totals.deletions += sign * statistics.deletions
  totals.rawKeySize += sign * statistics.rawKeySize
  totals.rawValueSize += sign * statistics.rawValueSize
}

/**
 * Gives the space of a range back at once: every table below level 0 that lies wholly within it goes, in one edit of the
 * MANIFEST, and nothing is read or written for that.
 *
 * It is no deletion of keys. Those in memtables, in level 0 and in tables that reach beyond the range stay; where one of
 * them is older than what went, it comes to light again, as do keys whose tombstones went. A snapshot keeps nothing
 * back; a cursor that is open reads on. To be sure of the keys: `deleteRange` first, and this for the space.
 *
 * RocksDB: db/db_impl/db_impl.cc, DBImpl::DeleteFilesInRanges
 */
import type { KeyOrder } from '@varve/format/key'
import type { VersionEdit } from '@varve/format/manifest'
import type { FileMeta } from '../version/file-meta.ts'
import type { KeyRange } from './approximate-sizes.ts'
import { isRange, keyBytes } from './arguments.ts'
import type { Engine } from './engine.ts'
import { type Family, refuseIfDropped } from './family.ts'
import { recordTables } from './new-tables.ts'
import { removeObsoleteFiles } from './obsolete-files.ts'
import { refuseTimestampWrite } from './timestamped-reads.ts'

export interface DeleteFilesOptions {
  /** Whether a table may end with the range's `end` itself. Default true, as in RocksDB. */
  includeEnd?: boolean
}

export interface DeletedFiles {
  files: number
  /** Of the tables. They are on the disk until the last cursor over them is closed. */
  bytes: number
}

export async function deleteFilesInRanges(
  engine: Engine,
  family: Family,
  ranges: readonly KeyRange[],
  { includeEnd = true }: DeleteFilesOptions = {},
): Promise<DeletedFiles> {
  engine.refuseUnlessOpen()
  engine.refuseUnlessWritable()
  refuseIfDropped(family)
  refuseTimestampWrite(family)
  const chosen = new Set(ranges.flatMap(range => filesWithin(family, boundsOf(family, range), includeEnd)))
  if (chosen.size === 0) return { files: 0, bytes: 0 }
  await engine.background.during(drop(engine, family, chosen))
  return { files: chosen.size, bytes: [...chosen].reduce((bytes, { size }) => bytes + size, 0) }
}

/** While the edit is written no compaction may take them for its inputs. */
async function drop(engine: Engine, family: Family, files: ReadonlySet<FileMeta>): Promise<void> {
  for (const file of files) file.beingCompacted = true
  try {
    const deletedFiles = Array.from(files, ({ level, number }) => ({ level, number }))
    const edit: VersionEdit = { columnFamily: family.id, deletedFiles }
    await recordTables(engine, family, [edit], [])
    family.install()
    engine.statistics.filesDropped += files.size
  } finally {
    for (const file of files) file.beingCompacted = false
  }
  engine.controller.update()
  await removeObsoleteFiles(engine)
}

/** User keys; an absent bound is open. */
interface Bounds {
  readonly start: Uint8Array | undefined
  readonly end: Uint8Array | undefined
}

function boundsOf({ order }: Family, { start, end }: KeyRange): Bounds {
  const bounds = {
    start: start === undefined ? undefined : keyBytes(start),
    end: end === undefined ? undefined : keyBytes(end),
  }
  if (bounds.start !== undefined && bounds.end !== undefined) isRange(bounds.start, bounds.end, order)
  return bounds
}

function filesWithin(family: Family, bounds: Bounds, includeEnd: boolean): FileMeta[] {
  const { levels } = family.state.current
  return levels.slice(1).flatMap(files => filesOfLevel(files, bounds, includeEnd, family.order))
}

/** A user key that two files share stays in both, or goes with both. */
function filesOfLevel(
  files: readonly FileMeta[],
  { start, end }: Bounds,
  includeEnd: boolean,
  order: KeyOrder,
): FileMeta[] {
  let from = 0
  let to = files.length
  while (from < to && start !== undefined && order.compareKeys(files[from].smallestUserKey, start) < 0) from++
  while (from < to && end !== undefined && order.compareKeys(files[to - 1].largestUserKey, end) > 0) to--
  while (from > 0 && from < to && sharesKey(files[from - 1], files[from])) from++
  while (to < files.length && from < to && sharesKey(files[to - 1], files[to])) to--
  return files.slice(from, to).filter(({ beingCompacted, largestUserKey }) => {
    if (beingCompacted) return false
    return includeEnd || end === undefined || order.compareKeys(largestUserKey, end) !== 0
  })
}

function sharesKey(left: FileMeta, right: FileMeta): boolean {
  return left.order.compareKeys(left.largestUserKey, right.smallestUserKey) === 0
}

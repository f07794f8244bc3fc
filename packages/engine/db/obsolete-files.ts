/**
 * Removing files that nothing needs any more: tables that no live version holds, MANIFESTs and OPTIONS files
 * that have been replaced, logs whose memtables have been flushed. Only files that this process knows to be
 * replaced are unlinked; what is merely unknown is moved aside (quarantine.ts).
 *
 * RocksDB: db/db_impl/db_impl_files.cc
 */
import { join } from 'node:path'
import { isVarveError } from '@varve/format/errors'
import { blobName, manifestName, tableName } from '@varve/format/names'
import type { Engine } from './engine.ts'

/** Removes the tables, blob files and MANIFESTs that have become obsolete. A failure stops writing: it may be a failing disk. */
export async function removeObsoleteFiles(engine: Engine): Promise<void> {
  for (const file of engine.versions.takeObsoleteFiles()) {
    await engine.tables.forget(file)
    await removeFile(engine, tableName(file.number))
    engine.events.emit('tableDeleted', { file: file.number })
  }
  for (const file of engine.versions.takeObsoleteBlobFiles()) {
    await engine.blobs.forget(file)
    await removeFile(engine, blobName(file.number))
  }
  for (const number of engine.versions.takeObsoleteManifests()) await removeFile(engine, manifestName(number))
}

/** The same when a reader has let go of what it kept, which may have been the last to need some files. */
export function removeFilesLetGo(engine: Engine): void {
  if (engine.isReadOnly || engine.state !== 'open') return
  engine.background.start(removeObsoleteFiles(engine))
}

/**
 * Removes the logs that no memtable needs any more, when the MANIFEST says so durably (L3). Of flushes that ended
 * together none may have said it: each saw that the other one still needed the log.
 */
export async function removeObsoleteLogs(engine: Engine): Promise<void> {
  const oldest = oldestLogNeeded(engine)
  if (engine.logs.isAnyBelow(oldest) && oldestLogInManifest(engine) < oldest) {
    await engine.versions.logAndApply([{ minLogNumberToKeep: oldest }])
  }
  await engine.logs.release(oldest)
}

/** The first log number that holds something which is in no table, as the MANIFEST has it. */
export function oldestLogInManifest({ versions, families }: Engine): number {
  const oldestOfFamilies = Math.min(...[...families.values()].map(family => family.state.logNumber))
  return Math.max(versions.minLogNumberToKeep, oldestOfFamilies)
}

/** The oldest log that holds something only a memtable has. */
export function oldestLogNeeded(engine: Engine): number {
  let oldest = engine.logs.number
  for (const family of engine.families.values()) oldest = Math.min(oldest, family.oldestLogNeeded ?? oldest)
  return oldest
}

/** Removes a file of the database; it is fine when somebody has done so already. */
export async function removeFile(engine: Engine, name: string): Promise<void> {
  try {
    await engine.fs.unlink(join(engine.path, name))
  } catch (error) {
    if (!isVarveError(error, 'NOT_FOUND')) throw error
  }
}

/**
 * Going on after a failure stopped writing (D9). Nothing is retried on the files that failed: a new log is
 * started, a new MANIFEST put in force, and what the old log may not have kept is flushed from memory before
 * the first write is taken.
 *
 * RocksDB: db/db_impl/db_impl.cc, DBImpl::ResumeImpl
 */
import type { VarveError } from '@varve/format/errors'
import type { Engine } from './engine.ts'
import { flushSealed } from './flush.ts'
import { startLog } from './make-room.ts'
import { removeObsoleteFiles } from './obsolete-files.ts'

export async function resume(engine: Engine): Promise<void> {
  engine.refuseUnlessOpen()
  const failure = engine.backgroundError
  if (failure === undefined) return
  await engine.commits.drain()
  await engine.background.idle()
  try {
    await goOn(engine)
  } catch (error) {
    throw stillFailing(engine, error, failure)
  }
  engine.events.emit('resumed', {})
  engine.controller.update()
  engine.background.schedule()
}

async function goOn(engine: Engine): Promise<void> {
  engine.backgroundError = undefined
  await engine.versions.resume()
  await startLog(engine)
  for (const family of engine.families.values()) {
    if (family.memtable.entryCount > 0) family.seal(engine.logs.number)
  }
  for (const family of engine.families.values()) await flushSealed(engine, family)
  await removeObsoleteFiles(engine)
}

/** Leaves the database as it was: not writable, for the newest reason. */
function stillFailing(engine: Engine, error: unknown, before: VarveError): VarveError {
  engine.backgroundError ??= before
  return engine.failed(error)
}

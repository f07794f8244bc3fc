/**
 * Going on after a failure stopped writing (D9). Nothing is retried on the files that failed: a new log is
 * started, a new MANIFEST put in force, and what the old log may not have kept is flushed from memory before
 * the first write is taken.
 *
 * RocksDB: db/db_impl/db_impl.cc, DBImpl::ResumeImpl
 */
import type { Engine } from './engine.ts'
import { flushTogether } from './flush.ts'
import { startLog } from './make-room.ts'

export async function resume(engine: Engine): Promise<void> {
  engine.refuseUnlessOpen()
  if (engine.backgroundError === undefined) return
  await Promise.allSettled([engine.familyChanges])
  await engine.commits.drain()
  await engine.background.idle()
  try {
    await goOn(engine)
  } catch (error) {
    // For the newest reason now.
    engine.backgroundError = undefined
    throw engine.failed(error)
  }
  engine.backgroundError = undefined
  engine.events.emit('resumed', {})
  engine.controller.update()
  engine.background.schedule()
}

/** Writes are refused until it is done: one that came between could be lost with the old log, or overtake it. */
async function goOn(engine: Engine): Promise<void> {
  await engine.versions.resume()
  await startLog(engine)
  for (const family of engine.families.values()) {
    if (!family.memtable.isEmpty) family.seal(engine.logs.number)
  }
  await flushTogether(engine)
}

/**
 * Going on after a failure stopped writing (D9). Nothing is retried on the files that failed: a new log is
 * started, a new MANIFEST put in force, and what the old log may not have kept is flushed from memory before
 * the first write is taken.
 *
 * RocksDB: db/db_impl/db_impl.cc, DBImpl::ResumeImpl
 */
import type { Engine } from './engine.ts'
import { flushTogether } from './flush.ts'
import { sealFamily, startLog } from './make-room.ts'
import { recoverOrders } from './ordered-writes.ts'

export async function resume(engine: Engine): Promise<void> {
  engine.refuseUnlessOpen()
  if (engine.backgroundError === undefined) return
  await Promise.allSettled([engine.familyChanges])
  await engine.commits.drain()
  await engine.background.idle()
  const { backgroundError: error } = engine
  engine.events.emit('resumeBegin', { error })
  try {
    await goOn(engine)
  } catch (cause) {
    // For the newest reason now.
    engine.backgroundError = undefined
    const newError = engine.failed(cause)
    engine.events.emit('resumeEnd', { error, newError })
    throw newError
  }
  engine.backgroundError = undefined
  engine.events.emit('resumeEnd', { error, newError: undefined })
  engine.events.emit('resumed', {})
  engine.controller.update()
  engine.background.schedule()
}

/** Writes are refused until it is done: one that came between could be lost with the old log, or overtake it. */
async function goOn(engine: Engine): Promise<void> {
  recoverOrders(engine)
  await engine.versions.resume()
  await startLog(engine)
  for (const family of engine.families.values()) {
    if (!family.memtable.isEmpty) sealFamily(engine, family)
  }
  await flushTogether(engine)
}

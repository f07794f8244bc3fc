/**
 * Closing, in order: refuse new calls, commit what was written, stop compactions, flush what is in no log, seal
 * the log and the MANIFEST against each other, close files, give up the lock. Every step is tried even when one
 * before it failed; the first failure is thrown at the end.
 *
 * RocksDB: db/db_impl/db_impl.cc, DBImpl::CloseHelper
 */
import type { Engine } from './engine.ts'
import { flushForClose } from './flush.ts'
import { removeObsoleteFiles } from './obsolete-files.ts'

export async function close(engine: Engine): Promise<void> {
  if (engine.state !== 'open') return engine.closed.promise
  engine.state = 'closing'
  engine.background.noteClosing()
  const { backgroundError } = engine
  const failures: unknown[] = []
  const attempt = async (step: () => Promise<void> | void) => {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  for (const reader of [...engine.openReaders]) await attempt(() => reader.close())
  if (!engine.isReadOnly) {
    // Whoever asked for the change is told how it ended.
    await Promise.allSettled([engine.familyChanges])
    await attempt(() => engine.commits.drain())
    await attempt(() => engine.background.stop())
    // Nobody else may have been told of what failed just now, and it keeps the log from being sealed.
    if (engine.backgroundError !== backgroundError) failures.push(engine.backgroundError)
    await attempt(() => flushForClose(engine))
    await attempt(() => removeObsoleteFiles(engine))
    await attempt(() => sealLogs(engine))
    await attempt(() => engine.logs.close())
    await attempt(() => engine.versions.close())
  }
  engine.state = 'closed'
  engine.controller.wake()
  await attempt(() => engine.runtime.jobs.close())
  await attempt(() => engine.tables.close())
  await attempt(() => engine.blobs.close())
  engine.releaseMemory()
  await attempt(() => engine.lock?.release())
  engine.events.emit('close', {})
  if (failures.length > 0) engine.closed.reject(failures[0])
  else engine.closed.resolve()
  return engine.closed.promise
}

/** After a failure nothing more may be vouched for. */
async function sealLogs(engine: Engine): Promise<void> {
  if (engine.backgroundError !== undefined) return
  await engine.logs.seal((number, syncedSize) =>
    engine.versions.logAndApply([{ walWatermarks: [{ number, syncedSize }] }]),
  )
}

/**
 * From memtables to level 0, in order: seal what is to go, write it to a table in a worker, open the table, tell
 * the MANIFEST, let readers see it, remove the logs that nothing needs any more.
 *
 * Invariant F1: a family's flushes run one at a time and take its oldest sealed memtables, so level 0 receives
 * them in the order in which they were written.
 *
 * RocksDB: db/flush_job.cc, db/memtable_list.cc, db/db_impl/db_impl_compaction_flush.cc
 */
import type { VersionEdit } from '@varve/format/manifest'
import {
  type FlushJob,
  type FlushResult,
  flushCompression,
  tableBuilderOptions,
} from '../compaction/index.ts'
import { mergeSourceOf } from '../merge/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { sealMemtables } from './make-room.ts'
import { openNewTables, recordTables } from './new-tables.ts'
import { oldestLogNeeded, removeObsoleteFiles, removeObsoleteLogs } from './obsolete-files.ts'

/** Flushes what `families` (absent: all) hold in memory now, and waits for it. */
export async function flush(engine: Engine, families: readonly Family[] | undefined): Promise<void> {
  engine.refuseUnlessOpen()
  engine.refuseUnlessWritable()
  const wanted = families ?? [...engine.families.values()]
  await engine.commits.runAlone(() => sealMemtables(engine, wanted))
  for (const family of wanted) {
    for (const memtable of family.sealed.map(sealed => sealed.memtable))
      await waitUntilFlushed(engine, family, memtable)
  }
}

/** What is in no log is flushed when the database is closed, unless that was not wanted. */
export async function flushForClose(engine: Engine): Promise<void> {
  if (engine.backgroundError !== undefined || engine.options.db.avoidFlushDuringShutdown) return
  const unlogged = [...engine.families.values()].filter(family => family.hasUnloggedWrites)
  // With a new log, as ever: what is replayed at the next open must be newer than what is in tables.
  await sealMemtables(engine, unlogged)
  for (const family of unlogged) await flushSealed(engine, family)
}

/** Flushes all sealed memtables of a family that no flush has yet, as one table. */
export async function flushSealed(engine: Engine, family: Family): Promise<void> {
  if (family.recorded > 0) await openRecorded(engine, family)
  const count = family.sealed.length
  if (count === 0) return
  family.flushing = count
  try {
    const started = engine.runtime.clock.monotonic()
    const { file } = await runFlush(engine, family, count)
    // The logs of other families must not be behind what this table says has happened (L1).
    if (engine.families.size > 1) await engine.logs.syncOlder()
    const log = await currentLog(engine)
    const edits = [...flushEdits(engine, family, count, file), ...log]
    const onRecorded = (): void => {
      family.recorded = count
    }
    await recordTables(engine, family, edits, file === undefined ? [] : [file], onRecorded)
    family.flushed(count)
    countFlush(engine, family, file, started)
    engine.controller.update()
    if (engine.logs.isStarted) await removeObsoleteLogs(engine)
    await removeObsoleteFiles(engine)
  } catch (error) {
    family.flushing = 0
    throw error
  }
}

/**
 * An earlier flush is in the MANIFEST, and its table could not be opened: that is all that is left to do. To write
 * the memtables again would have their entries in two tables.
 */
async function openRecorded(engine: Engine, family: Family): Promise<void> {
  const count = family.recorded
  family.flushing = count
  try {
    await openNewTables(engine, family)
    family.flushed(count)
  } catch (error) {
    family.flushing = 0
    throw error
  }
}

interface Flush {
  readonly family: Family
  readonly count: number
  readonly file: FlushResult['file']
  readonly started: number
}

/**
 * Flushes everything that is sealed, of all families or of none: after a failure, when the logs before the current
 * one cannot be relied on to keep what other families have. Nothing may be written meanwhile. The older logs go.
 */
export async function flushTogether(engine: Engine): Promise<void> {
  const flushes: Flush[] = []
  try {
    for (const family of engine.families.values()) {
      if (family.recorded > 0) await openRecorded(engine, family)
      const count = family.sealed.length
      const started = engine.runtime.clock.monotonic()
      family.flushing = count
      const { file } = count === 0 ? { file: undefined } : await runFlush(engine, family, count)
      flushes.push({ family, count, file, started })
    }
    await recordTogether(engine, flushes)
    for (const { family } of flushes) await openNewTables(engine, family)
  } catch (error) {
    for (const family of engine.families.values()) family.flushing = 0
    throw error
  }
  for (const { family, count, file, started } of flushes) {
    if (count === 0) continue
    family.flushed(count)
    countFlush(engine, family, file, started)
  }
  engine.controller.update()
  await removeObsoleteLogs(engine)
  await removeObsoleteFiles(engine)
}

async function recordTogether(engine: Engine, flushes: readonly Flush[]): Promise<void> {
  const logNumber = engine.logs.number
  const edits = flushes.map(({ family, file }) =>
    inFamily(family, { logNumber, newFiles: file === undefined ? [] : [file.record] }),
  )
  const log = await currentLog(engine)
  await engine.versions.logAndApply([...edits, { minLogNumberToKeep: logNumber }, ...log], true, () => {
    for (const { family, count } of flushes) family.recorded = count
  })
}

/** Recovery flushes before there is a log of its own. */
async function currentLog({ logs }: Engine): Promise<VersionEdit[]> {
  return logs.isStarted ? [await logs.mustExist()] : []
}

/**
 * Recovery's flush: everything replayed, in every family. With `keepLogs` what fits in one memtable stays in
 * memory, and the logs on disk. Either way this writes the new MANIFEST.
 */
export async function flushRecovered(engine: Engine, keepLogs: boolean): Promise<void> {
  const edits: VersionEdit[] = []
  for (const family of engine.families.values()) {
    // Memtables that were sealed within a log can only be flushed all together (F2).
    if (keepLogs && family.sealed.length === 0) continue
    if (!family.memtable.isEmpty) family.seal(engine.logs.number)
    await flushSealed(engine, family)
    family.startsAt(engine.logs.number)
    edits.push(inFamily(family, { logNumber: engine.logs.number }))
  }
  const log = await currentLog(engine)
  const minLogNumberToKeep = oldestLogNeeded(engine)
  await engine.versions.logAndApply([...edits, { minLogNumberToKeep }, ...log])
}

async function runFlush(engine: Engine, family: Family, count: number): Promise<FlushResult> {
  const { options } = family
  const seconds = Math.floor(engine.runtime.clock.now() / 1000)
  const memtables = family.sealed.slice(0, count).map(sealed => sealed.memtable)
  const job: FlushJob = {
    kind: 'flush',
    memtables: memtables.map(memtable => memtable.descriptor()),
    snapshots: engine.snapshots.sequences(),
    output: {
      directory: engine.path,
      level: 0,
      epochNumber: family.state.newEpochNumber(),
      fileCreationTime: seconds,
      oldestAncestorTime: seconds,
      table: tableBuilderOptions(
        options,
        { level: -1, compression: flushCompression(options), isLastLevel: false },
        engine.originOf(family),
      ),
      paranoidFileChecks: engine.options.db.paranoidFileChecks,
    },
    fileNumber: engine.versions.newFileNumber(),
    merge: mergeSourceOf(options.mergeOperator),
  }
  // A family that is dropped meanwhile lets go of them, and the worker still reads.
  for (const memtable of memtables) memtable.ref()
  try {
    return await engine.runtime.jobs.run<FlushResult>(job, 'high')
  } finally {
    for (const memtable of memtables) memtable.unref()
  }
}

function flushEdits(engine: Engine, family: Family, count: number, file: FlushResult['file']): VersionEdit[] {
  // The next memtable's first log is the oldest that this family still needs.
  const logNumber = family.sealed[count]?.firstLog ?? family.firstLog
  const newFiles = file === undefined ? [] : [file.record]
  const minLogNumberToKeep = oldestLogNeededAfter(engine, family, logNumber)
  return [inFamily(family, { logNumber, newFiles }), { minLogNumberToKeep }]
}

/** As `oldestLogNeeded`, once `family` needs none before `logNumber`. */
function oldestLogNeededAfter(engine: Engine, family: Family, logNumber: number): number {
  let oldest = engine.logs.isStarted ? Math.min(logNumber, engine.logs.number) : logNumber
  for (const other of engine.families.values()) {
    if (other !== family) oldest = Math.min(oldest, other.oldestLogNeeded ?? oldest)
  }
  return oldest
}

function inFamily(family: Family, edit: VersionEdit): VersionEdit {
  return family.id === 0 ? edit : { ...edit, columnFamily: family.id }
}

async function waitUntilFlushed(engine: Engine, family: Family, memtable: unknown): Promise<void> {
  // Of a family that is dropped meanwhile there is nothing left to flush.
  while (!family.isDropped && family.sealed.some(sealed => sealed.memtable === memtable)) {
    engine.refuseUnlessWritable()
    engine.background.flushNow(family)
    await engine.background.nextEnd()
  }
}

function countFlush(engine: Engine, family: Family, file: FlushResult['file'], started: number): void {
  const bytes = file?.record.size ?? 0
  engine.statistics.flushes++
  engine.statistics.flushBytesWritten += bytes
  family.written.flushed += bytes
  engine.events.emit('flush', {
    columnFamily: family.name,
    file: file?.record.number,
    entries: file?.statistics.entries ?? 0,
    bytes,
    milliseconds: engine.runtime.clock.monotonic() - started,
  })
}

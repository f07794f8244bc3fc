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
  type FilterTask,
  type FlushJob,
  type FlushResult,
  flushCompression,
  runFlushInTurns,
  tableBuilderOptions,
} from '../compaction/index.ts'
import { filterSourceOf } from '../compaction-filter/index.ts'
import type { Memtable } from '../memtable/index.ts'
import { mergeSourceOf } from '../merge/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { flushBlobs } from './job-blobs.ts'
import { rateLimitOf, untilSolvent } from './job-rate.ts'
import { sealFamily, sealMemtables } from './make-room.ts'
import { openNewTables, recordTables, tellOfTable } from './new-tables.ts'
import { oldestLogNeeded, removeObsoleteFiles, removeObsoleteLogs } from './obsolete-files.ts'
import { turnsOf } from './turns.ts'

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
  let run: FlushRun
  try {
    run = await runFlush(engine, family, count)
    const { result } = run
    const { file } = result
    // The logs of other families must not be behind what this table says has happened (L1).
    if (engine.families.size > 1) await engine.logs.syncOlder()
    const log = await currentLog(engine)
    const edits = [...flushEdits(engine, family, count, result), ...log]
    const onRecorded = (): void => {
      family.recorded = count
    }
    await recordTables(engine, family, edits, file === undefined ? [] : [file], onRecorded)
  } catch (error) {
    family.flushing = 0
    throw error
  }
  // From here on the next flush of the family may run.
  family.flushed(count)
  countFlush(engine, family, run)
  engine.controller.update()
  if (engine.logs.isStarted) await removeObsoleteLogs(engine)
  await removeObsoleteFiles(engine)
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

/** A flush whose table is written. */
interface FlushRun {
  readonly job: number
  readonly result: FlushResult
  readonly started: number
}

interface Flush {
  readonly family: Family
  readonly count: number
  /** Absent where there was nothing to flush. */
  readonly run: FlushRun | undefined
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
      family.flushing = count
      const run = count === 0 ? undefined : await runFlush(engine, family, count)
      flushes.push({ family, count, run })
    }
    await recordTogether(engine, flushes)
    for (const { family } of flushes) await openNewTables(engine, family)
  } catch (error) {
    for (const family of engine.families.values()) {
      family.flushing = 0
    }
    throw error
  }
  for (const { family, count, run } of flushes) {
    if (run === undefined) continue
    family.flushed(count)
    countFlush(engine, family, run)
  }
  engine.controller.update()
  await removeObsoleteLogs(engine)
  await removeObsoleteFiles(engine)
}

async function recordTogether(engine: Engine, flushes: readonly Flush[]): Promise<void> {
  const logNumber = engine.logs.number
  const edits = flushes.map(({ family, run }) => inFamily(family, { logNumber, ...additions(run?.result) }))
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
    if (!family.memtable.isEmpty) sealFamily(engine, family)
    await flushSealed(engine, family)
    family.startsAt(engine.logs.number)
    edits.push(inFamily(family, { logNumber: engine.logs.number }))
  }
  const log = await currentLog(engine)
  const minLogNumberToKeep = oldestLogNeeded(engine)
  await engine.versions.logAndApply([...edits, { minLogNumberToKeep }, ...log])
}

/** Writes the table, and tells of it. What follows, the record in the MANIFEST, may still fail. */
async function runFlush(engine: Engine, family: Family, count: number): Promise<FlushRun> {
  const job = engine.nextJob()
  const { events, runtime } = engine
  const started = runtime.clock.monotonic()
  const columnFamily = family.name
  const bytes = family.sealed.slice(0, count).reduce((sum, { memtable }) => sum + memtable.memoryUsage, 0)
  events.emit('flushBegin', { columnFamily, job, memtables: count, bytes })
  try {
    const result = await writeTable(engine, family, count)
    if (result.file !== undefined) tellOfTable(engine, family, job, 'flush', result.file)
    return { job, result, started }
  } catch (error) {
    events.emit('flushFailed', { columnFamily, job, error })
    throw error
  }
}

async function writeTable(engine: Engine, family: Family, count: number): Promise<FlushResult> {
  if (engine.options.db.rateLimiter !== undefined) await untilSolvent(engine)
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
    comparator: family.comparatorSource,
    blobs: flushBlobs(engine, family, sumOf(memtables, 'entryCount'), sumOf(memtables, 'memoryUsage')),
    rateLimit: rateLimitOf(engine, 'high'),
    filter: filterTask(family),
    // What is over goes when it is compacted: here it would only make place for a tombstone.
    expiry: family.expiry && { source: family.expiry.source, now: undefined },
  }
  // A family that is dropped meanwhile lets go of them, and the worker still reads.
  for (const memtable of memtables) memtable.ref()
  try {
    if (job.filter === undefined || job.filter.source !== undefined)
      return await engine.runtime.jobs.run<FlushResult>(job, 'high')
    return await runFlushInTurns(job, engine.fs, turnsOf(engine.runtime), family.functions)
  } finally {
    for (const memtable of memtables) memtable.unref()
  }
}

/** As in RocksDB only filters that want it are asked in flushes. */
function filterTask({ filter, options, name, id }: Family): FilterTask | undefined {
  if (filter?.filtersFlushes !== true) return undefined
  return {
    source: filterSourceOf(options.compactionFilter),
    context: {
      columnFamily: name,
      columnFamilyId: id,
      reason: 'flush',
      level: 0,
      outputLevel: 0,
      isFullCompaction: false,
      isManualCompaction: false,
      isBottommost: false,
    },
  }
}

function sumOf(memtables: readonly Memtable[], what: 'entryCount' | 'memoryUsage'): number {
  return memtables.reduce((sum, memtable) => sum + memtable[what], 0)
}

function flushEdits(engine: Engine, family: Family, count: number, result: FlushResult): VersionEdit[] {
  // The next memtable's first log is the oldest that this family still needs.
  const logNumber = family.sealed[count]?.firstLog ?? family.firstLog
  const minLogNumberToKeep = oldestLogNeededAfter(engine, family, logNumber)
  return [inFamily(family, { logNumber, ...additions(result) }), { minLogNumberToKeep }]
}

/** The table and the blob files that it refers to come together or not at all. */
function additions(result: FlushResult | undefined): VersionEdit {
  const { file, blobAdditions = [] } = result ?? {}
  const newFiles = file === undefined ? [] : [file.record]
  return blobAdditions.length === 0 ? { newFiles } : { newFiles, blobAdditions }
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

function countFlush(engine: Engine, family: Family, { job, result, started }: FlushRun): void {
  const { file, statistics } = result
  const bytes = statistics.bytesWritten
  engine.statistics.flushes++
  engine.statistics.flushBytesWritten += bytes
  family.written.flushed += bytes
  engine.events.emit('flush', {
    columnFamily: family.name,
    job,
    file: file?.record.number,
    entries: file?.statistics.entries ?? 0,
    bytes,
    milliseconds: engine.runtime.clock.monotonic() - started,
  })
}

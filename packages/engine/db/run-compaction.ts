/**
 * Running a compaction that has been picked, in order: write the outputs in workers (or only change the level of the
 * inputs), tell the MANIFEST, open the new tables, let readers see them, remove the inputs.
 *
 * RocksDB: db/db_impl/db_impl_compaction_flush.cc, BackgroundCompaction
 */
import {
  type BlobCollectionOverride,
  boundariesBetween,
  type Compaction,
  type CompactionJob,
  type CompactionResult,
  divideJob,
  joinResults,
  partCount,
  runCompactionInTurns,
  shareProgress,
  type TablePlace,
  tableBuilderOptions,
} from '../compaction/index.ts'
import { filterSourceOf } from '../compaction-filter/index.ts'
import { mergeSourceOf } from '../merge/index.ts'
import type { OnProgress } from '../runtime/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { compactionBlobs } from './job-blobs.ts'
import { rateLimitOf, untilSolvent } from './job-rate.ts'
import { recordTables, removeWritten, tellOfTable } from './new-tables.ts'
import { removeObsoleteFiles } from './obsolete-files.ts'
import { turnsOf } from './turns.ts'

/** How one compaction is run. */
export interface CompactRun {
  onProgress?: OnProgress | undefined
  /** Default: the option of the database. */
  maxSubcompactions?: number | undefined
  /** Stops the jobs. Default: the flag of all automatic compactions. */
  cancel?: Int32Array | undefined
  /** Which values are moved out of old blob files. Default: as the options say. */
  collection?: BlobCollectionOverride | undefined
}

/** Runs a compaction that has been picked, and releases it. A move or a drop has no job, and so no result. */
export async function runCompaction(
  engine: Engine,
  family: Family,
  compaction: Compaction,
  run: CompactRun = {},
): Promise<CompactionResult | undefined> {
  const running: RunningCompaction = {
    job: engine.nextJob(),
    compaction,
    started: engine.runtime.clock.monotonic(),
  }
  tellOfBegin(engine, family, running)
  let result: CompactionResult | undefined
  try {
    const done = compaction.editWithoutJob()
    if (done === undefined) result = await runJob(engine, family, running, run)
    const { files = [], blobAdditions = [], blobGarbage = [] } = result ?? {}
    const edit = done ?? compaction.edit(files, blobAdditions, blobGarbage)
    await recordTables(engine, family, [edit], files)
    family.install()
    countCompaction(engine, family, running, result)
  } catch (error) {
    engine.events.emit('compactionFailed', { columnFamily: family.name, job: running.job, error })
    throw error
  } finally {
    compaction.release()
  }
  engine.controller.update()
  await removeObsoleteFiles(engine)
  return result
}

/** A compaction under way. */
interface RunningCompaction {
  readonly job: number
  readonly compaction: Compaction
  readonly started: number
}

function tellOfBegin(engine: Engine, family: Family, { job, compaction }: RunningCompaction): void {
  engine.events.emit('compactionBegin', {
    columnFamily: family.name,
    job,
    reason: compaction.reason,
    level: compaction.startLevel,
    outputLevel: compaction.outputLevel,
    inputFiles: compaction.inputFileCount,
    inputBytes: compaction.inputBytes,
  })
}

async function runJob(
  engine: Engine,
  family: Family,
  { job: number, compaction }: RunningCompaction,
  run: CompactRun,
): Promise<CompactionResult> {
  const { maxSubcompactions = engine.options.db.maxSubcompactions } = run
  if (engine.options.db.rateLimiter !== undefined) await untilSolvent(engine)
  const isInline = needsThisThread(family, compaction)
  const boundaries = isInline ? [] : await findBoundaries(engine, compaction, maxSubcompactions)
  const jobs = divideJob(
    describeJob(engine, family, compaction, boundaries.length + 1, run),
    boundaries,
    family.order,
  )
  // What is in level 0 makes every read longer, and stops the writes when there is too much of it.
  const priority = compaction.startLevel === 0 ? 'middle' : 'low'
  const listeners = shareProgress(jobs.length, run.onProgress)
  const results = await runParts(engine, jobs, async (part, index) => {
    const event = { columnFamily: family.name, job: number, part: index, parts: jobs.length }
    engine.events.emit('subcompactionBegin', event)
    const result = isInline
      ? await runCompactionInTurns(
          part,
          engine.fs,
          turnsOf(engine.runtime),
          family.functions,
          listeners[index],
        )
      : await engine.runtime.jobs.run<CompactionResult>(part, priority, listeners[index])
    for (const file of result.files) tellOfTable(engine, family, number, 'compaction', file)
    engine.events.emit('subcompaction', event)
    return result
  })
  return joinResults(results)
}

/** The message for all of it. */
function describeJob(
  engine: Engine,
  family: Family,
  compaction: Compaction,
  parts: number,
  run: CompactRun,
): CompactionJob {
  const count = compaction.fileNumberCount(parts)
  return compaction.toJob({
    directory: engine.path,
    snapshots: engine.snapshots.sequences(),
    table: tableBuilderOptions(family.options, placeOf(family, compaction), engine.originOf(family)),
    fileNumbers: { first: engine.versions.reserveFileNumbers(count), count },
    fileCreationTime: Math.floor(engine.runtime.clock.now() / 1000),
    paranoidFileChecks: engine.options.db.paranoidFileChecks,
    cancel: run.cancel ?? engine.background.cancel,
    merge: mergeSourceOf(family.options.mergeOperator),
    filter: family.filter && {
      source: filterSourceOf(family.options.compactionFilter),
      columnFamily: family.name,
    },
    expiry: family.expiry && { source: family.expiry.source, now: engine.runtime.clock.now() },
    comparator: family.comparatorSource,
    blobs: compactionBlobs(engine, family, compaction, parts, run.collection),
    rateLimit: rateLimitOf(engine, 'low'),
  })
}

/** Whether it needs functions that no other thread can have. */
function needsThisThread({ functions: { filter, merge }, options }: Family, compaction: Compaction): boolean {
  if (filter !== undefined && filterSourceOf(options.compactionFilter) === undefined) return true
  return merge !== undefined && mergeSourceOf(options.mergeOperator) === undefined && compaction.mayMerge
}

function placeOf({ options }: Family, compaction: Compaction): TablePlace {
  const { outputLevel: level, isLastLevel, cut } = compaction
  const compression = compaction.compression(options)
  return { level, compression, isLastLevel, targetFileSize: cut.maxOutputFileSize }
}

/** Where to divide the compaction for several threads: nowhere, if it is too small or may have only one. */
async function findBoundaries(
  engine: Engine,
  compaction: Compaction,
  maxSubcompactions: number,
): Promise<Uint8Array[]> {
  const parts =
    compaction.outputLevel === 0
      ? 1
      : partCount(compaction.inputBytes, compaction.targetFileSize, maxSubcompactions)
  if (parts === 1) return []
  const files = compaction.inputs.flatMap(input => input.files)
  const tables = await Promise.all(files.map(file => engine.tables.open(file)))
  return boundariesBetween(
    parts,
    tables.map(table => table.index),
    files[0].order,
  )
}

/** Runs the jobs side by side. If one fails, what the others have written is removed. */
async function runParts(
  engine: Engine,
  jobs: readonly CompactionJob[],
  run: (job: CompactionJob, index: number) => Promise<CompactionResult>,
): Promise<CompactionResult[]> {
  const outcomes = await Promise.allSettled(jobs.map(run))
  const failure = outcomes.find(outcome => outcome.status === 'rejected')
  const results = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  if (failure === undefined) return results
  for (const { files, blobAdditions } of results) await removeWritten(engine, files, blobAdditions)
  throw failure.reason
}

function countCompaction(
  engine: Engine,
  family: Family,
  { job, compaction, started }: RunningCompaction,
  result: CompactionResult | undefined,
): void {
  const { statistics } = engine
  const { trivialMove, drops, inputFileCount } = compaction
  const bytesRead = result?.statistics.bytesRead ?? 0
  const bytesWritten = result?.statistics.bytesWritten ?? 0
  if (trivialMove) statistics.trivialMoves++
  if (drops) statistics.filesDropped += inputFileCount
  family.written.compacted += bytesWritten
  statistics.compactions++
  statistics.compactionBytesRead += bytesRead
  statistics.compactionBytesWritten += bytesWritten
  const entriesDropped = (result?.statistics.entriesRead ?? 0) - (result?.statistics.entriesWritten ?? 0)
  statistics.compactionEntriesDropped += entriesDropped
  engine.events.emit('compaction', {
    columnFamily: family.name,
    job,
    reason: compaction.reason,
    level: compaction.startLevel,
    outputLevel: compaction.outputLevel,
    inputFiles: inputFileCount,
    outputFiles: result?.files.length ?? (trivialMove ? inputFileCount : 0),
    bytesRead,
    bytesWritten,
    entriesDropped,
    entriesFiltered: result?.statistics.entriesFiltered ?? 0,
    trivialMove,
    milliseconds: engine.runtime.clock.monotonic() - started,
  })
}

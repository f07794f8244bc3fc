/**
 * Running compactions, in order: write the outputs in a worker (or only change the level of the inputs), tell
 * the MANIFEST, open the new tables, let readers see them, remove the inputs.
 *
 * `compact` is the manual one: it flushes, then does what its style takes that for. Leveled takes a range of keys
 * down to the last level that has any of it, universal merges everything, FIFO does what is due and no more.
 *
 * RocksDB: db/db_impl/db_impl_compaction_flush.cc, BackgroundCompaction and CompactRange
 */
import { VarveError } from '@varve/format/errors'
import { tableName } from '@varve/format/names'
import {
  boundariesBetween,
  type Compaction,
  type CompactionJob,
  type CompactionResult,
  divideJob,
  joinResults,
  partCount,
  shareProgress,
  type TablePlace,
  tableBuilderOptions,
} from '../compaction/index.ts'
import { mergeSourceOf } from '../merge/index.ts'
import type { OnProgress } from '../runtime/index.ts'
import { type Bytes, keyBytes } from './arguments.ts'
import type { Engine } from './engine.ts'
import { type Family, refuseIfDropped } from './family.ts'
import { flush } from './flush.ts'
import { recordTables } from './new-tables.ts'
import { removeFile, removeObsoleteFiles } from './obsolete-files.ts'

/** How far a manual compaction has come. */
export interface CompactProgress {
  /** Bytes of input read so far. */
  bytesRead: number
  bytesWritten: number
  /** Bytes of all tables in the range when it began: about what `bytesRead` goes to. */
  bytesTotal: number
}

export interface CompactOptions {
  /** From this key on. Default: from the first. Under universal a range that holds anything stands for everything. */
  start?: Bytes
  /** To this key, which is taken in. Default: to the last. */
  end?: Bytes
  /** Rewrites tables of the last level too, even when there is nothing to merge into them. Default true. */
  rewriteBottommost?: boolean
  /** Stops it between two steps; what is done stays done. */
  signal?: AbortSignal
  onProgress?: (progress: CompactProgress) => void
}

export async function compact(engine: Engine, family: Family, options: CompactOptions = {}): Promise<void> {
  engine.refuseUnlessOpen()
  engine.refuseUnlessWritable()
  const smallest = options.start === undefined ? undefined : keyBytes(options.start)
  const largest = options.end === undefined ? undefined : keyBytes(options.end)
  const continueAutomatic = engine.background.pauseCompactions()
  try {
    await flush(engine, [family])
    const rewriteBottommost = options.rewriteBottommost !== false
    const range = { smallest, largest, rewriteBottommost }
    const manual = family.picker.manual(range, engine.versions.nextFileNumber)
    const report = progressReporter(family, options)
    const next = () => {
      // Before `next` marks the inputs of a compaction that nobody would then run and release.
      refuseIfAborted(options.signal)
      engine.refuseUnlessOpen()
      engine.refuseUnlessWritable()
      refuseIfDropped(family)
      return manual.next()
    }
    for (let step = next(); step !== 'done'; step = next()) {
      if (step === 'blocked') await engine.background.nextEnd()
      else await engine.background.compact(family, step, report)
    }
  } finally {
    continueAutomatic()
  }
}

/** Runs a compaction that has been picked, and releases it. A move or a drop has no job, and so no result. */
export async function runCompaction(
  engine: Engine,
  family: Family,
  compaction: Compaction,
  onProgress?: OnProgress,
): Promise<void> {
  const started = engine.runtime.clock.monotonic()
  try {
    const done = compaction.editWithoutJob()
    const result = done === undefined ? await runJob(engine, family, compaction, onProgress) : undefined
    const edit = done ?? compaction.edit(result?.files ?? [])
    await recordTables(engine, family, [edit], result?.files ?? [])
    family.install()
    countCompaction(engine, family, compaction, result, started)
  } finally {
    compaction.release()
  }
  engine.controller.update()
  await removeObsoleteFiles(engine)
}

async function runJob(
  engine: Engine,
  family: Family,
  compaction: Compaction,
  onProgress: OnProgress | undefined,
): Promise<CompactionResult> {
  const boundaries = await findBoundaries(engine, compaction)
  const count = compaction.fileNumberCount(boundaries.length + 1)
  const job: CompactionJob = compaction.toJob({
    directory: engine.path,
    snapshots: engine.snapshots.sequences(),
    table: tableBuilderOptions(family.options, placeOf(family, compaction), engine.originOf(family)),
    fileNumbers: { first: engine.versions.reserveFileNumbers(count), count },
    fileCreationTime: Math.floor(engine.runtime.clock.now() / 1000),
    paranoidFileChecks: engine.options.db.paranoidFileChecks,
    cancel: engine.background.cancel,
    merge: mergeSourceOf(family.options.mergeOperator),
  })
  return runParts(engine, divideJob(job, boundaries), onProgress)
}

function placeOf({ options }: Family, compaction: Compaction): TablePlace {
  const { outputLevel: level, isLastLevel, cut } = compaction
  const compression = compaction.compression(options)
  return { level, compression, isLastLevel, targetFileSize: cut.maxOutputFileSize }
}

/** Where to divide the compaction for several threads: nowhere, if it is too small or may have only one. */
async function findBoundaries(engine: Engine, compaction: Compaction): Promise<Uint8Array[]> {
  const { maxSubcompactions } = engine.options.db
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
  )
}

/** Runs the jobs side by side. If one fails, what the others have written is removed. */
async function runParts(
  engine: Engine,
  jobs: readonly CompactionJob[],
  onProgress: OnProgress | undefined,
): Promise<CompactionResult> {
  const listeners = shareProgress(jobs.length, onProgress)
  const outcomes = await Promise.allSettled(
    jobs.map((job, i) => engine.runtime.jobs.run<CompactionResult>(job, 'low', listeners[i])),
  )
  const failure = outcomes.find(outcome => outcome.status === 'rejected')
  const results = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  if (failure === undefined) return joinResults(results)
  for (const { files } of results) {
    for (const { record } of files) await removeFile(engine, tableName(record.number))
  }
  throw failure.reason
}

function countCompaction(
  engine: Engine,
  family: Family,
  compaction: Compaction,
  result: CompactionResult | undefined,
  started: number,
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
  statistics.compactionEntriesDropped +=
    (result?.statistics.entriesRead ?? 0) - (result?.statistics.entriesWritten ?? 0)
  engine.events.emit('compaction', {
    columnFamily: family.name,
    reason: compaction.reason,
    level: compaction.startLevel,
    outputLevel: compaction.outputLevel,
    inputFiles: inputFileCount,
    outputFiles: result?.files.length ?? (trivialMove ? inputFileCount : 0),
    bytesRead,
    bytesWritten,
    trivialMove,
    milliseconds: engine.runtime.clock.monotonic() - started,
  })
}

/** Adds up the progress of one job after another. */
function progressReporter(family: Family, { onProgress }: CompactOptions): OnProgress | undefined {
  if (onProgress === undefined) return undefined
  const bytesTotal = family.superVersion.version.levelBytes.reduce((sum, bytes) => sum + bytes, 0)
  let read = 0
  let written = 0
  let last = { bytesRead: 0, bytesWritten: 0 }
  return progress => {
    if (progress.bytesRead < last.bytesRead) {
      read += last.bytesRead
      written += last.bytesWritten
    }
    last = progress
    onProgress({
      bytesRead: read + progress.bytesRead,
      bytesWritten: written + progress.bytesWritten,
      bytesTotal,
    })
  }
}

function refuseIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new VarveError('ABORTED', 'the compaction was stopped by its signal', {}, signal.reason)
}

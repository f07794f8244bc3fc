/**
 * Runs a compaction from a message of plain data, in a worker or in place: merges the inputs and writes the
 * outputs. It decides nothing about the database; what comes back becomes true with a MANIFEST edit elsewhere.
 *
 * RocksDB: db/compaction/compaction_job.cc
 */
import type { NewFile } from '@varve/format/manifest'
import { mergeCursors } from '../cursor/index.ts'
import type { FileSystem } from '../fs/index.ts'
import type { MergeOperator, MergeSource } from '../merge/index.ts'
import type { Job, OnProgress } from '../runtime/index.ts'
import { CompactionCursor, type CompactionRules } from './compaction-cursor.ts'
import { readTombstones, survivingTombstones } from './compaction-tombstones.ts'
import { InputRun } from './input-run.ts'
import { type FileNumberRange, type JobStatistics, JobWriter, jobStatistics } from './job-writer.ts'
import { type CutRules, OutputCutter } from './output-cutter.ts'
import type { OutputFile, OutputOptions } from './table-output.ts'

/** User keys at and after `from` and before `before`; an absent end is open. */
export interface KeySpan {
  readonly from?: Uint8Array | undefined
  readonly before?: Uint8Array | undefined
}

export interface CompactionJob extends Job {
  readonly kind: 'compaction'
  /** Sorted runs: each file of level 0 is one, each deeper level is one. */
  readonly runs: readonly (readonly NewFile[])[]
  /** The keys to take from them; all unless given. */
  readonly span?: KeySpan
  readonly rules: CompactionRules
  readonly cut: CutRules
  readonly output: OutputOptions
  readonly fileNumbers: FileNumberRange
  /** Those of the inputs that have range tombstones, or may have some. */
  readonly tombstoneFiles?: readonly NewFile[]
  /** From where the merge operator is loaded; absent, operands stay as they are. */
  readonly merge?: MergeSource | undefined
}

export interface CompactionResult {
  /** In key order. None when everything could be dropped. */
  files: OutputFile[]
  statistics: JobStatistics
}

export function runCompactionJob(
  job: CompactionJob,
  fs: FileSystem,
  onProgress?: OnProgress,
  merge?: MergeOperator,
): CompactionResult {
  const { directory } = job.output
  const runs = job.runs.map(files => new InputRun(fs, directory, files))
  const bytesRead = () => runs.reduce((bytes, run) => bytes + run.bytesRead, 0)
  try {
    const { from, before } = job.span ?? {}
    const tombstones = readTombstones(fs, directory, job.tombstoneFiles ?? []).within(from, before)
    const cursor = new CompactionCursor(mergeCursors(runs), job.rules, job.span, { merge, tombstones })
    const cutter = new OutputCutter(job.cut, job.rules.deeper?.[0])
    const control = { cancel: job.cancel, onProgress, bytesRead }
    const writer = new JobWriter(fs, job.output, job.fileNumbers, control, cutter)
    writer.run(cursor, survivingTombstones(tombstones, job.rules))
    return { files: writer.files, statistics: jobStatistics(cursor, writer, bytesRead()) }
  } finally {
    for (const run of runs) run.close()
  }
}

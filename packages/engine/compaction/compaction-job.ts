/**
 * Runs a compaction from a message of plain data, in a worker or in place: merges the inputs and writes the
 * outputs. It decides nothing about the database; what comes back becomes true with a MANIFEST edit elsewhere.
 *
 * RocksDB: db/compaction/compaction_job.cc
 */
import { bytewise } from '@varve/format/key'
import type { BlobAddition, BlobGarbage, NewFile } from '@varve/format/manifest'
import type { ComparatorSource } from '../comparator/index.ts'
import { mergeCursors } from '../cursor/index.ts'
import type { FileSystem } from '../fs/index.ts'
import type { MergeSource } from '../merge/index.ts'
import { limitedFileSystem, type SharedRateLimit } from '../rate-limiter/index.ts'
import type { Job, OnProgress } from '../runtime/index.ts'
import type { RangeTombstones } from '../tombstone/index.ts'
import { CompactionCursor, type CompactionRules } from './compaction-cursor.ts'
import { readTombstones, survivingTombstones } from './compaction-tombstones.ts'
import {
  type ExpiryTask,
  entryFilterOf,
  type FilterTask,
  mergeOf,
  type UserFunctions,
} from './entry-filter.ts'
import { InputRun } from './input-run.ts'
import { type BlobJobOptions, JobBlobs } from './job-blobs.ts'
import {
  type FileNumberRange,
  type JobStatistics,
  JobWriter,
  jobStatistics,
  type Turns,
} from './job-writer.ts'
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
  /** From where the order of the keys is loaded; absent, they are in bytewise order. */
  readonly comparator?: ComparatorSource | undefined
  /** Absent in a column family that has no blob files and shall have none. */
  readonly blobs?: BlobJobOptions | undefined
  readonly rateLimit?: SharedRateLimit | undefined
  readonly filter?: FilterTask | undefined
  /** Of a family whose entries expire. */
  readonly expiry?: ExpiryTask | undefined
}

export interface CompactionResult {
  /** In key order. None when everything could be dropped. */
  files: OutputFile[]
  statistics: JobStatistics
  blobAdditions: BlobAddition[]
  blobGarbage: BlobGarbage[]
}

export function runCompactionJob(
  job: CompactionJob,
  fs: FileSystem,
  onProgress?: OnProgress,
  functions: UserFunctions = { order: bytewise },
): CompactionResult {
  const work = new CompactionWork(job, fs, onProgress, functions)
  try {
    work.writer.run(work.cursor, work.survivors)
    return work.result()
  } finally {
    work.close()
  }
}

/** On the thread of the functions, with breaks. */
export async function runCompactionInTurns(
  job: CompactionJob,
  fs: FileSystem,
  turns: Turns,
  functions: UserFunctions,
  onProgress?: OnProgress,
): Promise<CompactionResult> {
  const work = new CompactionWork(job, fs, onProgress, functions, () => turns.isOver())
  try {
    await work.writer.runInTurns(work.cursor, work.survivors, turns)
    return work.result()
  } finally {
    work.close()
  }
}

/** A compaction under way. */
class CompactionWork {
  readonly cursor: CompactionCursor
  readonly writer: JobWriter
  readonly survivors: RangeTombstones
  private readonly runs: readonly InputRun[]
  private readonly blobs: JobBlobs | undefined

  constructor(
    job: CompactionJob,
    fs: FileSystem,
    onProgress: OnProgress | undefined,
    { merge: operator, filter: user, order }: UserFunctions,
    rests?: () => boolean,
  ) {
    const { directory } = job.output
    const { from, before } = job.span ?? {}
    const files = limitedFileSystem(fs, job.rateLimit, job.cancel)
    const tombstones = readTombstones(files, directory, job.tombstoneFiles ?? [], order).within(from, before)
    this.runs = job.runs.map(run => new InputRun(files, directory, run, order))
    this.blobs = job.blobs && new JobBlobs(files, directory, job.blobs)
    const merge = mergeOf(job, operator)
    const extras = { merge, tombstones, blobs: this.blobs, filter: entryFilterOf(job, user), rests, order }
    this.cursor = new CompactionCursor(mergeCursors([...this.runs], order), job.rules, job.span, extras)
    const cutter = new OutputCutter(job.cut, job.rules.deeper?.[0], order)
    const control = { cancel: job.cancel, onProgress, bytesRead: () => this.bytesRead }
    this.writer = new JobWriter(files, job.output, job.fileNumbers, control, order, cutter, this.blobs)
    this.survivors = survivingTombstones(tombstones, job.rules, order)
  }

  get bytesRead(): number {
    return this.runs.reduce((bytes, run) => bytes + run.bytesRead, this.blobs?.bytesRead ?? 0)
  }

  result(): CompactionResult {
    return {
      files: this.writer.files,
      statistics: jobStatistics(this.cursor, this.writer, this.bytesRead),
      blobAdditions: this.blobs?.additions ?? [],
      blobGarbage: this.blobs?.garbage ?? [],
    }
  }

  close(): void {
    for (const run of this.runs) run.close()
    this.blobs?.close()
  }
}

/**
 * Writes sealed memtables to one table of level 0, from a message of plain data. The memtables' memory is
 * shared, so nothing is copied to the worker; but one whose entries nobody has put in order yet is put in order here,
 * over a copy, since readers may come to do the same over the shared memory meanwhile.
 *
 * RocksDB: db/flush_job.cc, db/builder.cc
 */
import { bytewise } from '@varve/format/key'
import type { BlobAddition } from '@varve/format/manifest'
import type { ComparatorSource } from '../comparator/index.ts'
import { mergeCursors } from '../cursor/index.ts'
import type { FileSystem } from '../fs/index.ts'
import { Memtable, type MemtableDescriptor } from '../memtable/index.ts'
import type { MergeSource } from '../merge/index.ts'
import { limitedFileSystem, type SharedRateLimit } from '../rate-limiter/index.ts'
import type { Job, OnProgress } from '../runtime/index.ts'
import { RangeTombstones } from '../tombstone/index.ts'
import { CompactionCursor } from './compaction-cursor.ts'
import { survivingTombstones } from './compaction-tombstones.ts'
import {
  type ExpiryTask,
  entryFilterOf,
  type FilterTask,
  mergeOf,
  type UserFunctions,
} from './entry-filter.ts'
import { type BlobJobOptions, JobBlobs } from './job-blobs.ts'
import { type JobStatistics, JobWriter, jobStatistics, type Turns } from './job-writer.ts'
import type { OutputFile, OutputOptions } from './table-output.ts'

export interface FlushJob extends Job {
  readonly kind: 'flush'
  readonly memtables: readonly MemtableDescriptor[]
  /** Live snapshots, ascending. */
  readonly snapshots: readonly number[]
  readonly output: OutputOptions
  readonly fileNumber: number
  /** As in a compaction. */
  readonly merge?: MergeSource | undefined
  readonly comparator?: ComparatorSource | undefined
  /** As in a compaction. */
  readonly blobs?: BlobJobOptions | undefined
  readonly rateLimit?: SharedRateLimit | undefined
  readonly filter?: FilterTask | undefined
  /** Of a family whose entries expire. */
  readonly expiry?: ExpiryTask | undefined
}

export interface FlushResult {
  /** Absent when the memtables were empty. */
  file: OutputFile | undefined
  statistics: JobStatistics
  blobAdditions: BlobAddition[]
}

export function runFlushJob(
  job: FlushJob,
  fs: FileSystem,
  onProgress?: OnProgress,
  functions: UserFunctions = { order: bytewise },
): FlushResult {
  const work = beginFlush(job, attachMemtables(job, functions), fs, onProgress, functions)
  work.writer.run(work.cursor, work.survivors)
  return resultOf(work)
}

/** On the thread of the functions, with breaks. */
export async function runFlushInTurns(
  job: FlushJob,
  fs: FileSystem,
  turns: Turns,
  functions: UserFunctions,
): Promise<FlushResult> {
  const memtables = attachMemtables(job, functions)
  const rests = (): boolean => turns.isOver()
  for (const memtable of memtables) while (!memtable.putInOrder(rests)) await turns.next()
  const work = beginFlush(job, memtables, fs, undefined, functions, rests)
  await work.writer.runInTurns(work.cursor, work.survivors, turns)
  return resultOf(work)
}

/** A flush under way. */
interface FlushWork {
  readonly cursor: CompactionCursor
  readonly writer: JobWriter
  readonly survivors: RangeTombstones
  readonly blobs: JobBlobs | undefined
}

function resultOf({ cursor, writer, blobs }: FlushWork): FlushResult {
  const statistics = jobStatistics(cursor, writer, 0)
  return { file: writer.files[0], statistics, blobAdditions: blobs?.additions ?? [] }
}

/** Those that have no order make one when they are read from. */
function attachMemtables({ memtables }: FlushJob, { order }: UserFunctions): Memtable[] {
  return memtables.map(descriptor => Memtable.attach(descriptor, order))
}

function beginFlush(
  job: FlushJob,
  memtables: readonly Memtable[],
  fs: FileSystem,
  onProgress: OnProgress | undefined,
  { merge: operator, filter: user, order }: UserFunctions,
  rests?: () => boolean,
): FlushWork {
  const files = limitedFileSystem(fs, job.rateLimit, job.cancel)
  const cursors = memtables.map(memtable => memtable.cursor())
  const tombstones = RangeTombstones.of(
    memtables.flatMap(memtable => memtable.tombstones.list()),
    order,
  )
  const rules = { snapshots: job.snapshots, bottommost: false, zeroSequences: false }
  const blobs = job.blobs && new JobBlobs(files, job.output.directory, job.blobs)
  const merge = mergeOf(job, operator)
  const extras = { merge, tombstones, blobs, filter: entryFilterOf(job, user), rests, order }
  const cursor = new CompactionCursor(mergeCursors(cursors, order), rules, {}, extras)
  const control = { cancel: job.cancel, onProgress, bytesRead: () => 0 }
  const numbers = { first: job.fileNumber, count: 1 }
  const writer = new JobWriter(files, job.output, numbers, control, order, undefined, blobs)
  return { cursor, writer, survivors: survivingTombstones(tombstones, rules, order), blobs }
}

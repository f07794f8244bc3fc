/**
 * Writes sealed memtables to one table of level 0, from a message of plain data. The memtables' memory is
 * shared, so nothing is copied to the worker.
 *
 * RocksDB: db/flush_job.cc, db/builder.cc
 */
import { mergeCursors } from '../cursor/index.ts'
import type { FileSystem } from '../fs/index.ts'
import { Memtable, type MemtableDescriptor } from '../memtable/index.ts'
import type { MergeOperator, MergeSource } from '../merge/index.ts'
import type { Job, OnProgress } from '../runtime/index.ts'
import { RangeTombstones } from '../tombstone/index.ts'
import { CompactionCursor } from './compaction-cursor.ts'
import { survivingTombstones } from './compaction-tombstones.ts'
import { type JobStatistics, JobWriter, jobStatistics } from './job-writer.ts'
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
}

export interface FlushResult {
  /** Absent when the memtables were empty. */
  file: OutputFile | undefined
  statistics: JobStatistics
}

export function runFlushJob(
  job: FlushJob,
  fs: FileSystem,
  onProgress?: OnProgress,
  merge?: MergeOperator,
): FlushResult {
  const memtables = job.memtables.map(descriptor => Memtable.attach(descriptor))
  const cursors = memtables.map(memtable => memtable.cursor())
  const tombstones = RangeTombstones.of(memtables.flatMap(memtable => memtable.tombstones.list()))
  const rules = { snapshots: job.snapshots, bottommost: false, zeroSequences: false }
  const cursor = new CompactionCursor(mergeCursors(cursors), rules, {}, { merge, tombstones })
  const control = { cancel: job.cancel, onProgress, bytesRead: () => 0 }
  const writer = new JobWriter(fs, job.output, { first: job.fileNumber, count: 1 }, control)
  writer.run(cursor, survivingTombstones(tombstones, rules))
  return { file: writer.files[0], statistics: jobStatistics(cursor, writer, 0) }
}

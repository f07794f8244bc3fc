/**
 * Writes sealed memtables to one table of level 0, from a message of plain data. The memtables' memory is
 * shared, so nothing is copied to the worker.
 *
 * RocksDB: db/flush_job.cc, db/builder.cc
 */
import { mergeCursors } from '../cursor/index.ts'
import type { FileSystem } from '../fs/index.ts'
import { Memtable, type MemtableDescriptor } from '../memtable/index.ts'
import type { Job, OnProgress } from '../runtime/index.ts'
import { CompactionCursor } from './compaction-cursor.ts'
import { type JobStatistics, JobWriter, jobStatistics } from './job-writer.ts'
import type { OutputFile, OutputOptions } from './table-output.ts'

export interface FlushJob extends Job {
  readonly kind: 'flush'
  readonly memtables: readonly MemtableDescriptor[]
  /** Live snapshots, ascending. */
  readonly snapshots: readonly number[]
  readonly output: OutputOptions
  readonly fileNumber: number
}

export interface FlushResult {
  /** Absent when the memtables were empty. */
  file: OutputFile | undefined
  statistics: JobStatistics
}

export function runFlushJob(job: FlushJob, fs: FileSystem, onProgress?: OnProgress): FlushResult {
  const cursors = job.memtables.map(descriptor => Memtable.attach(descriptor).cursor())
  const rules = { snapshots: job.snapshots, bottommost: false, zeroSequences: false }
  const cursor = new CompactionCursor(mergeCursors(cursors), rules)
  const control = { cancel: job.cancel, onProgress, bytesRead: () => 0 }
  const writer = new JobWriter(fs, job.output, { first: job.fileNumber, count: 1 }, control)
  writer.run(cursor)
  return { file: writer.files[0], statistics: jobStatistics(cursor, writer, 0) }
}

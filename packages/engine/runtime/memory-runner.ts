/**
 * Runs jobs in threads on files in memory: each job takes what it reads along with its message, and what it has made
 * comes back with its result.
 */
import { tableName } from '@varve/format/names'
import type { CompactionJob } from '../compaction/compaction-job.ts'
import type { FlushJob } from '../compaction/flush-job.ts'
import type { MemoryFileSystem, SharedFile } from '../fs/index.ts'
import type { Job, JobPriority, JobRunner, OnProgress } from './runtime.ts'

/** What a job in memory gives. */
export interface MemoryResult {
  result: unknown
  made: readonly SharedFile[]
}

export class MemoryRunner implements JobRunner {
  private readonly pool: JobRunner
  private readonly fs: MemoryFileSystem

  constructor(pool: JobRunner, fs: MemoryFileSystem) {
    this.pool = pool
    this.fs = fs
  }

  async run<Result>(job: Job, priority: JobPriority, onProgress?: OnProgress): Promise<Result> {
    const { directory } = (job as FlushJob | CompactionJob).output
    const files = this.fs.share(inputsOf(job, directory))
    const inMemory: Job = { ...job, memory: { directory, files } }
    const { result, made } = await this.pool.run<MemoryResult>(inMemory, priority, onProgress)
    this.fs.adopt(made)
    return result as Result
  }

  expect(count: number): void {
    this.pool.expect?.(count)
  }

  resize(workers: number): void {
    this.pool.resize?.(workers)
  }

  /** The database is being closed, and all that it held goes. */
  async close(): Promise<void> {
    await this.pool.close()
    this.fs.drop()
  }
}

function inputsOf(job: Job, directory: string): string[] {
  if (job.kind !== 'compaction') return []
  const { runs, tombstoneFiles = [] } = job as CompactionJob
  const numbers = new Set([...runs.flat(), ...tombstoneFiles].map(({ number }) => number))
  return [...numbers].map(number => `${directory}/${tableName(number)}`)
}

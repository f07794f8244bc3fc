/**
 * Runs flushes and compactions in this thread, one after another, as soon as they are asked for. Unlike the engine's
 * own `InlineRunner` it loads nothing on the way, so that a playing takes the same course each time.
 */
import { VarveError } from 'varve'
import {
  type CompactionJob,
  type FileSystem,
  type FlushJob,
  type Job,
  type JobPriority,
  type JobRunner,
  loadUserFunctions,
  type OnProgress,
  runCompactionJob,
  runFlushJob,
} from 'varve/internal'

export class ImmediateJobs implements JobRunner {
  private readonly fs: FileSystem
  private isClosed = false

  constructor(fs: FileSystem) {
    this.fs = fs
  }

  async run<Result>(job: Job, _priority: JobPriority, onProgress?: OnProgress): Promise<Result> {
    if (this.isClosed) throw new VarveError('ABORTED', 'the job did not start: the database is closing')
    const functions = await loadUserFunctions(job as FlushJob | CompactionJob)
    const result: unknown =
      job.kind === 'flush'
        ? runFlushJob(job as FlushJob, this.fs, onProgress, functions)
        : runCompactionJob(job as CompactionJob, this.fs, onProgress, functions)
    return result as Result
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}

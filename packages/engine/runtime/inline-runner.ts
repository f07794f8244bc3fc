/**
 * Runs jobs on the thread that asks, one at a time: for file systems that exist only there, such as the
 * simulated one, and for platforms without threads.
 */
import { VarveError } from '@varve/format/errors'
import type { FileSystem } from '../fs/index.ts'
import { runJob } from './run-job.ts'
import type { Job, JobPriority, JobRunner, OnProgress } from './runtime.ts'

export class InlineRunner implements JobRunner {
  private readonly fs: FileSystem
  private last: Promise<unknown> = Promise.resolve()
  private isClosed = false

  constructor(fs: FileSystem) {
    this.fs = fs
  }

  run<Result>(job: Job, _priority: JobPriority, onProgress?: OnProgress): Promise<Result> {
    const run = this.last.then(() => {
      if (this.isClosed) throw new VarveError('ABORTED', 'the job did not start: the database is closing')
      return runJob(job, this.fs, onProgress)
    })
    // Whoever waits for its turn does not care how the one before it ended.
    this.last = run.then(
      () => undefined,
      () => undefined,
    )
    return run as Promise<Result>
  }

  async close(): Promise<void> {
    this.isClosed = true
    await this.last
  }
}

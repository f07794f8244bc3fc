/**
 * Runs flushes and compactions in this thread, as tasks of the simulation: several are under way at once, each
 * begins and ends at moments that the seed decides, high priority before low.
 */
import { VarveError } from '@varve/format/errors'
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
import type { Scheduler } from './scheduler.ts'

interface Waiting {
  readonly start: () => void
  readonly refuse: (error: VarveError) => void
}

export class SimulatedJobs implements JobRunner {
  private readonly fs: FileSystem
  private readonly scheduler: Scheduler
  private readonly workers: number
  private readonly waiting: Record<JobPriority, Waiting[]> = { high: [], middle: [], low: [] }
  private readonly running = new Set<Promise<unknown>>()
  private isClosed = false

  constructor(fs: FileSystem, scheduler: Scheduler, workers: number) {
    this.fs = fs
    this.scheduler = scheduler
    this.workers = workers
  }

  async run<Result>(job: Job, priority: JobPriority, onProgress?: OnProgress): Promise<Result> {
    if (this.isClosed) throw closedError()
    if (this.running.size >= this.workers) {
      await new Promise<void>((resolve, reject) => {
        this.waiting[priority].push({ start: resolve, refuse: reject })
      })
    }
    const work = this.perform(job, onProgress)
    this.running.add(work)
    try {
      return (await work) as Result
    } finally {
      this.running.delete(work)
      const next = this.waiting.high.shift() ?? this.waiting.middle.shift() ?? this.waiting.low.shift()
      next?.start()
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    for (const queue of Object.values(this.waiting)) {
      for (const { refuse } of queue.splice(0)) refuse(closedError())
    }
    await Promise.allSettled(this.running)
  }

  private async perform(job: Job, onProgress: OnProgress | undefined): Promise<unknown> {
    await this.scheduler.wait('job')
    try {
      // Not through the dynamic imports of the engine's runners: how long those take, no seed decides.
      const functions = await loadUserFunctions(job as FlushJob | CompactionJob)
      return job.kind === 'flush'
        ? runFlushJob(job as FlushJob, this.fs, onProgress, functions)
        : runCompactionJob(job as CompactionJob, this.fs, onProgress, functions)
    } finally {
      await this.scheduler.wait('job')
    }
  }
}

function closedError(): VarveError {
  return new VarveError('ABORTED', 'the job did not start: the database is closing')
}

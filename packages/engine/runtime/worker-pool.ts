/**
 * Background threads. They start with the first job, or shortly before, stay for the next one, and do not keep the
 * process alive while they have nothing to do; those of a pool that is closed rest a while and may join another
 * (resting-threads.ts). They take turns, so that all of them have compiled the code by the time that they are needed
 * at once.
 *
 * One thread is kept free for jobs of high priority if there is more than one, so that a flush never waits for a
 * compaction to end: writers would wait with it. RocksDB: util/threadpool_imp.cc, and the two pools of
 * db/db_impl/db_impl_compaction_flush.cc
 */
import { VarveError } from '@varve/format/errors'
import { rest, takeRested } from './resting-threads.ts'
import type { Job, JobPriority, JobRunner, OnProgress } from './runtime.ts'
import { type Task, Thread, type ThreadOwner } from './thread.ts'

export class WorkerPool implements JobRunner, ThreadOwner {
  private size: number
  private readonly module: URL
  /** Those that have been idle for longest come first. */
  private readonly threads = new Set<Thread>()
  private readonly queues: Record<JobPriority, Task[]> = { high: [], middle: [], low: [] }
  private isClosed = false
  /** Settles with the next task. */
  private settled: PromiseWithResolvers<void> | undefined = undefined

  /** `module` is the threads' program. */
  constructor(size: number, module: URL = new URL('./worker-main.ts', import.meta.url)) {
    this.size = size
    this.module = module
  }

  run<Result>(job: Job, priority: JobPriority, onProgress?: OnProgress): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.isClosed) throw closedError()
      const settle = (result: unknown): void => resolve(result as Result)
      this.queues[priority].push({ job, priority, onProgress, resolve: settle, reject })
      this.dispatch()
    })
  }

  expect(count: number): void {
    while (!this.isClosed && this.threads.size < Math.min(count, this.size)) this.startThread()
  }

  /** Threads beyond `size` have nothing to do any more. */
  resize(size: number): void {
    this.size = size
    if (!this.isClosed) this.dispatch()
  }

  /** Rejects what has not started, waits for what has, and lets the threads rest. */
  async close(): Promise<void> {
    this.isClosed = true
    for (const queue of Object.values(this.queues)) {
      for (const task of queue.splice(0)) task.reject(closedError())
    }
    while (this.isBusy()) {
      this.settled ??= Promise.withResolvers()
      await this.settled.promise
    }
    const threads = [...this.threads]
    this.threads.clear()
    await Promise.all(threads.map(rest))
  }

  private isBusy(): boolean {
    return [...this.threads].some(({ task }) => task !== undefined)
  }

  private dispatch(): void {
    for (let task = this.takeTask(); task !== undefined; task = this.takeTask()) {
      this.freeThread().start(task)
    }
  }

  /** The next task that may start now. */
  private takeTask(): Task | undefined {
    const running = [...this.threads].filter(thread => thread.task !== undefined)
    if (running.length >= this.size) return undefined
    const { high, middle, low } = this.queues
    const compactions = running.filter(thread => thread.task?.priority !== 'high').length
    const mayCompact = compactions < Math.max(1, this.size - 1)
    return high.shift() ?? (mayCompact ? (middle.shift() ?? low.shift()) : undefined)
  }

  private freeThread(): Thread {
    for (const thread of this.threads) if (thread.task === undefined) return thread
    return this.startThread()
  }

  private startThread(): Thread {
    const thread = takeRested(this.module, this) ?? new Thread(this.module, this)
    this.threads.add(thread)
    return thread
  }

  idle(thread: Thread): void {
    // One that has died is not in there any more.
    if (this.threads.delete(thread)) this.threads.add(thread)
    this.goOn()
  }

  gone(thread: Thread): void {
    this.threads.delete(thread)
    this.goOn()
  }

  private goOn(): void {
    if (!this.isClosed) this.dispatch()
    this.settled?.resolve()
    this.settled = undefined
  }
}

function closedError(): VarveError {
  return new VarveError('ABORTED', 'the job did not start: the database is closing')
}

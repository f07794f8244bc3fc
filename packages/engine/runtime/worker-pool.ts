/**
 * Background threads. They start with the first job, or shortly before, stay for the next one, and do not keep the
 * process alive while they have nothing to do. They take turns, so that all of them have compiled the code by the
 * time that they are needed at once.
 *
 * One thread is kept free of low-priority jobs if there is more than one, so that a flush never waits for a
 * compaction to end: writers would wait with it. RocksDB: util/threadpool_imp.cc, and the two pools of
 * db/db_impl/db_impl_compaction_flush.cc
 */
import { Worker } from 'node:worker_threads'
import { VarveError } from '@varve/format/errors'
import { errorFromData, type StartMessage, type WorkerMessage } from './messages.ts'
import type { Job, JobPriority, JobRunner, OnProgress } from './runtime.ts'

const YOUNG_GENERATION_MIB = 12

interface Task {
  job: Job
  priority: JobPriority
  onProgress: OnProgress | undefined
  resolve(result: unknown): void
  reject(error: unknown): void
}

export class WorkerPool implements JobRunner {
  private readonly size: number
  private readonly module: URL
  /** Those that have been idle for longest come first. */
  private readonly threads = new Set<Thread>()
  private readonly queues: Record<JobPriority, Task[]> = { high: [], low: [] }
  private isClosed = false

  /** `module` is the threads' program. */
  constructor(size: number, module: URL = workerModule()) {
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

  async close(): Promise<void> {
    this.isClosed = true
    for (const queue of [this.queues.high, this.queues.low]) {
      for (const task of queue.splice(0)) task.reject(closedError())
    }
    await Promise.all([...this.threads].map(thread => thread.stop()))
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
    const low = running.filter(thread => thread.task?.priority === 'low').length
    return (
      this.queues.high.shift() ?? (low < Math.max(1, this.size - 1) ? this.queues.low.shift() : undefined)
    )
  }

  private freeThread(): Thread {
    for (const thread of this.threads) if (thread.task === undefined) return thread
    return this.startThread()
  }

  private startThread(): Thread {
    const thread = new Thread(this.module, {
      idle: () => {
        // One that has died is not in there any more.
        if (this.threads.delete(thread)) this.threads.add(thread)
        this.dispatch()
      },
      gone: () => {
        this.threads.delete(thread)
        if (!this.isClosed) this.dispatch()
      },
    })
    this.threads.add(thread)
    return thread
  }
}

/** One worker and the task it is at. */
class Thread {
  task: Task | undefined = undefined
  private readonly worker: Worker
  private readonly idle: () => void
  private readonly exited: Promise<void>
  private crash: unknown = undefined
  private isStopping = false

  constructor(module: URL, on: { idle: () => void; gone: () => void }) {
    // Flags meant for the main program (--test, --eval, ...) make no sense here, so none are inherited.
    // Jobs make little garbage: a young generation of the default size would only fill memory.
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB }
    this.worker = new Worker(module, { name: 'varve', execArgv: [], resourceLimits })
    this.idle = on.idle
    this.worker.unref()
    this.worker.on('message', (message: WorkerMessage) => this.receive(message))
    this.worker.on('messageerror', error => this.finish(task => task.reject(crashError(error))))
    this.worker.on('error', error => (this.crash = error))
    this.exited = new Promise(resolve => {
      this.worker.once('exit', () => {
        on.gone()
        this.finish(task => task.reject(crashError(this.crash)))
        resolve()
      })
    })
  }

  start(task: Task): void {
    this.task = task
    this.worker.ref()
    try {
      const message: StartMessage = { job: task.job, wantsProgress: task.onProgress !== undefined }
      this.worker.postMessage(message)
    } catch (error) {
      // The job holds something that cannot be cloned.
      this.finish(({ reject }) => reject(error))
    }
  }

  /** Waits for the task, then ends the thread. */
  async stop(): Promise<void> {
    this.isStopping = true
    if (this.task === undefined) await this.worker.terminate()
    await this.exited
  }

  private receive(message: WorkerMessage): void {
    if (message.type === 'progress') this.task?.onProgress?.(message.progress)
    else if (message.type === 'done') this.finish(task => task.resolve(message.result))
    else this.finish(task => task.reject(errorFromData(message.error)))
  }

  private finish(settle: (task: Task) => void): void {
    const { task } = this
    if (task === undefined) return
    this.task = undefined
    this.worker.unref()
    settle(task)
    if (this.isStopping) void this.worker.terminate()
    else this.idle()
  }
}

/** Sources run as they are; what is published is compiled. */
function workerModule(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return isSource
    ? new URL('./worker-main.ts', import.meta.url)
    : new URL('./worker-main.js', import.meta.url)
}

function closedError(): VarveError {
  return new VarveError('ABORTED', 'the job did not start: the database is closing')
}

function crashError(cause: unknown): VarveError {
  return new VarveError('ABORTED', 'the thread that ran the job has died', {}, cause)
}

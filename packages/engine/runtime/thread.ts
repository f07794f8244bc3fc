/** A background thread: one worker, and the task it is at. Which pool it works for may change while it has none. */
import { Worker } from 'node:worker_threads'
import { VarveError } from '@varve/format/errors'
import { errorFromData, type StartMessage, type WorkerMessage } from './messages.ts'
import type { Job, JobPriority, OnProgress } from './runtime.ts'

const YOUNG_GENERATION_MIB = 12

export interface Task {
  job: Job
  priority: JobPriority
  onProgress: OnProgress | undefined
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** Who is told about a thread. */
export interface ThreadOwner {
  /** It has come to the end of its task. */
  idle(thread: Thread): void
  /** It has ended. */
  gone(thread: Thread): void
}

export class Thread {
  task: Task | undefined = undefined
  owner: ThreadOwner
  readonly module: URL
  private readonly worker: Worker
  private readonly exited: Promise<void>
  private crash: unknown = undefined

  constructor(module: URL, owner: ThreadOwner) {
    this.module = module
    this.owner = owner
    // Flags meant for the main program (--test, --eval, ...) make no sense here, so none are inherited.
    // Jobs make little garbage: a young generation of the default size would only fill memory.
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB }
    this.worker = new Worker(module, { name: 'varve', execArgv: [], resourceLimits })
    this.worker.unref()
    this.worker.on('message', (message: WorkerMessage) => this.receive(message))
    this.worker.on('messageerror', error => this.finish(task => task.reject(crashError(error))))
    this.worker.on('error', error => (this.crash = error))
    this.exited = new Promise(resolve => {
      this.worker.once('exit', () => {
        this.owner.gone(this)
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

  /** Ends it, whatever it is at. */
  async stop(): Promise<void> {
    await this.worker.terminate()
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
    this.owner.idle(this)
  }
}

function crashError(cause: unknown): VarveError {
  return new VarveError('ABORTED', 'the thread that ran the job has died', {}, cause)
}

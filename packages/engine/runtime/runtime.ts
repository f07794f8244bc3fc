/**
 * What the engine takes from the world besides its own data: files, time, randomness, timers and threads. It
 * comes in through `open`, so that a test can decide all of it.
 */
import type { FileSystem } from '../fs/file-system.ts'
import type { SharedFile } from '../fs/memory-file.ts'

export interface Clock {
  /** Milliseconds since 1970; may jump either way. For what people read and what files record. */
  now(): number
  /** Milliseconds since some moment; never goes back. For measuring. */
  monotonic(): number
}

export interface Timer {
  /** After it, the callback is not called. Harmless when it already was. */
  cancel(): void
}

/** `high` for flushes, `middle` for compactions of level 0, `low` for those of deeper levels. */
export type JobPriority = 'high' | 'middle' | 'low'

/**
 * Work for a worker thread, as plain data: what `structuredClone` carries over. `kind` chooses the function
 * (see run-job.ts); the rest is that function's message. A `SharedArrayBuffer` in it is shared, not copied.
 */
export interface Job {
  readonly kind: 'flush' | 'compaction'
  /**
   * A one-element array over shared memory. Its owner stores 1 to ask the job to stop; the job looks at it
   * now and then, removes its partial outputs and throws `ABORTED`.
   */
  readonly cancel?: Int32Array
  /** The files that it reads, where they are in memory: those that it makes in `directory` come back with its result. */
  readonly memory?: { readonly directory: string; readonly files: readonly SharedFile[] }
}

/** How far a running job has come, since its start. */
export interface JobProgress {
  bytesRead: number
  bytesWritten: number
  entriesRead: number
}

export type OnProgress = (progress: JobProgress) => void

export interface JobRunner {
  /**
   * Runs a job and gives its result. High before middle before low; in each, first come, first served. Rejects with what the
   * job threw (a `VarveError` keeps its code and details), or `ABORTED` when its thread died or `close` came.
   */
  run<Result>(job: Job, priority: JobPriority, onProgress?: OnProgress): Promise<Result>
  /** Jobs will come soon, so many at once: who has threads may start them. */
  expect?(count: number): void
  /** From now on so many jobs may run at once: who has threads may have more or fewer of them. */
  resize?(workers: number): void
  /** Rejects what has not started, waits for what has, and ends the threads. */
  close(): Promise<void>
}

export interface Runtime {
  readonly fs: FileSystem
  readonly clock: Clock
  readonly jobs: JobRunner
  randomBytes(length: number): Uint8Array
  /** Calls back once, after `milliseconds`. A pending timer keeps the process alive only if that is asked for. */
  setTimer(milliseconds: number, callback: () => void, keepAlive?: boolean): Timer
  /** Settles in the next turn of the event loop, after the input and output that is ready now. */
  nextTurn(): Promise<void>
}

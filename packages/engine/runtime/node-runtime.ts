/** The world as Node.js has it. */
import { randomBytes } from 'node:crypto'
import { MemoryFileSystem, NodeFileSystem } from '../fs/index.ts'
import { MemoryRunner } from './memory-runner.ts'
import type { Clock, Runtime, Timer } from './runtime.ts'
import { WorkerPool } from './worker-pool.ts'

export interface NodeRuntimeOptions {
  /** The most threads for background work. */
  workers: number
}

/** As many threads as the options of a database ask for. */
export function workerCount(options: { maxBackgroundJobs: number; maxSubcompactions: number }): number {
  return options.maxBackgroundJobs + options.maxSubcompactions - 1
}

const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

export function nodeRuntime({ workers }: NodeRuntimeOptions): Runtime {
  return {
    fs: new NodeFileSystem(),
    clock: nodeClock,
    jobs: new WorkerPool(workers),
    randomBytes: length => new Uint8Array(randomBytes(length)),
    setTimer,
    nextTurn: () => new Promise(resolve => setImmediate(resolve)),
  }
}

/** The same with files in memory, that nobody else sees and that go with the database. */
export function memoryRuntime({ workers }: NodeRuntimeOptions): Runtime {
  const fs = new MemoryFileSystem()
  return { ...nodeRuntime({ workers }), fs, jobs: new MemoryRunner(new WorkerPool(workers), fs) }
}

function setTimer(milliseconds: number, callback: () => void, keepAlive = false): Timer {
  const timeout = setTimeout(callback, milliseconds)
  if (!keepAlive) timeout.unref()
  return { cancel: () => clearTimeout(timeout) }
}

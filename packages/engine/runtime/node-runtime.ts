/** The world as Node.js has it. */
import { randomBytes } from 'node:crypto'
import { NodeFileSystem } from '../fs/index.ts'
import type { Clock, Runtime, Timer } from './runtime.ts'
import { WorkerPool } from './worker-pool.ts'

export interface NodeRuntimeOptions {
  /** The most threads for background work. */
  workers: number
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

function setTimer(milliseconds: number, callback: () => void, keepAlive = false): Timer {
  const timeout = setTimeout(callback, milliseconds)
  if (!keepAlive) timeout.unref()
  return { cancel: () => clearTimeout(timeout) }
}

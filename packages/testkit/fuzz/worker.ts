/**
 * The thread in which decoders are fuzzed. Before each input it leaves a copy in shared memory, so that when one
 * never comes back, main.ts can say which.
 *
 *     shared := executions u32, target u32, length u32, input u8[]
 */
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { campaigns, type FuzzFailure } from './campaign.ts'
import { fuzzTargets } from './targets.ts'

export interface FuzzWorkerData {
  shared: SharedArrayBuffer
  seed: number
  budget: FuzzBudget
  /** Names of the targets; all when empty. */
  only: readonly string[]
}

/** Whichever is used up first. */
export interface FuzzBudget {
  seconds: number
  executions: number
}

export interface FuzzWorkerReport {
  runs: TargetRuns[]
  failures: FuzzFailure[]
}

export interface TargetRuns {
  target: string
  executions: number
  /** Milliseconds that the slowest input took. */
  slowest: number
}

export const SHARED_HEADER = 12

if (parentPort !== null) {
  const { shared, seed, budget, only } = workerData as FuzzWorkerData
  const header = new Uint32Array(shared, 0, SHARED_HEADER / 4)
  const copy = new Uint8Array(shared, SHARED_HEADER)
  const targets = fuzzTargets().filter(({ name }) => only.length === 0 || only.includes(name))
  const running = campaigns(targets, seed)
  const end = performance.now() + budget.seconds * 1000
  const isSpent = () =>
    performance.now() >= end ||
    running.reduce((sum, { executions }) => sum + executions, 0) >= budget.executions
  for (let turn = 0; !isSpent(); turn++) {
    const index = turn % running.length
    header[1] = index
    running[index].runSlice(input => {
      copy.set(input)
      header[2] = input.length
      Atomics.add(header, 0, 1)
    })
    // zlib lets go of what it had for an input that it refuses when the event loop turns, and not before.
    await setImmediate()
  }
  const report: FuzzWorkerReport = {
    runs: running.map(({ target, executions, slowest }) => ({ target: target.name, executions, slowest })),
    failures: running.flatMap(({ failures }) => failures),
  }
  parentPort.postMessage(report)
}

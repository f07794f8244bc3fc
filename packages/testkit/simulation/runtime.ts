/**
 * Worlds for a database on a simulated disk, to be given to `open` as its third argument.
 *
 *     const world = simulatedRuntime(disk, 42)
 *     const db = await open('/db', options, world)
 *     ...
 *     world.trace.hash   // the same whenever the seed and the program are
 */
import { InlineRunner, type Runtime } from 'varve/internal'
import type { SimulatedDisk } from '../disk/index.ts'
import { Random } from '../random.ts'
import { Scheduler } from './scheduler.ts'
import { SimulatedJobs } from './simulated-jobs.ts'
import { Trace } from './trace.ts'

export interface SimulatedRuntime extends Runtime {
  readonly scheduler: Scheduler
  readonly trace: Trace
  /** Nothing more goes into the trace: another runtime has the disk from now on. */
  detach(): void
  /** A virtual pause. */
  sleep(milliseconds: number): Promise<void>
}

/** What every simulation's calendar begins with. */
const START_OF_TIME = Date.UTC(2020, 0, 1)

/** Background jobs that run at once. */
const WORKERS = 2

/** Time, chance and the order of events follow from the seed. The disk is paced by this runtime from now on. */
export function simulatedRuntime(disk: SimulatedDisk, seed: number): SimulatedRuntime {
  const random = new Random(seed)
  const trace = new Trace()
  const scheduler = new Scheduler(random.fork(1), trace)
  const bytes = random.fork(2)
  const detach = disk.observe(operation => trace.operation(operation))
  disk.pace = scheduler
  return {
    fs: disk,
    clock: { now: () => START_OF_TIME + Math.floor(scheduler.now), monotonic: () => scheduler.now },
    jobs: new SimulatedJobs(disk, scheduler, WORKERS),
    randomBytes: length => bytes.bytes(length),
    setTimer: (milliseconds, callback) => ({
      cancel: scheduler.at(scheduler.now + milliseconds, 'timer', callback),
    }),
    nextTurn: () => scheduler.wait('turn'),
    detach,
    sleep: milliseconds => scheduler.sleep(milliseconds),
    scheduler,
    trace,
  }
}

/** Everything happens at once and in the order it was asked for: the fastest way to look at a disk. */
export function plainRuntime(disk: SimulatedDisk, seed: number): Runtime {
  const random = new Random(seed)
  let now = 0
  return {
    fs: disk,
    clock: { now: () => START_OF_TIME, monotonic: () => (now += 0.001) },
    jobs: new InlineRunner(disk),
    randomBytes: length => random.bytes(length),
    setTimer: (_milliseconds, callback) => {
      const handle = setImmediate(callback)
      return { cancel: () => clearImmediate(handle) }
    },
    nextTurn: () => new Promise(resolve => setImmediate(resolve)),
  }
}

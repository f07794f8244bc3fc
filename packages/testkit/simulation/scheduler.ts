/**
 * Virtual time, and what is to happen in it. Whatever waits, a file operation, a timer, a job, the next turn of the
 * event loop, is given a moment by the seed and happens in the order of these moments, one at a time: after each,
 * all promises that it settled run to their next wait. So a seed is an interleaving, and the same seed the same one.
 *
 * Time stands still while programs compute and jumps when all of them wait.
 */
import type { OperationKind, Pace } from '../disk/index.ts'
import type { Random } from '../random.ts'
import type { Trace } from './trace.ts'

interface Task {
  readonly due: number
  /** In the order of their making; breaks ties. */
  readonly id: number
  readonly what: string
  readonly run: () => void
}

/** About how many milliseconds things take. One in twenty takes up to fifty times as long. */
const latencies: Partial<Record<string, number>> = {
  sync: 2,
  syncDirectory: 2,
  read: 0.1,
  write: 0.05,
  job: 1,
}
const OTHER_LATENCY = 0.03

export class Scheduler implements Pace {
  /** Milliseconds since the start of the simulation. */
  now = 0
  private readonly random: Random
  private readonly trace: Trace
  private tasks: Task[] = []
  private taskCount = 0
  private isRunning = false

  constructor(random: Random, trace: Trace) {
    this.random = random
    this.trace = trace
  }

  turn(kind: OperationKind): Promise<void> {
    return this.wait(kind)
  }

  /** Settles after a time that the seed decides. */
  wait(what: string): Promise<void> {
    const { random } = this
    const usual = latencies[what] ?? OTHER_LATENCY
    const latency = usual * (random.next() / 0x1_0000_0000) * (random.chance(0.05) ? 50 : 1)
    return new Promise(resolve => {
      this.at(this.now + latency, what, resolve)
    })
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      this.at(this.now + milliseconds, 'sleep', resolve)
    })
  }

  /** Returns how to call it off. */
  at(due: number, what: string, run: () => void): () => void {
    const task = { due, id: ++this.taskCount, what, run }
    this.tasks.push(task)
    if (!this.isRunning) {
      this.isRunning = true
      setImmediate(this.step)
    }
    return () => {
      this.tasks = this.tasks.filter(other => other !== task)
    }
  }

  private readonly step = (): void => {
    const task = this.takeNext()
    if (task === undefined) {
      this.isRunning = false
      return
    }
    // The promises that this settles run before the next turn of the real event loop.
    setImmediate(this.step)
    this.now = Math.max(this.now, task.due)
    this.trace.event(task.what, this.now)
    task.run()
  }

  private takeNext(): Task | undefined {
    const { tasks } = this
    if (tasks.length === 0) return undefined
    let next = 0
    for (let i = 1; i < tasks.length; i++) {
      const { due, id } = tasks[i]
      if (due < tasks[next].due || (due === tasks[next].due && id < tasks[next].id)) next = i
    }
    const [task] = tasks.splice(next, 1)
    return task
  }
}

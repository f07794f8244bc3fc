/**
 * The writes to the views of a database, one round after another. A round takes all that have come while the one before
 * was written, so many writers share one reading of old rows and one batch, as they share one log record below.
 *
 * One queue for all views, not a lock for each key: a batch over several views needs no order of locks, the check of a
 * unique index and what it allows cannot come apart, and a build or the drop of an index is one more turn.
 */
import type { Database, WriteOptions } from '../index.ts'
import { type Member, Round, type RowWrite } from './round.ts'

/** Rows are decoded on the main thread: so many take about a millisecond. */
const ROUND_WRITES_MAX = 256

/** So many taken ones are kept before those behind them are moved. */
const RELEASE_MIN = 1024

interface WaitingMember extends Member {
  readonly options: WriteOptions | undefined
}

interface Task {
  readonly run: () => Promise<void>
}

export class WriteQueue {
  readonly database: Database
  private waiting: (WaitingMember | Task)[] = []
  /** The first that has not been taken. */
  private head = 0
  private readonly round: Round
  private isRunning = false
  private idle: PromiseWithResolvers<void> | undefined

  constructor(database: Database) {
    this.database = database
    this.round = new Round(database.hashSeed)
  }

  /** Nothing waits and nothing is under way: who writes past the queue now overtakes nobody. */
  get isIdle(): boolean {
    return !this.isRunning
  }

  /** Settles when the writes have been made, or rejects when none of them was. */
  join(writes: readonly RowWrite[], options: WriteOptions | undefined): Promise<void> {
    return new Promise((resolve, reject) => this.add({ writes, options, resolve, reject }))
  }

  /** Runs `task` behind the writes made so far, while no other is under way. */
  runAlone<Result>(task: () => Promise<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.add({ run: () => task().then(resolve, reject) })
    return promise
  }

  /** Waits until all that was asked for so far has ended. */
  async drain(): Promise<void> {
    while (this.isRunning) {
      this.idle ??= Promise.withResolvers()
      await this.idle.promise
    }
  }

  private add(item: WaitingMember | Task): void {
    this.waiting.push(item)
    if (this.isRunning) return
    this.isRunning = true
    queueMicrotask(this.runAll)
  }

  private readonly runAll = async (): Promise<void> => {
    while (this.head < this.waiting.length) {
      const next = this.waiting[this.head]
      if ('run' in next) {
        this.head++
        this.release()
        await next.run()
      } else {
        const members = this.takeMembers(next)
        const sync = members.some(({ options }) => options?.sync === true)
        await this.round.run(members, sync ? { ...next.options, sync } : next.options)
      }
    }
    this.isRunning = false
    this.idle?.resolve()
    this.idle = undefined
  }

  /** The next that may share a batch: the log is left out for all of it or for none. */
  private takeMembers(first: WaitingMember): WaitingMember[] {
    const members: WaitingMember[] = []
    const disableWAL = first.options?.disableWAL === true
    for (let writes = 0; this.head < this.waiting.length; this.head++) {
      const next = this.waiting[this.head]
      if ('run' in next || (next.options?.disableWAL === true) !== disableWAL) break
      writes += next.writes.length
      if (members.length > 0 && writes > ROUND_WRITES_MAX) break
      members.push(next)
    }
    this.release()
    return members
  }

  /**
   * Lets go of what has been taken. Mostly that is all that waits: then a new array takes its place, for one that lives long
   * would hold its writes, though they are done, until the collector comes to old objects.
   */
  private release(): void {
    if (this.head < this.waiting.length && this.head < RELEASE_MIN) return
    this.waiting = this.waiting.slice(this.head)
    this.head = 0
  }
}

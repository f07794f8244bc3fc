/**
 * Decides what runs behind the writes: a flush wherever a sealed memtable waits, compactions wherever a family's
 * style asks for them, as many at once as `maxBackgroundJobs` allows. `schedule` is called after every change that
 * may have made work; nothing here polls, and only tables that expire are waited for by a timer.
 *
 * Flushes come first: a compaction never takes the last thread, because a flush that waits stops the writes.
 *
 * RocksDB: db/db_impl/db_impl_compaction_flush.cc, MaybeScheduleFlushOrCompaction
 */
import { isVarveError, VarveError } from '@varve/format/errors'
import type { Compaction, CompactionResult } from '../compaction/index.ts'
import type { Engine } from './engine.ts'
import { ExpiryTimer } from './expiry-timer.ts'
import type { Family } from './family.ts'
import { flushSealed } from './flush.ts'
import { type CompactRun, runCompaction } from './run-compaction.ts'

export class Background {
  /** Tells running compactions to stop. Shared with their threads. */
  readonly cancel: Int32Array = new Int32Array(new SharedArrayBuffer(4))
  runningFlushes = 0
  runningCompactions = 0
  private readonly running = new Set<Promise<unknown>>()
  /** Recovery flushes by itself; until it is done nothing else may. */
  hasBegun = false
  /** Set once every write has been committed at closing: until then, flushes make room for them. */
  private isStopped = false
  private isExpecting = false
  /** How often automatic compactions of a family, or of the whole engine, have been told to wait. */
  private readonly pauses = new Map<Family | Engine, number>()
  private wholePauses = 0
  private continued: PromiseWithResolvers<void> | undefined

  private ended: PromiseWithResolvers<void> | undefined
  private readonly engine: Engine
  private readonly expiry: ExpiryTimer

  constructor(engine: Engine) {
    this.engine = engine
    this.expiry = new ExpiryTimer(engine)
  }

  /** Lets work start: recovery is done. */
  begin(): void {
    this.hasBegun = true
    this.schedule()
  }

  /** Starts what can be started. */
  schedule(): void {
    if (!this.mayStart()) return
    for (const family of this.engine.families.values())
      this.startFlush(family, family.options.minWriteBufferNumberToMerge)
    this.compactWhatIsDue()
    this.expiry.arm()
  }

  /** Has the threads started in time for the first flush, so that it need not wait for one. */
  noteWritten({ memtable, options }: Family): void {
    if (this.isExpecting || memtable.memoryUsage < options.writeBufferSize / 2) return
    this.isExpecting = true
    this.engine.runtime.jobs.expect?.(this.engine.options.db.maxSubcompactions)
  }

  /** Runs a compaction that has been picked. A move or a drop gives nothing. */
  async compact(
    family: Family,
    compaction: Compaction,
    run: CompactRun = {},
  ): Promise<CompactionResult | undefined> {
    this.runningCompactions++
    return this.track(runCompaction(this.engine, family, compaction, run), () => this.runningCompactions--)
  }

  /** Starts a flush of whatever the family has sealed, unless one is running. */
  flushNow(family: Family): void {
    if (this.mayStart()) this.startFlush(family, 1)
  }

  /** Closing waits for it. Its failure is its caller's. */
  during(job: Promise<void>): Promise<void> {
    return this.track(job)
  }

  /** Runs something else that a reader or writer need not wait for. Its failure stops writing. */
  start(job: Promise<void>): void {
    void this.run(this.track(job))
  }

  /** No automatic compaction of the family, absent: of any, starts until the returned function is called. */
  pauseCompactions(family: Family | Engine = this.engine): () => void {
    this.pauses.set(family, (this.pauses.get(family) ?? 0) + 1)
    return () => {
      const left = (this.pauses.get(family) ?? 0) - 1
      if (left > 0) this.pauses.set(family, left)
      else this.pauses.delete(family)
      this.schedule()
    }
  }

  /** Nothing starts, flushes neither, until `continue` has been called as often. Settles when nothing runs. */
  async pause(): Promise<void> {
    this.wholePauses++
    this.engine.sharedBuffers?.manager.noteChange()
    this.continued ??= Promise.withResolvers<void>()
    await this.idle()
  }

  continue(): void {
    if (this.wholePauses === 0) throw new VarveError('INVALID_ARGUMENT', 'background work is not paused')
    this.wholePauses--
    if (this.wholePauses === 0) this.endPause()
  }

  /** Waits while work is paused. */
  async untilContinued(): Promise<void> {
    while (this.continued !== undefined) await this.continued.promise
  }

  /** Writers that wait for a flush must not keep the database from being closed. */
  noteClosing(): void {
    this.wholePauses = 0
    this.endPause()
  }

  /** True while `pause` holds everything back. */
  get isPaused(): boolean {
    return this.wholePauses > 0
  }

  /** Waits until something that runs now has ended, well or not. Fails when nothing will run any more. */
  async nextEnd(): Promise<void> {
    if (this.isStopped && this.running.size === 0) this.engine.refuseUnlessOpen()
    this.ended ??= Promise.withResolvers<void>()
    await this.ended.promise
  }

  /** Waits until nothing runs. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running)
  }

  /** Asks compactions to stop, and waits for them and for flushes. */
  async stop(): Promise<void> {
    this.isStopped = true
    this.expiry.stop()
    Atomics.store(this.cancel, 0, 1)
    this.engine.manual.stopAll(
      new VarveError('ABORTED', 'the compaction was stopped: the database is closing'),
    )
    await this.idle()
    this.wakeWaiting()
  }

  private mayStart(): boolean {
    if (!this.hasBegun || this.isStopped || this.isPaused) return false
    return this.engine.backgroundError === undefined && !this.engine.isReadOnly
  }

  private startFlush(family: Family, fewest: number): void {
    if (family.flushing > 0 || family.sealed.length < fewest) return
    this.runningFlushes++
    void this.run(this.track(flushSealed(this.engine, family), () => this.runningFlushes--))
  }

  /** One compaction of each family in turn, the one nearest to a stop of writes first, while there is a thread. */
  private compactWhatIsDue(): void {
    if (this.pauses.has(this.engine)) return
    const most = Math.max(1, this.engine.options.db.maxBackgroundJobs - 1)
    const hasThread = (): boolean => this.runningCompactions < most
    let due = [...this.engine.families.values()].sort((a, b) => b.urgency - a.urgency)
    while (due.length > 0 && hasThread()) due = due.filter(family => hasThread() && this.compactNext(family))
  }

  /** Starts the family's next compaction; false when there is none to start. */
  private compactNext(family: Family): boolean {
    if (!family.compactsItself || this.pauses.has(family)) return false
    const compaction = family.picker.pick()
    if (compaction === undefined) return false
    void this.run(this.compact(family, compaction))
    return true
  }

  private endPause(): void {
    this.continued?.resolve()
    this.continued = undefined
    this.schedule()
    this.engine.sharedBuffers?.manager.noteChange()
  }

  /** Turns the failure of a job into the state of the database, and looks for more work afterwards. */
  private async run(job: Promise<unknown>): Promise<void> {
    try {
      await job
    } catch (error) {
      if (!this.isOurStop(error)) this.engine.failed(error)
    }
    this.schedule()
  }

  private isOurStop(error: unknown): boolean {
    return isVarveError(error, 'ABORTED') && this.engine.state !== 'open'
  }

  /** `onEnd` is called before those who wait for an end look again. */
  private async track<Result>(job: Promise<Result>, onEnd?: () => void): Promise<Result> {
    this.running.add(job)
    try {
      return await job
    } finally {
      this.running.delete(job)
      onEnd?.()
      this.wakeWaiting()
    }
  }

  private wakeWaiting(): void {
    this.ended?.resolve()
    this.ended = undefined
  }
}

/**
 * Decides what runs behind the writes: a flush wherever a sealed memtable waits, compactions wherever a family's
 * style asks for them, as many at once as `maxBackgroundJobs` allows. `schedule` is called after every change that
 * may have made work; nothing here polls, and only tables that expire are waited for by a timer.
 *
 * Flushes come first: a compaction never takes the last thread, because a flush that waits stops the writes.
 *
 * RocksDB: db/db_impl/db_impl_compaction_flush.cc, MaybeScheduleFlushOrCompaction
 */
import { isVarveError } from '@varve/format/errors'
import type { Compaction } from '../compaction/compaction.ts'
import type { OnProgress } from '../runtime/index.ts'
import { runCompaction } from './compact.ts'
import type { Engine } from './engine.ts'
import { ExpiryTimer } from './expiry-timer.ts'
import type { Family } from './family.ts'
import { flushSealed } from './flush.ts'

export class Background {
  /** Tells running compactions to stop. Shared with their threads. */
  readonly cancel: Int32Array = new Int32Array(new SharedArrayBuffer(4))
  runningFlushes = 0
  runningCompactions = 0
  private readonly running = new Set<Promise<void>>()
  /** Recovery flushes by itself; until it is done nothing else may. */
  private isBegun = false
  /** Set once every write has been committed at closing: until then, flushes make room for them. */
  private isStopped = false
  private isExpecting = false
  /** Automatic compactions wait while this is above zero. */
  private pauses = 0

  private ended: PromiseWithResolvers<void> | undefined
  private readonly engine: Engine
  private readonly expiry: ExpiryTimer

  constructor(engine: Engine) {
    this.engine = engine
    this.expiry = new ExpiryTimer(engine)
  }

  /** Lets work start: recovery is done. */
  begin(): void {
    this.isBegun = true
    this.schedule()
  }

  /** Starts what can be started. */
  schedule(): void {
    if (!this.mayStart()) return
    for (const family of this.engine.families.values())
      this.startFlush(family, family.options.minWriteBufferNumberToMerge)
    for (const family of this.engine.families.values()) this.maybeCompact(family)
    this.expiry.arm()
  }

  /** Has the threads started in time for the first flush, so that it need not wait for one. */
  noteWritten({ memtable, options }: Family): void {
    if (this.isExpecting || memtable.memoryUsage < options.writeBufferSize / 2) return
    this.isExpecting = true
    this.engine.runtime.jobs.expect?.(this.engine.options.db.maxSubcompactions)
  }

  /** Runs a compaction that has been picked. */
  async compact(family: Family, compaction: Compaction, onProgress?: OnProgress): Promise<void> {
    this.runningCompactions++
    try {
      await this.track(runCompaction(this.engine, family, compaction, onProgress))
    } finally {
      this.runningCompactions--
    }
  }

  /** Starts a flush of whatever the family has sealed, unless one is running. */
  flushNow(family: Family): void {
    if (this.mayStart()) this.startFlush(family, 1)
  }

  /** Runs something else that a reader or writer need not wait for. Its failure stops writing. */
  start(job: Promise<void>): void {
    void this.run(this.track(job))
  }

  /** No automatic compaction starts until the returned function is called. */
  pauseCompactions(): () => void {
    this.pauses++
    return () => {
      this.pauses--
      this.schedule()
    }
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
    await this.idle()
    this.wakeWaiting()
  }

  private mayStart(): boolean {
    return (
      this.isBegun && !this.isStopped && this.engine.backgroundError === undefined && !this.engine.isReadOnly
    )
  }

  private startFlush(family: Family, fewest: number): void {
    if (family.flushing > 0 || family.sealed.length < fewest) return
    this.runningFlushes++
    const flush = flushSealed(this.engine, family).finally(() => this.runningFlushes--)
    this.start(flush)
  }

  private maybeCompact(family: Family): void {
    if (this.pauses > 0 || family.options.disableAutoCompactions) return
    const most = Math.max(1, this.engine.options.db.maxBackgroundJobs - 1)
    while (this.runningCompactions < most) {
      const compaction = family.picker.pick()
      if (compaction === undefined) return
      void this.run(this.compact(family, compaction))
    }
  }

  /** Turns the failure of a job into the state of the database, and looks for more work afterwards. */
  private async run(job: Promise<void>): Promise<void> {
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

  private async track(job: Promise<void>): Promise<void> {
    this.running.add(job)
    try {
      await job
    } finally {
      this.running.delete(job)
      this.wakeWaiting()
    }
  }

  private wakeWaiting(): void {
    this.ended?.resolve()
    this.ended = undefined
  }
}

/**
 * A database as the user of a write-buffer manager: which of its memtables are to be flushed for the sake of all, and how
 * its writes wait for memory.
 *
 * RocksDB: db/db_impl/db_impl_write.cc, HandleWriteBufferManagerFlush and WriteBufferManagerStallWrites
 */
import { VarveError } from '@varve/format/errors'
import type { BufferUser, WriteBufferManager } from '../memtable/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { sealMemtables } from './make-room.ts'

export class SharedBuffers implements BufferUser {
  readonly manager: WriteBufferManager
  private readonly engine: Engine
  /** To be sealed by the next commit, or apart from it. */
  private readonly wanted = new Set<Family>()
  private isAsked = false
  private waiting: PromiseWithResolvers<void> | undefined

  constructor(engine: Engine, manager: WriteBufferManager) {
    this.engine = engine
    this.manager = manager
    manager.add(this)
  }

  get path(): string {
    return this.engine.path
  }

  get buffers(): Iterable<Family> {
    return this.engine.families.values()
  }

  get stuck(): string | undefined {
    const { backgroundError, background, isReadOnly, state } = this.engine
    if (isReadOnly) return 'it is read-only'
    if (!background.hasBegun) return 'it is being opened'
    if (state !== 'open') return 'it is being closed'
    if (backgroundError !== undefined) return `it stopped writing: ${backgroundError.message}`
    return background.isPaused ? 'its background work is paused' : undefined
  }

  /** Whether a commit must do something about memory first. */
  get isOver(): boolean {
    this.manager.reserve()
    return this.wanted.size > 0 || this.manager.shouldFlush || this.manager.shouldStall
  }

  flush(family: Family): boolean {
    if (this.wanted.has(family)) return false
    this.wanted.add(family)
    // Who waits for memory in the middle of a commit seals what is wanted by itself.
    if (this.waiting !== undefined) this.noteChange()
    else if (!this.isAsked) void this.sealApart()
    return true
  }

  flushSealed(): void {
    for (const family of this.engine.families.values())
      if (family.sealed.length > 0) this.engine.background.flushNow(family)
  }

  noteChange(): void {
    this.waiting?.resolve()
    this.waiting = undefined
  }

  /** What is wanted of this database. Nothing is after it. */
  takeWanted(): Family[] {
    const wanted = [...this.wanted]
    this.wanted.clear()
    return wanted
  }

  /** Waits, in a commit, until there is memory. Fails with `STALLED` when the deadline passes first. */
  async untilRoom(started: number): Promise<void> {
    const { engine, manager } = this
    while (manager.shouldStall && engine.state === 'open') {
      engine.refuseUnlessWritable()
      const change = this.nextChange()
      manager.flushOldest()
      await sealMemtables(engine, this.takeWanted())
      if (!manager.shouldStall) return
      await this.unlessLate(change, started)
    }
  }

  close(): void {
    this.manager.remove(this)
    this.noteChange()
  }

  private nextChange(): Promise<void> {
    this.waiting ??= Promise.withResolvers<void>()
    return this.waiting.promise
  }

  private async unlessLate(change: Promise<void>, started: number): Promise<void> {
    const { clock, setTimer } = this.engine.runtime
    const deadline = this.engine.options.db.writeStallTimeoutMs
    if (deadline === 0) return change
    const left = deadline - (clock.monotonic() - started)
    if (left <= 0) {
      const reason = this.manager.describe()
      throw new VarveError('STALLED', `the write waited ${deadline} ms and gave up: ${reason}`, { reason })
    }
    const timer = setTimer(left, () => this.noteChange(), true)
    await change
    timer.cancel()
  }

  /** As a task of its own, beside no commit. */
  private async sealApart(): Promise<void> {
    this.isAsked = true
    try {
      await this.engine.commits.runAlone(() => sealMemtables(this.engine, this.takeWanted()))
    } catch (error) {
      this.engine.failed(error)
    } finally {
      this.isAsked = false
    }
  }
}

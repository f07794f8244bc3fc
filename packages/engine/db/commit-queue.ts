/**
 * The groups of a database: the one being filled, those waiting, and the loop that commits them one after
 * another. What a commit does is told in write-path.ts.
 *
 * RocksDB: db/write_thread.cc
 */
import { BatchEncoder } from '@varve/format/batch'
import type { WriteOptions } from '../options/index.ts'
import type { Engine } from './engine.ts'
import { WriteGroup } from './write-group.ts'
import { commit } from './write-path.ts'

/** Encoders that have grown beyond this are let go instead of being reused. */
const KEEP_ENCODER_MAX = 4 * 1024 * 1024

/** How long commits may follow each other before the event loop gets its turn. */
const TURN_MILLISECONDS = 4

/** Something that must not run beside a commit, such as sealing a memtable. */
interface Task {
  run: () => Promise<void>
  resolve: () => void
  reject: (error: unknown) => void
}

export class CommitQueue {
  private readonly engine: Engine
  private readonly encoders: BatchEncoder[] = []
  private filling: WriteGroup | undefined
  private readonly waiting: (WriteGroup | Task)[] = []
  private isCommitting = false
  private turnStarted = 0
  private idle: PromiseWithResolvers<void> | undefined

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** The group that a write of about `bytes` belongs to. */
  join(options: WriteOptions | undefined, bytes: number): WriteGroup {
    this.engine.refuseUnlessOpen()
    this.engine.refuseUnlessWritable()
    const disableWAL = options?.disableWAL === true
    let group = this.filling
    if (group === undefined || group.disableWAL !== disableWAL || this.isOverfull(group, bytes)) {
      group = this.startGroup(disableWAL)
    }
    if (options?.sync === true) group.sync = true
    group.members++
    return group
  }

  /** Runs `task` after the writes made so far, when no commit is under way. */
  runAlone(task: () => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.sealFilling()
    this.waiting.push({ run: task, resolve, reject })
    this.start()
    return promise
  }

  /** Waits until every write made so far has been committed or has failed. */
  async drain(): Promise<void> {
    while (this.isCommitting) {
      this.idle ??= Promise.withResolvers<void>()
      await this.idle.promise
    }
  }

  private isOverfull(group: WriteGroup, bytes: number): boolean {
    return group.members > 0 && group.byteLength + bytes > this.engine.options.db.maxWriteBatchGroupSizeBytes
  }

  private startGroup(disableWAL: boolean): WriteGroup {
    this.sealFilling()
    this.filling = new WriteGroup(this.encoders.pop() ?? new BatchEncoder(), disableWAL)
    this.start()
    return this.filling
  }

  /** The group takes no more writes. */
  private sealFilling(): void {
    if (this.filling !== undefined) this.waiting.push(this.filling)
    this.filling = undefined
  }

  private start(): void {
    if (this.isCommitting) return
    this.isCommitting = true
    queueMicrotask(this.commitAll)
  }

  private readonly commitAll = async (): Promise<void> => {
    for (let next = this.take(); next !== undefined; next = this.take()) {
      try {
        const pending = next instanceof WriteGroup ? this.commitGroup(next) : next.run()
        if (pending !== undefined) await pending
        next.resolve()
      } catch (error) {
        next.reject(error)
      }
      if (next instanceof WriteGroup) this.recycle(next.encoder)
    }
    this.isCommitting = false
    this.idle?.resolve()
    this.idle = undefined
  }

  private take(): WriteGroup | Task | undefined {
    if (this.waiting.length > 0) return this.waiting.shift()
    const group = this.filling
    this.filling = undefined
    return group
  }

  private commitGroup(group: WriteGroup): Promise<void> | undefined {
    return this.isTurnOver() ? this.commitInNextTurn(group) : commit(this.engine, group)
  }

  /** Promises settle before the event loop turns: without this, a loop of awaited puts would starve everything else. */
  private isTurnOver(): boolean {
    return this.engine.runtime.clock.monotonic() - this.turnStarted > TURN_MILLISECONDS
  }

  private async commitInNextTurn(group: WriteGroup): Promise<void> {
    await this.engine.runtime.nextTurn()
    this.turnStarted = this.engine.runtime.clock.monotonic()
    const pending = commit(this.engine, group)
    if (pending !== undefined) await pending
  }

  private recycle(encoder: BatchEncoder): void {
    if (encoder.writer.bytes.length > KEEP_ENCODER_MAX) return
    encoder.clear()
    this.encoders.push(encoder)
  }
}

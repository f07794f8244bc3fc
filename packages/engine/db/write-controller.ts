/**
 * Holds writes back when flushes or compactions do not keep up, says why, and lets them go on. Two strengths:
 * `slowed`, where writes pass at `delayedWriteRate`, and `stopped`, where they wait for the next change.
 *
 * RocksDB: db/write_controller.h; db/column_family.cc, GetWriteStallConditionAndCause
 */
import { VarveError } from '@varve/format/errors'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'

export interface Stall {
  state: 'slowed' | 'stopped'
  family: Family
  reason: string
}

/** Sleeps shorter than this are saved up. */
const SHORTEST_SLEEP_MILLISECONDS = 1

/** The longest single sleep of a slowed write: conditions change meanwhile. */
const LONGEST_SLEEP_MILLISECONDS = 100

export class WriteController {
  private readonly engine: Engine
  private stall: Stall | undefined
  /** While a write waits for memory that other databases share. */
  private memoryStall: Stall | undefined
  private owedMilliseconds = 0
  private changed: PromiseWithResolvers<void> | undefined

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** True while writes are slowed or stopped. */
  get isHolding(): boolean {
    return this.stall !== undefined || this.engine.sharedBuffers?.manager.shouldStall === true
  }

  /** The present condition, if writes are held back. */
  get current(): Stall | undefined {
    return this.stall ?? this.memoryStall
  }

  /** Looks at all column families again. Called whenever a memtable is sealed or a version installed. */
  update(): void {
    const before = this.stall
    this.stall = worstOf([...this.engine.families.values()].map(family => this.conditionOf(family)))
    if (before?.state !== this.stall?.state || before?.family !== this.stall?.family) this.announce(before)
    this.wake()
    this.engine.sharedBuffers?.manager.noteChange()
  }

  /** Lets waiting writes look again: the condition, the error state or the end of the database has changed. */
  wake(): void {
    this.changed?.resolve()
    this.changed = undefined
  }

  /** Waits as long as the present condition asks of a write of `bytes`. */
  async admit(bytes: number): Promise<void> {
    const { clock } = this.engine.runtime
    const started = clock.monotonic()
    while (this.stall?.state === 'stopped') {
      this.engine.refuseUnlessWritable()
      await this.nextChange(started)
    }
    await this.untilMemory(started)
    if (this.stall?.state === 'slowed') await this.payFor(bytes)
    else this.owedMilliseconds = 0
    const waited = clock.monotonic() - started
    if (waited > 0) {
      this.engine.statistics.stalls++
      this.engine.statistics.stallMicros += Math.round(waited * 1000)
    }
  }

  private async untilMemory(started: number): Promise<void> {
    const { sharedBuffers, events, families } = this.engine
    if (sharedBuffers?.manager.shouldStall !== true) return
    const reason = sharedBuffers.manager.describe()
    const family = [...families.values()].sort((a, b) => b.memoryUsage - a.memoryUsage)[0]
    const event = { columnFamily: family.name, reason }
    this.memoryStall = { state: 'stopped', family, reason }
    events.emit('stall', { state: 'stopped', previous: this.stall?.state ?? 'ended', ...event })
    try {
      await sharedBuffers.untilRoom(started)
    } finally {
      this.memoryStall = undefined
      events.emit('stall', { state: this.stall?.state ?? 'ended', previous: 'stopped', ...event })
    }
  }

  private async payFor(bytes: number): Promise<void> {
    this.owedMilliseconds += (bytes / this.engine.options.db.delayedWriteRate) * 1000
    if (this.owedMilliseconds < SHORTEST_SLEEP_MILLISECONDS) return
    const sleep = Math.min(this.owedMilliseconds, LONGEST_SLEEP_MILLISECONDS)
    this.owedMilliseconds -= sleep
    await this.engine.sleep(sleep)
  }

  /** Waits for `wake`, or fails with `STALLED` when the deadline passes first. */
  private async nextChange(started: number): Promise<void> {
    this.changed ??= Promise.withResolvers<void>()
    const deadline = this.engine.options.db.writeStallTimeoutMs
    if (deadline === 0) return this.changed.promise
    const { clock } = this.engine.runtime
    const left = deadline - (clock.monotonic() - started)
    if (left <= 0) throw this.stalled(deadline)
    const timer = this.engine.runtime.setTimer(left, () => this.wake(), true)
    await this.changed.promise
    timer.cancel()
  }

  private stalled(deadline: number): VarveError {
    const reason = this.stall?.reason ?? 'writes were stopped'
    return new VarveError('STALLED', `the write waited ${deadline} ms and gave up: ${reason}`, { reason })
  }

  private announce(before: Stall | undefined): void {
    const stall = this.stall ?? before
    if (stall === undefined) return
    this.engine.events.emit('stall', {
      state: this.stall?.state ?? 'ended',
      previous: before?.state ?? 'ended',
      columnFamily: stall.family.name,
      reason: stall.reason,
    })
  }

  private conditionOf(family: Family): Stall | undefined {
    const { options, sealed } = family
    const runs = family.picker.runCount
    const held =
      options.compactionStyle === 'universal'
        ? `${family.name} has ${runs} sorted runs`
        : `level 0 of ${family.name} has ${runs} files`
    const say = (state: Stall['state'], reason: string): Stall => ({ state, family, reason })
    if (sealed.length >= options.maxWriteBufferNumber) {
      const paused = this.engine.background.isPaused ? ', while background work is paused' : ''
      return say(
        'stopped',
        `${sealed.length} memtables of ${family.name} wait to be flushed (maxWriteBufferNumber)${paused}`,
      )
    }
    if (!family.compactsItself) return undefined
    if (runs >= options.level0StopWritesTrigger) return say('stopped', `${held} (level0StopWritesTrigger)`)
    const pending = family.picker.pendingBytes()
    const { softPendingCompactionBytesLimit: soft, hardPendingCompactionBytesLimit: hard } = options
    if (hard > 0 && pending >= hard) {
      return say(
        'stopped',
        `${pending} bytes of ${family.name} wait for compaction (hardPendingCompactionBytesLimit)`,
      )
    }
    if (runs >= options.level0SlowdownWritesTrigger)
      return say('slowed', `${held} (level0SlowdownWritesTrigger)`)
    if (soft > 0 && pending >= soft) {
      return say(
        'slowed',
        `${pending} bytes of ${family.name} wait for compaction (softPendingCompactionBytesLimit)`,
      )
    }
    return undefined
  }
}

function worstOf(stalls: (Stall | undefined)[]): Stall | undefined {
  return stalls.find(stall => stall?.state === 'stopped') ?? stalls.find(stall => stall !== undefined)
}

/** Puts and gets of random keys at a fixed rate, each timed from the moment it was due. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { Database } from 'varve'
import { KeyRing } from '../data/keys.ts'
import { Random } from '../data/random.ts'
import { ValuePool } from '../data/values.ts'
import { sink } from '../systems/store.ts'
import { nanoseconds } from './figures.ts'
import { LoopProbe } from './loop-probe.ts'
import { playUntil } from './metronome.ts'
import { Schedule } from './schedule.ts'

/** Until the metronome's process has started. */
const LEAD_MS = 500

export class PacedLoad {
  readonly putTimes: RecordableHistogram = createHistogram()
  readonly getTimes: RecordableHistogram = createHistogram()
  readonly probe: LoopProbe
  readonly schedule: Schedule
  /** The time in which a compaction was running, and all. */
  compactingMs = 0
  totalMs = 0
  private readonly db: Database
  private readonly keyCount: number
  private readonly keys = new KeyRing()
  private readonly values: ValuePool
  private readonly random: Random
  private unanswered = 0
  private beatAt = 0
  private failure: unknown = undefined

  /** To be run at once: the schedule begins soon. */
  constructor(db: Database, keyCount: number, seed: number, ratePerSecond: number, seconds: number) {
    this.db = db
    this.keyCount = keyCount
    this.values = new ValuePool(seed)
    this.random = new Random(seed)
    const startsAt = performance.now() + LEAD_MS
    this.schedule = new Schedule(startsAt, ratePerSecond, seconds)
    this.probe = new LoopProbe(startsAt)
  }

  /** Ends when the last operation is answered. */
  async run(): Promise<void> {
    this.beatAt = performance.now()
    await playUntil(() => this.beat())
  }

  /** Issues what is due; true when all is done. */
  private beat(): boolean {
    if (this.failure !== undefined) throw this.failure
    const now = performance.now()
    this.probe.heard(now)
    if (this.db.property('rocksdb.num-running-compactions') !== '0') this.compactingMs += now - this.beatAt
    this.totalMs += now - this.beatAt
    this.beatAt = now
    while (this.schedule.isDue(now)) this.issue()
    return this.schedule.isOver && this.unanswered === 0
  }

  private issue(): void {
    const { schedule } = this
    const { dueAt } = schedule
    const isPut = schedule.index++ % 2 === 0
    // Not from the ring as it is: a late answer may come when the ring has gone round.
    const key = Buffer.from(this.keys.key(this.random.below(this.keyCount)))
    this.unanswered++
    const operation = isPut ? this.db.put(key, this.values.next()) : this.db.get(key).then(countBytes)
    const times = isPut ? this.putTimes : this.getTimes
    operation.then(
      () => {
        times.record(nanoseconds(performance.now() - dueAt))
        this.unanswered--
      },
      error => {
        this.failure ??= error
        this.unanswered--
      },
    )
  }
}

function countBytes(value: Uint8Array | undefined): void {
  if (value !== undefined) sink.bytes += value.length
}

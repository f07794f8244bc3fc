/**
 * Looks for work again when the passing of time alone may have made some: tables older than `ttl`. One timer, for
 * the table that is next; none in a database without a ttl.
 *
 * RocksDB: db/db_impl/db_impl.cc, DBImpl::TriggerPeriodicCompaction
 */
import type { Timer } from '../runtime/index.ts'
import type { Engine } from './engine.ts'

/** The clock that tables are dated by may jump, so a timer never waits for longer. */
const LONGEST_WAIT_MILLISECONDS = 60 * 60 * 1000

export class ExpiryTimer {
  private readonly engine: Engine
  private timer: Timer | undefined
  /** Unix seconds. */
  private due: number | undefined

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Waits for the next table to expire, whichever that is by now. */
  arm(): void {
    const due = this.nextDue()
    if (due === this.due) return
    this.stop()
    if (due === undefined) return
    this.due = due
    const wait = due * 1000 - this.engine.runtime.clock.now()
    this.timer = this.engine.runtime.setTimer(Math.min(wait, LONGEST_WAIT_MILLISECONDS), () => {
      this.due = undefined
      this.engine.background.schedule()
    })
  }

  stop(): void {
    this.timer?.cancel()
    this.due = undefined
  }

  private nextDue(): number | undefined {
    let next: number | undefined
    for (const { compactsItself, picker } of this.engine.families.values()) {
      const due = compactsItself ? picker.nextDue() : undefined
      if (due !== undefined && (next === undefined || due < next)) next = due
    }
    return next
  }
}

/**
 * What bounds the bytes per second that flushes and compactions write, or read: one object, given to as many databases
 * as are to share the rate. Jobs take their bytes where they run (limited-file-system.ts).
 *
 * RocksDB: include/rocksdb/rate_limiter.h, NewGenericRateLimiter
 */
import { VarveError } from '@varve/format/errors'
import { type RatePriority, ratePriorities, TokenBucket } from './token-bucket.ts'

/** What counts: what is written, what compactions read, or both. */
export type RateLimiterMode = 'writes' | 'reads' | 'all'

export interface RateLimiterOptions {
  bytesPerSecond: number
  /** Milliseconds after which bytes are handed out again. Short ones spread the load evenly and cost more. Default 100. */
  refillPeriodMs?: number
  /** In one of so many periods compactions go before flushes. Default 10. */
  fairness?: number
  /** Default writes. */
  mode?: RateLimiterMode
  /** Takes `bytesPerSecond` for the most, and goes below it, down to a twentieth, while less is asked for. Default false. */
  autoTuned?: boolean
}

export interface RateLimiterStatistics {
  /** Bytes that have passed. */
  bytesThrough: number
  /** Of these, those of each priority: `user` are jobs that began while writes were held back. */
  bytesByPriority: Record<RatePriority, number>
  requests: number
  /** Microseconds that jobs have waited, all together. */
  waitMicros: number
}

/** What a job needs of a limiter: plain data. */
export interface SharedRateLimit {
  memory: SharedArrayBuffer
  priority: RatePriority
  limitsReads: boolean
  limitsWrites: boolean
}

const modes: readonly RateLimiterMode[] = ['writes', 'reads', 'all']

export class RateLimiter {
  readonly mode: RateLimiterMode
  private readonly bucket: TokenBucket

  constructor(options: RateLimiterOptions) {
    const {
      bytesPerSecond,
      refillPeriodMs = 100,
      fairness = 10,
      mode = 'writes',
      autoTuned = false,
    } = options
    checkRate(bytesPerSecond)
    check('refillPeriodMs', refillPeriodMs >= 1 && refillPeriodMs <= 10_000, 'from 1 to 10000')
    check(
      'fairness',
      Number.isInteger(fairness) && fairness >= 1 && fairness <= 100,
      'a whole number from 1 to 100',
    )
    check('mode', modes.includes(mode), `one of ${modes.join(', ')}`)
    const refillPeriodMicros = refillPeriodMs * 1000
    this.mode = mode
    this.bucket = TokenBucket.create({ bytesPerSecond, refillPeriodMicros, fairness, autoTuned })
  }

  /** The rate now, which differs from the one given only under `autoTuned`. */
  get bytesPerSecond(): number {
    return this.bucket.bytesPerSecond
  }

  /** Holds for all databases that share it, from the next period on. */
  setBytesPerSecond(bytesPerSecond: number): void {
    checkRate(bytesPerSecond)
    this.bucket.setBytesPerSecond(bytesPerSecond)
  }

  /** Since it was made. */
  statistics(): RateLimiterStatistics {
    const totals = ratePriorities.map(priority => this.bucket.totals(priority))
    const [user, high, low] = totals.map(({ bytes }) => bytes)
    return {
      bytesThrough: user + high + low,
      bytesByPriority: { user, high, low },
      requests: totals.reduce((sum, { requests }) => sum + requests, 0),
      waitMicros: totals.reduce((sum, { waitMicros }) => sum + waitMicros, 0),
    }
  }

  /** For a job's message. */
  share(priority: RatePriority): SharedRateLimit {
    const { mode } = this
    return {
      memory: this.bucket.memory,
      priority,
      limitsReads: mode !== 'writes',
      limitsWrites: mode !== 'reads',
    }
  }

  /**
   * Milliseconds to wait before the next job begins: above 0 only where jobs of this thread have taken more than there
   * was. `now`, in milliseconds, is of the clock of whoever waits.
   */
  debtAt(now: number): number {
    return this.bucket.debtAt(now * 1000) / 1000
  }

  /** Somebody has waited so long for it. */
  noteDebtPaid(milliseconds: number): void {
    this.bucket.noteWaited(ratePriorities.indexOf('low'), milliseconds * 1000)
  }
}

/** Microseconds on a clock that never goes back and is the same for all threads. */
export function systemMicros(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

function checkRate(bytesPerSecond: number): void {
  check(
    'bytesPerSecond',
    bytesPerSecond >= 1 && bytesPerSecond <= Number.MAX_SAFE_INTEGER,
    'a number from 1 on',
  )
}

function check(option: string, isGood: boolean, wanted: string): void {
  if (isGood) return
  throw new VarveError('INVALID_ARGUMENT', `option ${option} of a rate limiter must be ${wanted}`, { option })
}

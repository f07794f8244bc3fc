/**
 * The state of a rate limiter, in memory that threads share: bytes that may pass in this period, refilled when the next
 * one begins.
 *
 *     memory := lock i32, pad i32, f64[] (see `Slot`)
 *
 * Nobody hands out bytes. Whoever wants some takes the lock for a few instructions, refills if it is time, and takes
 * what there is; who gets less than it wants comes again when the next period begins. The more important go first: while
 * one waits, others get nothing, but for every `fairness`th period, in which low goes before high so that a flush that
 * never ends does not keep compactions from going on.
 *
 * RocksDB: util/rate_limiter.cc, GenericRateLimiter
 */

/** `user` for work that writers are held back for, `high` for flushes, `low` for compactions. */
export type RatePriority = 'user' | 'high' | 'low'

export const ratePriorities: readonly RatePriority[] = ['user', 'high', 'low']

/** Places of the numbers. Those of a priority have three in a row. */
const Slot = {
  available: 0,
  /** Microseconds, on the clock of whoever asks: it must be the same for all. */
  nextRefill: 1,
  bytesPerSecond: 2,
  refillPeriod: 3,
  fairness: 4,
  period: 5,
  bytesThrough: 6,
  requests: 9,
  waited: 12,
  /** How many wait, and when one of them asked last. */
  waiting: 15,
  asked: 18,
  /** 0 without tuning; else the most that the rate is tuned to. */
  tunedMax: 21,
  tunedAt: 22,
  drains: 23,
  drainedPeriod: 24,
  count: 25,
} as const

/** Periods after which one that waits and never came again is taken for dead. */
const FORGOTTEN_PERIODS = 4

/** Milliseconds after which the lock is taken from a thread that died with it: it is held for microseconds. */
const LOCK_MAX_MS = 50

/** Periods between two looks at whether a tuned rate is right, and what makes it change. */
const TUNE_PERIODS = 100
const LOW_DRAINED_PERCENT = 50
const HIGH_DRAINED_PERCENT = 90
const TUNE_FACTOR = 1.05
/** The part of the maximum that a tuned rate does not fall below. */
const TUNED_MIN = 1 / 20

export interface BucketSettings {
  bytesPerSecond: number
  refillPeriodMicros: number
  fairness: number
  autoTuned: boolean
}

/** What somebody wants to take, in as many goes as it needs. */
export class RateRequest {
  remaining: number
  readonly priority: number
  isWaiting = false

  constructor(bytes: number, priority: RatePriority) {
    this.remaining = bytes
    this.priority = ratePriorities.indexOf(priority)
  }
}

export class TokenBucket {
  readonly memory: SharedArrayBuffer
  private readonly lock: Int32Array
  private readonly numbers: Float64Array

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.lock = new Int32Array(memory, 0, 1)
    this.numbers = new Float64Array(memory, 8)
  }

  static create({ bytesPerSecond, refillPeriodMicros, fairness, autoTuned }: BucketSettings): TokenBucket {
    const bucket = new TokenBucket(new SharedArrayBuffer(8 + 8 * Slot.count))
    const { numbers } = bucket
    numbers[Slot.bytesPerSecond] = autoTuned ? bytesPerSecond / 2 : bytesPerSecond
    numbers[Slot.refillPeriod] = refillPeriodMicros
    numbers[Slot.fairness] = fairness
    numbers[Slot.tunedMax] = autoTuned ? bytesPerSecond : 0
    numbers[Slot.nextRefill] = Number.NEGATIVE_INFINITY
    return bucket
  }

  get bytesPerSecond(): number {
    return this.numbers[Slot.bytesPerSecond]
  }

  /** Holds from the next period on; of this one no more is left than the new rate allows. */
  setBytesPerSecond(bytesPerSecond: number): void {
    this.withLock(() => {
      const { numbers } = this
      numbers[Slot.bytesPerSecond] = bytesPerSecond
      if (numbers[Slot.tunedMax] > 0) numbers[Slot.tunedMax] = bytesPerSecond
      numbers[Slot.available] = Math.min(numbers[Slot.available], this.bytesPerPeriod)
    })
  }

  private get bytesPerPeriod(): number {
    const { numbers } = this
    return Math.max(1, Math.floor((numbers[Slot.bytesPerSecond] * numbers[Slot.refillPeriod]) / 1e6))
  }

  /**
   * Takes as much of the request as there is for it, at the time `now`. 0 when it has all; otherwise microseconds until
   * it is worth coming again.
   */
  take(request: RateRequest, now: number): number {
    return this.withLock(() => {
      this.refill(now)
      const { numbers } = this
      const { priority } = request
      if (this.isTurnOf(priority, now)) this.grant(request, Math.max(0, numbers[Slot.available]))
      if (request.remaining === 0) {
        this.endRequest(request)
        return 0
      }
      this.noteWaiting(request, now)
      return Math.max(1, numbers[Slot.nextRefill] - now)
    })
  }

  /** Takes all of it, whether it is there or not: for whoever cannot wait now, and will before it begins something else. */
  overdraw(request: RateRequest): void {
    this.withLock(() => {
      this.grant(request, request.remaining)
      this.endRequest(request)
    })
  }

  /** Microseconds until it is worth looking again whether nothing is overdrawn any more; 0 when it is so. */
  debtAt(now: number): number {
    if (this.numbers[Slot.available] >= 0) return 0
    return this.withLock(() => {
      this.refill(now)
      return this.numbers[Slot.available] >= 0 ? 0 : Math.max(1, this.numbers[Slot.nextRefill] - now)
    })
  }

  /** Gives up waiting. */
  abandon(request: RateRequest): void {
    this.withLock(() => this.stopWaiting(request))
  }

  noteWaited(priority: number, micros: number): void {
    this.withLock(() => {
      this.numbers[Slot.waited + priority] += micros
    })
  }

  /** Bytes, requests and microseconds waited of a priority. */
  totals(priority: RatePriority): { bytes: number; requests: number; waitMicros: number } {
    const at = ratePriorities.indexOf(priority)
    const { numbers } = this
    return {
      bytes: numbers[Slot.bytesThrough + at],
      requests: numbers[Slot.requests + at],
      waitMicros: Math.round(numbers[Slot.waited + at]),
    }
  }

  private grant(request: RateRequest, most: number): void {
    const granted = Math.min(request.remaining, most)
    request.remaining -= granted
    this.numbers[Slot.available] -= granted
    this.numbers[Slot.bytesThrough + request.priority] += granted
  }

  private endRequest(request: RateRequest): void {
    this.stopWaiting(request)
    this.numbers[Slot.requests + request.priority]++
  }

  private noteWaiting(request: RateRequest, now: number): void {
    const { numbers } = this
    numbers[Slot.asked + request.priority] = now
    if (!request.isWaiting) numbers[Slot.waiting + request.priority]++
    request.isWaiting = true
    if (numbers[Slot.drainedPeriod] === numbers[Slot.period]) return
    numbers[Slot.drainedPeriod] = numbers[Slot.period]
    numbers[Slot.drains]++
  }

  private stopWaiting(request: RateRequest): void {
    if (request.isWaiting) this.numbers[Slot.waiting + request.priority]--
    request.isWaiting = false
  }

  /**
   * What nobody took in the period before is gone with it. RocksDB keeps it, up to as much again: whoever takes it just
   * before a refill, and all of that just after, gets three periods' bytes in a moment.
   */
  private refill(now: number): void {
    const { numbers } = this
    const period = numbers[Slot.refillPeriod]
    const left = numbers[Slot.nextRefill] - now
    // Above a period where another runtime's clock is asked than before.
    if (left > 0 && left <= period) return
    const bytes = this.bytesPerPeriod
    numbers[Slot.available] = Math.min(numbers[Slot.available] + bytes, bytes)
    numbers[Slot.nextRefill] = now + period
    numbers[Slot.period]++
    if (numbers[Slot.tunedMax] > 0) this.tune(now)
  }

  /** Nobody waits who goes before `priority` in this period. */
  private isTurnOf(priority: number, now: number): boolean {
    const isLowFirst = this.numbers[Slot.period] % this.numbers[Slot.fairness] === 0
    const order = isLowFirst ? LOW_FIRST : HIGH_FIRST
    for (const other of order) {
      if (other === priority) return true
      if (this.isAnyWaiting(other, now)) return false
    }
    return true
  }

  private isAnyWaiting(priority: number, now: number): boolean {
    const { numbers } = this
    if (numbers[Slot.waiting + priority] <= 0) return false
    if (now - numbers[Slot.asked + priority] <= FORGOTTEN_PERIODS * numbers[Slot.refillPeriod]) return true
    numbers[Slot.waiting + priority] = 0
    return false
  }

  /** Follows the demand: up while nearly every period is drained, down while few are. */
  private tune(now: number): void {
    const { numbers } = this
    const elapsed = (now - numbers[Slot.tunedAt]) / numbers[Slot.refillPeriod]
    if (elapsed < TUNE_PERIODS) return
    const drainedPercent = (numbers[Slot.drains] * 100) / elapsed
    const max = numbers[Slot.tunedMax]
    const rate = numbers[Slot.bytesPerSecond]
    if (numbers[Slot.tunedAt] > 0) {
      if (drainedPercent === 0) numbers[Slot.bytesPerSecond] = max * TUNED_MIN
      else if (drainedPercent < LOW_DRAINED_PERCENT)
        numbers[Slot.bytesPerSecond] = Math.max(max * TUNED_MIN, rate / TUNE_FACTOR)
      else if (drainedPercent > HIGH_DRAINED_PERCENT)
        numbers[Slot.bytesPerSecond] = Math.min(max, rate * TUNE_FACTOR)
    }
    numbers[Slot.tunedAt] = now
    numbers[Slot.drains] = 0
  }

  private withLock<Result>(critical: () => Result): Result {
    const { lock } = this
    for (let waited = 0; Atomics.compareExchange(lock, 0, 0, 1) !== 0 && waited < LOCK_MAX_MS; waited++)
      Atomics.wait(lock, 0, 1, 1)
    try {
      return critical()
    } finally {
      Atomics.store(lock, 0, 0)
      Atomics.notify(lock, 0, 1)
    }
  }
}

const HIGH_FIRST = [0, 1, 2]
const LOW_FIRST = [0, 2, 1]

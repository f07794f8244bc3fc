/**
 * Decides who makes a call of the file system for a caller that holds a promise: this thread, blocking, or one of
 * the thread pool.
 *
 * Most reads are answered from the system's page cache in two microseconds, and a sync of a good disk takes fifty,
 * while handing a call to the pool and taking the answer back costs ten to twenty. But a call that waits for a slow
 * disk must not keep everybody else waiting. Which of the two it will be is not known before it is made; how long
 * the last ones took is a good guess:
 *
 *     call   2 us   3 us   4 ms   2 us   5 ms  |  in the pool for 250 ms, then tried again
 *                          slow          slow, soon after
 *
 * One slow call alone may be a collection of garbage that happened to fall into it. So this thread spends no more
 * than a small part of its time waiting for a disk, however slow that is; and no more than two milliseconds before
 * the event loop gets its turn.
 */
import type { Runtime } from './runtime.ts'

/** Milliseconds up to which a call counts as quick. */
const QUICK_MS = 0.2
/** A slow call within so many of another means that there is a slow disk. */
const NEAR_CALLS = 64
/** For so many times its own length no call is made here after the second slow one. */
const REST = 50
/** Milliseconds of such calls in one turn of the event loop. */
const TURN_MS = 2

export class InlinePace {
  private readonly runtime: Pick<Runtime, 'clock' | 'nextTurn'>
  private resumesAt = Number.NEGATIVE_INFINITY
  private callsSinceSlow = NEAR_CALLS
  private spentInTurn = 0

  constructor(runtime: Pick<Runtime, 'clock' | 'nextTurn'>) {
    this.runtime = runtime
  }

  /** Whether the event loop must turn before another call is made here. */
  get isTurnOver(): boolean {
    return this.spentInTurn > TURN_MS
  }

  /** Makes the call now, if that is likely to be quick; else false, and nothing is done. */
  attempt(call: () => void): boolean {
    const { clock } = this.runtime
    const started = clock.monotonic()
    if (started < this.resumesAt || this.isTurnOver) return false
    call()
    this.note(started, clock.monotonic())
    return true
  }

  private note(started: number, ended: number): void {
    const duration = ended - started
    this.spend(duration)
    this.callsSinceSlow++
    if (duration <= QUICK_MS) return
    if (this.callsSinceSlow < NEAR_CALLS) this.resumesAt = ended + REST * duration
    this.callsSinceSlow = 0
  }

  private spend(duration: number): void {
    const isFirst = this.spentInTurn === 0
    this.spentInTurn += duration
    if (!isFirst || duration === 0) return
    void this.runtime.nextTurn().then(() => {
      this.spentInTurn = 0
    })
  }
}

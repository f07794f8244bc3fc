/**
 * Decides who reads a block for a caller that holds a promise: this thread, or one of the thread pool.
 *
 * Most reads are answered from the system's page cache in two microseconds, while handing one to the pool and
 * taking the answer back costs ten. But a read that goes to a disk must not keep everybody else waiting. Which of
 * the two a read will be is not known before it is made; how long the last ones took is a good guess:
 *
 *     read    2 us   3 us   4 ms   2 us   5 ms  |  in the pool for 250 ms, then tried again
 *                           slow          slow, soon after
 *
 * One slow read alone may be a collection of garbage that happened to fall into it. So this thread spends no more
 * than a small part of its time on waiting for a disk, however slow that is.
 */
import type { Wanted } from '../cursor/cursor.ts'
import type { Clock } from '../runtime/index.ts'

/** Milliseconds up to which a read counts as answered from memory. */
const QUICK_MS = 0.2
/** A slow read within so many of another means that there is a disk. */
const NEAR_READS = 64
/** For so many times its own length no read is made here after the second slow one. */
const REST = 50

export class ReadPace {
  private readonly clock: Clock
  private resumesAt = Number.NEGATIVE_INFINITY
  private readsSinceSlow = NEAR_READS

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Loads a block now, if that is likely to be quick; else false, and nothing is done. */
  tryLoad(wanted: Wanted): boolean {
    if (!wanted.isOneRead) return false
    const started = this.clock.monotonic()
    if (started < this.resumesAt) return false
    wanted.loadSync()
    this.note(started, this.clock.monotonic())
    return true
  }

  private note(started: number, ended: number): void {
    this.readsSinceSlow++
    const duration = ended - started
    if (duration <= QUICK_MS) return
    if (this.readsSinceSlow < NEAR_READS) this.resumesAt = ended + REST * duration
    this.readsSinceSlow = 0
  }
}

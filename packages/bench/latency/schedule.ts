/**
 * When operations are due: evenly spread, whatever becomes of the ones before. A load that waits for answers before
 * it asks again would leave out the very moments that were slow (coordinated omission).
 */
export class Schedule {
  private readonly startedAt: number
  private readonly perMillisecond: number
  readonly operations: number
  /** Of the next one. */
  index = 0

  constructor(startedAt: number, ratePerSecond: number, seconds: number) {
    this.startedAt = startedAt
    this.perMillisecond = ratePerSecond / 1000
    this.operations = Math.floor(ratePerSecond * seconds)
  }

  get isOver(): boolean {
    return this.index >= this.operations
  }

  /** When the next operation is due; it may be in the past. */
  get dueAt(): number {
    return this.startedAt + this.index / this.perMillisecond
  }

  isDue(now: number): boolean {
    return !this.isOver && this.dueAt <= now
  }
}

/**
 * The live snapshots of a database: numbers in the order of the log that readers and compactions respect.
 * Nothing is copied when one is made; what it can see is kept from being compacted away until it is closed.
 *
 * RocksDB: db/snapshot_impl.h
 */

export class Snapshot {
  /** Reads with this snapshot see every write up to this sequence number and none after it. */
  readonly sequence: number
  /** When it was taken, in milliseconds since 1970: entries that were over by then it does not see. */
  readonly takenAt: number
  private readonly list: SnapshotList
  private open = true

  constructor(sequence: number, takenAt: number, list: SnapshotList) {
    this.sequence = sequence
    this.takenAt = takenAt
    this.list = list
  }

  get isOpen(): boolean {
    return this.open
  }

  /** Lets compactions drop what only this snapshot could see. Later calls do nothing. */
  close(): void {
    if (!this.open) return
    this.open = false
    this.list.release(this.sequence)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

export class SnapshotList {
  /** Called when the oldest snapshot has been closed: what only it could see may go. */
  onOldestClosed: () => void = () => undefined
  /** How many snapshots stand at each sequence, in the order they were taken: ascending. */
  private readonly counts = new Map<number, number>()

  take(sequence: number, now: number): Snapshot {
    this.counts.set(sequence, (this.counts.get(sequence) ?? 0) + 1)
    return new Snapshot(sequence, now, this)
  }

  release(sequence: number): void {
    const count = this.counts.get(sequence)
    if (count === undefined) return
    if (count > 1) {
      this.counts.set(sequence, count - 1)
      return
    }
    const wasOldest = sequence === this.oldest
    this.counts.delete(sequence)
    if (wasOldest) this.onOldestClosed()
  }

  /** The sequence of the oldest snapshot: they are taken in ascending order. */
  get oldest(): number | undefined {
    return this.counts.keys().next().value
  }

  get size(): number {
    let size = 0
    for (const count of this.counts.values()) size += count
    return size
  }

  /** The distinct sequences, ascending. */
  sequences(): number[] {
    return [...this.counts.keys()].sort((a, b) => a - b)
  }
}

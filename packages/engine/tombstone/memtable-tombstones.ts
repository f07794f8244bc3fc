/**
 * The range tombstones of a memtable. New ones come one by one, and reads come between them; to fragment all of them anew
 * for each would make a thousand of both take a million steps. So most are fragmented, and a few wait behind them.
 */
import { bytewise, type KeyOrder } from '@varve/format/key'
import { type RangeTombstone, RangeTombstones } from './range-tombstones.ts'

/** Tombstones that may wait before they are fragmented with the others; more when there are many of those. */
const WAITING_MIN = 16
const WAITING_SHARE = 8

/** About what a tombstone takes beside its keys. */
const BYTES_EACH = 200

export class MemtableTombstones {
  /** Of all of them. */
  memoryUsage = 0
  private readonly all: RangeTombstone[]
  private fragmented: RangeTombstones = RangeTombstones.none
  /** So many of `all` are in `fragmented`. */
  private fragmentedCount = 0
  private readonly order: KeyOrder

  constructor(all: RangeTombstone[] = [], order: KeyOrder = bytewise) {
    this.all = all
    this.order = order
  }

  get count(): number {
    return this.all.length
  }

  add(tombstone: RangeTombstone): void {
    this.all.push(tombstone)
    this.memoryUsage += tombstone.start.length + tombstone.end.length + BYTES_EACH
  }

  /** The newest that covers the user key and that a reader at `sequence` sees: its sequence; 0 when there is none. */
  covering(bytes: Uint8Array, start: number, end: number, sequence: number): number {
    const waiting = this.all.length - this.fragmentedCount
    if (waiting > Math.max(WAITING_MIN, this.fragmentedCount / WAITING_SHARE)) this.fragment()
    let newest = this.fragmented.covering(bytes, start, end, sequence)
    for (let i = this.fragmentedCount; i < this.all.length; i++) {
      const { start: from, end: before, sequence: own } = this.all[i]
      if (own <= newest || own > sequence) continue
      if (this.order.compare(from, 0, from.length, bytes, start, end) > 0) continue
      if (this.order.compare(before, 0, before.length, bytes, start, end) > 0) newest = own
    }
    return newest
  }

  /** All that there are now. */
  fragments(): RangeTombstones {
    if (this.fragmentedCount < this.all.length) this.fragment()
    return this.fragmented
  }

  /** As they were added. */
  list(): readonly RangeTombstone[] {
    return this.all
  }

  private fragment(): void {
    this.fragmented = RangeTombstones.of(this.all, this.order)
    this.fragmentedCount = this.all.length
  }
}

/**
 * A B+ tree of records whose keys are not in bytewise order. Nothing is known of what neighbours share, so no bytes are
 * skipped, and `heads` has the order's own first word of each key.
 */
import type { KeyOrder } from '@varve/format/key'
import { compareTrailers } from '@varve/format/key'
import type { Arena } from './arena.ts'
import { KEY_LENGTH, keyStartOf, TRAILER_HIGH, TRAILER_LOW } from './record.ts'
import { CAPACITY, COUNT, HEADS, RECORDS, RecordTree, type TreeState } from './record-tree.ts'

export class OrderedRecordTree extends RecordTree {
  private readonly order: KeyOrder

  constructor(arena: Arena, order: KeyOrder, state?: TreeState) {
    super(arena, state)
    this.order = order
  }

  /** The record is in the log already: if comparing fails, it goes somewhere, and the order says that it has failed. */
  override insert(record: number): void {
    this.order.throughout(() => super.insert(record))
  }

  /** Whether each record comes before the next one. */
  isInOrder(): boolean {
    const { bytes, words } = this.arena
    let previous = 0
    for (let leaf = this.firstLeaf; leaf !== 0; leaf = this.nextLeaf(leaf)) {
      for (let index = 0; index < this.countOf(leaf); index++) {
        const record = this.recordAt(leaf, index)
        const start = keyStartOf(record)
        const end = start + words[record + KEY_LENGTH]
        const low = words[record + TRAILER_LOW]
        if (
          previous !== 0 &&
          this.compareTo(previous, bytes, start, end, low, words[record + TRAILER_HIGH]) >= 0
        )
          return false
        previous = record
      }
    }
    return true
  }

  protected override appendLast(
    record: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    low: number,
    high: number,
  ): boolean {
    const words = this.arena.words
    const leaf = this.lastLeaf
    const count = words[leaf + COUNT]
    if (count === 0 || count === CAPACITY) return false
    if (this.compareTo(words[leaf + RECORDS + count - 1], bytes, start, end, low, high) >= 0) return false
    this.setEntry(leaf, count, record)
    words[leaf + COUNT] = count + 1
    return true
  }

  protected override countBefore(
    node: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    low: number,
    high: number,
    orAt: boolean,
  ): number {
    const words = this.arena.words
    const targetHead = this.order.high(bytes, start, end)
    let from = 0
    let to = words[node + COUNT]
    while (from < to) {
      const middle = (from + to) >>> 1
      const head = words[node + HEADS + middle]
      const order =
        head !== targetHead
          ? head - targetHead
          : this.compareTo(words[node + RECORDS + middle], bytes, start, end, low, high)
      if (order === 0) return orAt ? middle + 1 : middle
      if (order < 0) from = middle + 1
      else to = middle
    }
    return from
  }

  protected override sharedLength(): number {
    return 0
  }

  protected override setEntry(node: number, index: number, record: number): void {
    const { words, bytes } = this.arena
    const start = keyStartOf(record)
    words[node + HEADS + index] = this.order.high(bytes, start, start + words[record + KEY_LENGTH])
    words[node + RECORDS + index] = record
  }

  /** Internal key order of the record at `place` and a target. */
  private compareTo(
    place: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    low: number,
    high: number,
  ): number {
    const { words, bytes: own } = this.arena
    const ownStart = keyStartOf(place)
    const order = this.order.compare(own, ownStart, ownStart + words[place + KEY_LENGTH], bytes, start, end)
    return order !== 0
      ? order
      : compareTrailers(words[place + TRAILER_LOW], words[place + TRAILER_HIGH], low, high)
  }
}

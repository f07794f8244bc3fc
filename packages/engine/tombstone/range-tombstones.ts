/**
 * Range tombstones: each says that the keys of a range were deleted as of its sequence. An entry in the range is hidden
 * if its sequence is smaller, from readers that see the tombstone.
 *
 * They may overlap, so they are kept as fragments, cut wherever one begins or ends: ascending, free of overlap, each with
 * the sequences of all that cover it, newest first.
 *
 *     tombstones    [a --------- 9 ----- f)                  fragments    [a: 9) [c: 9 5) [f: 5)
 *                             [c --- 5 --------- k)
 *
 * RocksDB: db/range_tombstone_fragmenter.cc
 */
import { bytewise, type KeyOrder } from '@varve/format/key'

export interface RangeTombstone {
  /** User keys: from `start` to before `end`. */
  start: Uint8Array
  end: Uint8Array
  sequence: number
}

export class RangeTombstones {
  static readonly none: RangeTombstones = new RangeTombstones([], [], [], bytewise)

  readonly starts: readonly Uint8Array[]
  readonly ends: readonly Uint8Array[]
  /** Newest first. */
  readonly sequences: readonly (readonly number[])[]
  private readonly order: KeyOrder

  private constructor(
    starts: readonly Uint8Array[],
    ends: readonly Uint8Array[],
    sequences: readonly (readonly number[])[],
    order: KeyOrder,
  ) {
    this.starts = starts
    this.ends = ends
    this.sequences = sequences
    this.order = order
  }

  /** Fragments them; their keys are in `order`. */
  static of(tombstones: readonly RangeTombstone[], order: KeyOrder = bytewise): RangeTombstones {
    const changes = changesOf(tombstones, order)
    const starts: Uint8Array[] = []
    const ends: Uint8Array[] = []
    const sequences: number[][] = []
    const active: number[] = []
    for (const [index, { key, begins, ends: over }] of changes.entries()) {
      for (const sequence of over) active.splice(active.indexOf(sequence), 1)
      for (const sequence of begins) active.splice(placeOf(active, sequence), 0, sequence)
      if (active.length === 0) continue
      starts.push(key)
      ends.push(changes[index + 1].key)
      sequences.push(active.slice())
    }
    return starts.length === 0 ? RangeTombstones.none : new RangeTombstones(starts, ends, sequences, order)
  }

  /** Fragments. */
  get count(): number {
    return this.starts.length
  }

  /** Index of the fragment that holds the user key bytes[start..end), or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const index = this.findAfter(bytes, start, end) - 1
    if (index < 0) return -1
    const limit = this.ends[index]
    return this.order.compare(bytes, start, end, limit, 0, limit.length) < 0 ? index : -1
  }

  /** Index of the first fragment that begins after the user key. */
  findAfter(bytes: Uint8Array, start: number, end: number): number {
    let low = 0
    let high = this.starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const key = this.starts[middle]
      if (this.order.compare(key, 0, key.length, bytes, start, end) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The newest sequence of a fragment that a reader at `sequence` sees; 0 when it sees none. */
  newest(index: number, sequence: number): number {
    return this.sequences[index].find(own => own <= sequence) ?? 0
  }

  /** The newest tombstone of a user key that a reader at `sequence` sees; 0 when there is none. */
  covering(bytes: Uint8Array, start: number, end: number, sequence: number): number {
    const index = this.find(bytes, start, end)
    return index < 0 ? 0 : this.newest(index, sequence)
  }

  /** What of them lies in the user keys from `from` to before `before`; an absent end is open. */
  within(from: Uint8Array | undefined, before: Uint8Array | undefined): RangeTombstones {
    const { order } = this
    return RangeTombstones.of(
      this.list().flatMap(({ start, end, sequence }) => {
        const own = {
          start: from !== undefined && order.compareKeys(from, start) > 0 ? from : start,
          end: before !== undefined && order.compareKeys(before, end) < 0 ? before : end,
          sequence,
        }
        return order.compareKeys(own.start, own.end) < 0 ? [own] : []
      }),
      order,
    )
  }

  /** One tombstone for each sequence of each fragment, as they stand in a table: by start, newest first. */
  list(): RangeTombstone[] {
    return this.starts.flatMap((start, index) =>
      this.sequences[index].map(sequence => ({ start, end: this.ends[index], sequence })),
    )
  }
}

/** A key at which tombstones begin and end. */
interface Change {
  key: Uint8Array
  begins: number[]
  ends: number[]
}

/** By key, one for each. */
function changesOf(tombstones: readonly RangeTombstone[], order: KeyOrder): Change[] {
  const single = tombstones
    .filter(({ start, end }) => order.compareKeys(start, end) < 0)
    .flatMap(({ start, end, sequence }): Change[] => [
      { key: start, begins: [sequence], ends: [] },
      { key: end, begins: [], ends: [sequence] },
    ])
    .sort((a, b) => order.compareKeys(a.key, b.key))
  const changes: Change[] = []
  for (const change of single) {
    const last = changes.at(-1)
    if (last === undefined || order.compareKeys(last.key, change.key) !== 0) changes.push(change)
    else {
      last.begins.push(...change.begins)
      last.ends.push(...change.ends)
    }
  }
  return changes
}

/** Where a sequence belongs among others, newest first. */
function placeOf(sequences: readonly number[], sequence: number): number {
  const place = sequences.findIndex(other => other < sequence)
  return place < 0 ? sequences.length : place
}

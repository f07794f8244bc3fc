/**
 * The range tombstones that a scan has come across, and which of them hides the entry it stands on.
 *
 * Runs are numbered from the newest on. For one key, everything in a newer run is newer, so a tombstone hides whatever
 * older runs have in its range, and the scan may leap over that. A run's tombstones are added when the scan enters the file
 * that has them, which it does before it comes to any key of that file's range.
 *
 * RocksDB: db/range_del_aggregator.h, and the cascading seeks of table/merging_iterator.cc
 */
import { bytewise, type KeyOrder, sequenceOfTrailer } from '@varve/format/key'
import { compareKeyToTarget, type InternalCursor, SeekTarget } from '../cursor/cursor.ts'
import type { RangeTombstones } from './range-tombstones.ts'

/** Those of a run that the reader sees: fragments in order, each with its newest sequence. */
interface Sheet {
  readonly starts: Uint8Array[]
  readonly ends: Uint8Array[]
  readonly sequences: number[]
}

export class RangeCoverage {
  /** Most scans meet no tombstone: then this is all that they pay for. */
  isEmpty = true
  /** After `hides` was true: the run of the tombstone that does, and its fragment. */
  run = 0
  readonly start: SeekTarget
  readonly end: SeekTarget

  private readonly sequence: number
  /** By run. */
  private readonly sheets: Sheet[] = []
  private readonly known = new Set<RangeTombstones>()
  /** No tombstone is between these keys; an absent one is open. A scan comes to one of them only: that ahead of it. */
  private hasGap = false
  private readonly gapStart: SeekTarget
  private readonly gapEnd: SeekTarget
  private hasGapStart = false
  private hasGapEnd = false

  private readonly order: KeyOrder
  /** Any key, to be compared with an entry's. */
  private readonly other: SeekTarget

  /** For a reader at `sequence` of keys in `order`. */
  constructor(sequence: number, order: KeyOrder = bytewise) {
    this.sequence = sequence
    this.order = order
    this.start = new SeekTarget(order)
    this.end = new SeekTarget(order)
    this.gapStart = new SeekTarget(order)
    this.gapEnd = new SeekTarget(order)
    this.other = new SeekTarget(order)
  }

  add(run: number, tombstones: RangeTombstones): void {
    if (tombstones.count === 0 || this.known.has(tombstones)) return
    this.known.add(tombstones)
    const sheet: Sheet = { starts: [], ends: [], sequences: [] }
    for (let index = 0; index < tombstones.count; index++) {
      const sequence = tombstones.newest(index, this.sequence)
      if (sequence === 0) continue
      sheet.starts.push(tombstones.starts[index])
      sheet.ends.push(tombstones.ends[index])
      sheet.sequences.push(sequence)
    }
    if (sheet.starts.length === 0) return
    while (this.sheets.length <= run) this.sheets.push({ starts: [], ends: [], sequences: [] })
    insert(this.sheets[run], sheet, this.order)
    this.isEmpty = false
    this.hasGap = false
  }

  /** The scan goes on from anywhere. */
  jump(): void {
    this.hasGap = false
  }

  /** Whether a tombstone hides the cursor's entry. Since the last call the scan went this way, or jumped. */
  hides(cursor: InternalCursor, forward: boolean): boolean {
    if (this.hasGap && this.isInGap(cursor, forward)) return false
    const sequence = sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh)
    let isCovered = false
    this.openGap()
    for (let run = 0; run < this.sheets.length; run++) {
      const sheet = this.sheets[run]
      const index = this.lastStartAtOrBefore(sheet, cursor)
      const isIn = index >= 0 && this.isBefore(cursor, sheet.ends[index])
      if (isIn && sheet.sequences[index] > sequence) return this.found(run, sheet, index)
      if (isIn) isCovered = true
      else this.narrowGap(sheet, index)
    }
    this.hasGap = !isCovered
    return false
  }

  private found(run: number, { starts, ends }: Sheet, index: number): true {
    this.hasGap = false
    this.run = run
    this.start.setBefore(starts[index], 0, starts[index].length)
    this.end.setBefore(ends[index], 0, ends[index].length)
    return true
  }

  private isInGap(cursor: InternalCursor, forward: boolean): boolean {
    if (forward) return !this.hasGapEnd || compareKeyToTarget(cursor, this.gapEnd) < 0
    return !this.hasGapStart || compareKeyToTarget(cursor, this.gapStart) >= 0
  }

  private isBefore(cursor: InternalCursor, key: Uint8Array): boolean {
    this.other.setKey(key, 0, key.length)
    return compareKeyToTarget(cursor, this.other) < 0
  }

  private lastStartAtOrBefore({ starts }: Sheet, cursor: InternalCursor): number {
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.isBefore(cursor, starts[middle])) high = middle
      else low = middle + 1
    }
    return low - 1
  }

  private openGap(): void {
    this.hasGapStart = false
    this.hasGapEnd = false
  }

  /** The gap lies behind fragment `index` of the sheet and before the next. */
  private narrowGap({ starts, ends }: Sheet, index: number): void {
    if (index >= 0) this.hasGapStart = takeLater(this.gapStart, this.hasGapStart, ends[index])
    if (index + 1 < starts.length)
      this.hasGapEnd = takeEarlier(this.gapEnd, this.hasGapEnd, starts[index + 1])
  }
}

/** The files of a run are apart from each other, and so are their tombstones. */
function insert(into: Sheet, { starts, ends, sequences }: Sheet, order: KeyOrder): void {
  const [first] = starts
  const found = into.starts.findIndex(start => order.compareKeys(start, first) > 0)
  const at = found < 0 ? into.starts.length : found
  into.starts.splice(at, 0, ...starts)
  into.ends.splice(at, 0, ...ends)
  into.sequences.splice(at, 0, ...sequences)
}

function takeLater(target: SeekTarget, isSet: boolean, key: Uint8Array): true {
  if (!isSet || compareTo(target, key) < 0) target.setBefore(key, 0, key.length)
  return true
}

function takeEarlier(target: SeekTarget, isSet: boolean, key: Uint8Array): true {
  if (!isSet || compareTo(target, key) > 0) target.setBefore(key, 0, key.length)
  return true
}

function compareTo(target: SeekTarget, key: Uint8Array): number {
  return target.order.compare(target.bytes, target.start, target.end, key, 0, key.length)
}

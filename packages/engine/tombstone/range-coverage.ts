/**
 * The range tombstones that a scan has come across, and which of them hides the entry it stands on.
 *
 * Runs are numbered from the newest on. For one key, everything in a newer run is newer, so a tombstone hides whatever
 * older runs have in its range, and the scan may leap over that. A run's tombstones are added when the scan enters the file
 * that has them, which it does before it comes to any key of that file's range.
 *
 * RocksDB: db/range_del_aggregator.h, and the cascading seeks of table/merging_iterator.cc
 */
import { compareBytes } from '@varve/format/bytes'
import { sequenceOfTrailer } from '@varve/format/key'
import { compareKeyToTarget, type InternalCursor, SeekTarget } from '../cursor/cursor.ts'
import { compareUserKeys } from '../version/version.ts'
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
  readonly start: SeekTarget = new SeekTarget()
  readonly end: SeekTarget = new SeekTarget()

  private readonly sequence: number
  /** By run. */
  private readonly sheets: Sheet[] = []
  private readonly known = new Set<RangeTombstones>()
  /** No tombstone is between these keys; an absent one is open. */
  private hasGap = false
  private readonly gapStart = new SeekTarget()
  private readonly gapEnd = new SeekTarget()
  private hasGapStart = false
  private hasGapEnd = false

  /** For a reader at `sequence`. */
  constructor(sequence: number) {
    this.sequence = sequence
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
    insert(this.sheets[run], sheet)
    this.isEmpty = false
    this.hasGap = false
  }

  /** Whether a tombstone hides the cursor's entry. */
  hides(cursor: InternalCursor): boolean {
    if (this.isInGap(cursor)) return false
    const sequence = sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh)
    let isCovered = false
    this.openGap()
    for (let run = 0; run < this.sheets.length; run++) {
      const sheet = this.sheets[run]
      const index = lastStartAtOrBefore(sheet, cursor)
      const isIn = index >= 0 && isBefore(cursor, sheet.ends[index])
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

  private isInGap(cursor: InternalCursor): boolean {
    if (!this.hasGap) return false
    if (this.hasGapEnd && compareKeyToTarget(cursor, this.gapEnd) >= 0) return false
    return !this.hasGapStart || compareKeyToTarget(cursor, this.gapStart) >= 0
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
function insert(into: Sheet, { starts, ends, sequences }: Sheet): void {
  const [first] = starts
  const found = into.starts.findIndex(start => compareUserKeys(start, first) > 0)
  const at = found < 0 ? into.starts.length : found
  into.starts.splice(at, 0, ...starts)
  into.ends.splice(at, 0, ...ends)
  into.sequences.splice(at, 0, ...sequences)
}

const other = new SeekTarget()

function isBefore(cursor: InternalCursor, key: Uint8Array): boolean {
  other.setKey(key, 0, key.length)
  return compareKeyToTarget(cursor, other) < 0
}

function lastStartAtOrBefore({ starts }: Sheet, cursor: InternalCursor): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(cursor, starts[middle])) high = middle
    else low = middle + 1
  }
  return low - 1
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
  return compareBytes(target.bytes, target.start, target.end, key, 0, key.length)
}

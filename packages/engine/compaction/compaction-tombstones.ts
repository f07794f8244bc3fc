/**
 * The range tombstones of a compaction's inputs: which entries they hide, and which of them the outputs still need.
 *
 * Of each fragment the newest of every stripe is kept (see compaction-cursor.ts). One of the lowest stripe goes when
 * nothing below the outputs can be in its range: all that it hid has been among the inputs.
 *
 * RocksDB: db/range_del_aggregator.cc, CompactionRangeDelAggregator
 */
import { bytewise, type KeyOrder } from '@varve/format/key'
import type { NewFile } from '@varve/format/manifest'
import { tableName } from '@varve/format/names'
import type { FileSystem } from '../fs/index.ts'
import { TableReader } from '../table/table-reader.ts'
import { type RangeTombstone, RangeTombstones } from '../tombstone/index.ts'
import type { CompactionRules } from './compaction-cursor.ts'
import { KeyRangeCursor } from './key-ranges.ts'
import { stripeOf } from './stripes.ts'

/** Those of the tables that may have some. */
export function readTombstones(
  fs: FileSystem,
  directory: string,
  files: readonly NewFile[],
  order: KeyOrder,
): RangeTombstones {
  const all: RangeTombstone[] = []
  for (const file of files) {
    const table = TableReader.openSync(fs, `${directory}/${tableName(file.number)}`, file, { order })
    try {
      all.push(...(table.contents.tombstones?.list() ?? []))
    } finally {
      table.closeSync()
    }
  }
  return RangeTombstones.of(all, order)
}

/** Tells, of entries in ascending order, whether one is hidden. */
export class TombstoneWalk {
  private readonly tombstones: RangeTombstones
  private readonly snapshots: readonly number[]
  /** The first fragment that ends behind the last key asked for. */
  private index = 0
  private readonly order: KeyOrder

  constructor(tombstones: RangeTombstones, snapshots: readonly number[], order: KeyOrder) {
    this.order = order
    this.tombstones = tombstones
    this.snapshots = snapshots
  }

  /** Whether a newer tombstone of the same stripe covers the user key key[0..end). */
  hides(key: Uint8Array, end: number, sequence: number, stripe: number): boolean {
    const { order } = this
    const { starts, ends, sequences, count } = this.tombstones
    while (
      this.index < count &&
      order.compare(ends[this.index], 0, ends[this.index].length, key, 0, end) <= 0
    )
      this.index++
    if (this.index === count) return false
    const start = starts[this.index]
    if (order.compare(start, 0, start.length, key, 0, end) > 0) return false
    const newer = sequences[this.index].findLast(own => own > sequence)
    return newer !== undefined && stripeOf(newer, this.snapshots) === stripe
  }
}

/** What the outputs are to have of them, in the order in which tables have them. */
export function survivingTombstones(
  tombstones: RangeTombstones,
  rules: CompactionRules,
  order: KeyOrder = bytewise,
): RangeTombstones {
  const deeper = rules.bottommost ? [] : rules.deeper?.map(ranges => new KeyRangeCursor(ranges, order))
  const isNeeded = ({ start, end }: RangeTombstone): boolean =>
    deeper === undefined || deeper.map(level => reaches(level, start, end, order)).includes(true)
  const survivors: RangeTombstone[] = []
  let previous: { start: Uint8Array; stripe: number } | undefined
  for (const tombstone of tombstones.list()) {
    const stripe = stripeOf(tombstone.sequence, rules.snapshots)
    const isHidden = previous?.start === tombstone.start && previous.stripe === stripe
    previous = { start: tombstone.start, stripe }
    if (!isHidden && (stripe > 0 || isNeeded(tombstone))) survivors.push(tombstone)
  }
  return RangeTombstones.of(survivors, order)
}

/** Whether a file of the level has keys from `start`, which ascends from call to call, to before `end`. */
function reaches(level: KeyRangeCursor, start: Uint8Array, end: Uint8Array, order: KeyOrder): boolean {
  const high = order.high(start, 0, start.length)
  const low = order.low(start, 0, start.length)
  if (level.covers(start, start.length, high, low)) return true
  if (level.index === level.count) return false
  const endHigh = order.high(end, 0, end.length)
  const endLow = order.low(end, 0, end.length)
  return level.compareSmallest(level.index, end, end.length, endHigh, endLow) < 0
}

/**
 * Reading ranges: what runs a scan merges, the cursor that users move, and the iterators over it.
 *
 *     Cursor, Entries        what users see
 *       VisibleCursor        one reader's view
 *         MergingCursor      all runs as one
 *           MemtableCursor, LevelCursor ...
 *
 * RocksDB: db/arena_wrapped_db_iter.cc; db/version_set.cc Version::AddIterators
 */
import type { Column } from '@varve/format/entity'
import { VarveError } from '@varve/format/errors'
import { bytewise, TimestampOrder } from '@varve/format/key'
import { type KeyBounds, type KeyRange, keyBounds } from '../cursor/bounds.ts'
import type { Merge } from '../cursor/candidate.ts'
import type { InternalCursor } from '../cursor/cursor.ts'
import type { FindBlob } from '../cursor/find-blob.ts'
import { mergeCursors } from '../cursor/merging-cursor.ts'
import type { RowCursor } from '../cursor/row-cursor.ts'
import { TimestampCursor } from '../cursor/timestamp-cursor.ts'
import { VisibleCursor } from '../cursor/visible-cursor.ts'
import { ReadMoment } from '../expiry/index.ts'
import { fullMerge } from '../merge/index.ts'
import { LevelCursor, PrefixProbe, type TableCache } from '../table/index.ts'
import { RangeCoverage } from '../tombstone/index.ts'
import type { FileMeta } from '../version/file-meta.ts'
import { copyOut } from './copy-out.ts'
import { Cursor } from './cursor.ts'
import { Entries } from './entries.ts'
import { refuseIfDropped } from './family.ts'
import type { LivingValue } from './lookup-result.ts'
import { RangeReader } from './range-reader.ts'
import {
  momentOf,
  type ReadEngine,
  type ReadFamily,
  type ReadOptions,
  sequenceOf,
  usableOrder,
} from './read-path.ts'
import type { SuperVersion } from './super-version.ts'
import { refuseTimestamp, timestampOf } from './timestamped-reads.ts'

export { Cursor, Entries }

/** Which entries, and in which order. */
export interface RangeOptions extends KeyRange, ReadOptions {
  /** From the last entry to the first. Default false. */
  reverse?: boolean
  /** At most so many entries. Default: all. */
  limit?: number
}

/**
 * Everything that a reader of `state` has to merge, the newest first; tombstones go to `coverage`. `bounds` and `probe` only spare runs that
 * have nothing within.
 */
export function openRuns(
  state: SuperVersion,
  tables: TableCache,
  bounds: KeyBounds,
  fillCache: boolean,
  coverage?: RangeCoverage,
  probe?: PrefixProbe,
): InternalCursor[] {
  const lower = bounds.lower?.bytes
  const upper = bounds.upper?.bytes
  const runs: InternalCursor[] = []
  for (const memtable of [state.memtable, ...state.sealed]) {
    if (memtable.isEmpty) continue
    if (memtable.tombstones.count > 0) coverage?.add(runs.length, memtable.tombstones.fragments())
    runs.push(memtable.cursor())
  }
  const add = (files: readonly FileMeta[]): void => {
    const run = runs.length
    runs.push(new LevelCursor(files, tables, fillCache, tombstones => coverage?.add(run, tombstones)))
  }
  for (const file of filesWithin(state, 0, lower, upper, probe)) add([file])
  for (let level = 1; level < state.version.levels.length; level++) {
    const files = filesWithin(state, level, lower, upper, probe)
    if (files.length > 0) add(files)
  }
  return runs
}

function filesWithin(
  { version }: SuperVersion,
  level: number,
  lower: Uint8Array | undefined,
  upper: Uint8Array | undefined,
  probe: PrefixProbe | undefined,
): FileMeta[] {
  const files = version.filesOverlapping(level, lower, upper)
  return probe === undefined ? files : files.filter(file => probe.mayBeIn(file))
}

function openReader(
  engine: ReadEngine,
  family: ReadFamily,
  bounds: KeyBounds,
  options: ReadOptions,
  readsBlobs = true,
): RangeReader {
  engine.refuseUnlessOpen()
  // Iterations may begin long after they were asked for.
  refuseIfDropped(family)
  return new RangeReader(engine, family.superVersion, openRows(engine, family, bounds, options, readsBlobs))
}

/** The rows of a range as they are now, or at the snapshot of `options`. */
export function openRows(
  engine: ReadEngine,
  family: ReadFamily,
  bounds: KeyBounds,
  options: ReadOptions,
  readsBlobs = true,
): RowCursor {
  engine.refuseUnlessOpen()
  refuseTimestamp(family, options)
  const { superVersion } = family
  const sequence = sequenceOf(engine, options)
  const order = usableOrder(family)
  const coverage = new RangeCoverage(sequence, order)
  const probe = order === bytewise ? PrefixProbe.of(bounds, family.prefixExtractor) : undefined
  const runs = openRuns(superVersion, engine.tables, bounds, options.fillCache !== false, coverage, probe)
  const { version } = superVersion
  const findBlob: FindBlob = (key, keyStart, keyEnd, bytes, start, end) =>
    engine.blobs.request(version, key, keyStart, keyEnd, bytes, start, end)
  if (order instanceof TimestampOrder) {
    const source = mergeCursors(runs, order)
    return new TimestampCursor(source, order, timestampOf(options), sequence, bounds, findBlob)
  }
  const { expiry } = family
  const moment = expiry && new ReadMoment(expiry, momentOf(engine, options))
  const merge: Merge =
    moment === undefined
      ? (key, existing, operands) => fullMerge(family.merge, key, existing, operands)
      : (key, existing, operands) => moment.merge(family.merge, key, existing, operands)
  return new VisibleCursor(
    mergeCursors(runs, order),
    sequence,
    bounds,
    merge,
    coverage,
    order,
    findBlob,
    readsBlobs,
    moment,
  )
}

/** `reverse` and `limit` are for iterators; a cursor goes as its user moves it. */
export function openCursor(engine: ReadEngine, family: ReadFamily, range: RangeOptions = {}): Cursor {
  return new Cursor(openReader(engine, family, keyBounds(range, family.order), range))
}

export function entries(
  engine: ReadEngine,
  family: ReadFamily,
  range: RangeOptions = {},
): Entries<[Uint8Array, Uint8Array]> {
  return scan(engine, family, range, visible => [takeKey(visible), takeValue(visible)])
}

/** Each key with all columns of its value. */
export function entities(
  engine: ReadEngine,
  family: ReadFamily,
  range: RangeOptions = {},
): Entries<[Uint8Array, Column[]]> {
  return scan(engine, family, range, visible => [takeKey(visible), visible.columns()])
}

export function keys(engine: ReadEngine, family: ReadFamily, range: RangeOptions = {}): Entries<Uint8Array> {
  return scan(engine, family, range, takeKey, false)
}

export function values(
  engine: ReadEngine,
  family: ReadFamily,
  range: RangeOptions = {},
): Entries<Uint8Array> {
  return scan(engine, family, range, takeValue)
}

/** A row, and when it is over. */
export interface LivingEntry extends LivingValue {
  key: Uint8Array
}

export function livingEntries(
  engine: ReadEngine,
  family: ReadFamily,
  range: RangeOptions = {},
): Entries<LivingEntry> {
  return scan(engine, family, range, visible => ({
    key: takeKey(visible),
    value: takeValue(visible),
    expiresAt: visible.expiresAt,
  }))
}

function scan<Row>(
  engine: ReadEngine,
  family: ReadFamily,
  range: RangeOptions,
  take: (visible: RowCursor) => Row,
  readsBlobs = true,
): Entries<Row> {
  const bounds = keyBounds(range, family.order)
  const limit = checkedLimit(range.limit)
  const open = () => openReader(engine, family, bounds, range, readsBlobs)
  return new Entries({ open, take, reverse: range.reverse === true, limit })
}

function checkedLimit(limit: number | undefined): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY
  if (Number.isInteger(limit) && limit >= 0) return limit
  throw new VarveError(
    'INVALID_ARGUMENT',
    `limit must be a whole number that is not negative, not ${limit}`,
    {
      option: 'limit',
    },
  )
}

function takeKey(visible: RowCursor): Uint8Array {
  return copyOut(visible.keyBytes, visible.keyStart, visible.keyEnd)
}

function takeValue(visible: RowCursor): Uint8Array {
  return copyOut(visible.valueBytes, visible.valueStart, visible.valueEnd)
}

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
import { VarveError } from '@varve/format/errors'
import { type KeyBounds, type KeyRange, keyBounds } from '../cursor/bounds.ts'
import type { Merge } from '../cursor/candidate.ts'
import type { InternalCursor } from '../cursor/cursor.ts'
import { mergeCursors } from '../cursor/merging-cursor.ts'
import { VisibleCursor } from '../cursor/visible-cursor.ts'
import { fullMerge } from '../merge/index.ts'
import { LevelCursor, PrefixProbe, type TableCache } from '../table/index.ts'
import { RangeCoverage } from '../tombstone/index.ts'
import type { FileMeta } from '../version/file-meta.ts'
import { copyOut } from './copy-out.ts'
import { Cursor } from './cursor.ts'
import { Entries } from './entries.ts'
import { refuseIfDropped } from './family.ts'
import { RangeReader } from './range-reader.ts'
import { type ReadEngine, type ReadFamily, type ReadOptions, sequenceOf } from './read-path.ts'
import type { SuperVersion } from './super-version.ts'

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
): RangeReader {
  engine.refuseUnlessOpen()
  // Iterations may begin long after they were asked for.
  refuseIfDropped(family)
  const { superVersion } = family
  const sequence = sequenceOf(engine, options)
  const coverage = new RangeCoverage(sequence)
  const probe = PrefixProbe.of(bounds, family.prefixExtractor)
  const runs = openRuns(superVersion, engine.tables, bounds, options.fillCache !== false, coverage, probe)
  const merge: Merge = (key, existing, operands) => fullMerge(family.merge, key, existing, operands)
  const visible = new VisibleCursor(mergeCursors(runs), sequence, bounds, merge, coverage)
  return new RangeReader(engine, superVersion, visible)
}

/** `reverse` and `limit` are for iterators; a cursor goes as its user moves it. */
export function openCursor(engine: ReadEngine, family: ReadFamily, range: RangeOptions = {}): Cursor {
  return new Cursor(openReader(engine, family, keyBounds(range), range))
}

export function entries(
  engine: ReadEngine,
  family: ReadFamily,
  range: RangeOptions = {},
): Entries<[Uint8Array, Uint8Array]> {
  return scan(engine, family, range, visible => [takeKey(visible), takeValue(visible)])
}

export function keys(engine: ReadEngine, family: ReadFamily, range: RangeOptions = {}): Entries<Uint8Array> {
  return scan(engine, family, range, takeKey)
}

export function values(
  engine: ReadEngine,
  family: ReadFamily,
  range: RangeOptions = {},
): Entries<Uint8Array> {
  return scan(engine, family, range, takeValue)
}

function scan<Row>(
  engine: ReadEngine,
  family: ReadFamily,
  range: RangeOptions,
  take: (visible: VisibleCursor) => Row,
): Entries<Row> {
  const bounds = keyBounds(range)
  const limit = checkedLimit(range.limit)
  const open = () => openReader(engine, family, bounds, range)
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

function takeKey(visible: VisibleCursor): Uint8Array {
  return copyOut(visible.keyBytes, visible.keyStart, visible.keyEnd)
}

function takeValue(visible: VisibleCursor): Uint8Array {
  return copyOut(visible.valueBytes, visible.valueStart, visible.valueEnd)
}

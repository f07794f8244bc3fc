/**
 * What a Get does, in order: memtable, sealed memtables, level 0 from its newest file on, then one file of each
 * deeper level. The first entry met decides, because for one key everything in an earlier place is newer (I2). One that
 * is a merge operand does not: the search goes on with the next older version, in the same place first.
 *
 * `lookupKey` does this over what is in memory and says when a block is missing, or a value that is in a blob file; the
 * functions below it load that, with a promise or blocking, and go on.
 *
 * RocksDB: db/db_impl/db_impl.cc GetImpl; db/version_set.cc Version::Get
 */
import { commonPrefixLength, emptyBytes, prefixWord } from '@varve/format/bytes'
import { type Column, defaultRange, findDefaultColumn, withDefaultColumn } from '@varve/format/entity'
import { VarveError } from '@varve/format/errors'
import { type KeyOrder, ValueType } from '@varve/format/key'
import type { BlobFileCache } from '../blob/index.ts'
import { Step, type Wanted } from '../cursor/cursor.ts'
import { LookupState, PointLookup } from '../cursor/point-lookup.ts'
import { unsupportedEntry } from '../cursor/unsupported-entry.ts'
import { columnsOf } from '../entity/index.ts'
import { type Expiry, ReadMoment } from '../expiry/index.ts'
import type { Memtable } from '../memtable/index.ts'
import { fullMerge } from '../merge/index.ts'
import { type TableCache, tableWaitedFor } from '../table/index.ts'
import type { FileMeta } from '../version/file-meta.ts'
import { coversUserKey, findFile } from '../version/version.ts'
import { type Bytes, keyBytes } from './arguments.ts'
import { copyOut } from './copy-out.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import type { Snapshot } from './snapshots.ts'
import type { SuperVersion } from './super-version.ts'
import { getAt, getEntityAt, refuseTimestamp } from './timestamped-reads.ts'

export interface ReadOptions {
  /** Reads what was there when the snapshot was taken. Default: what is there now. */
  snapshot?: Snapshot
  /** Whether blocks that are read enter the block cache. Default true. */
  fillCache?: boolean
  /**
   * In a column family whose keys have timestamps: reads the newest version of each key that is not newer than this.
   * Default: the newest.
   */
  timestamp?: number | bigint
}

/** What reading needs of an engine and of a column family. */
export type ReadEngine = Pick<
  Engine,
  'tables' | 'blobs' | 'pace' | 'runtime' | 'statistics' | 'lastSequence' | 'openReaders' | 'refuseUnlessOpen'
>
export type ReadFamily = Pick<
  Family,
  'superVersion' | 'isDropped' | 'name' | 'merge' | 'prefixExtractor' | 'expiry' | 'order'
>

/** Where blocks and values are found. */
type OpenedFiles = Pick<Engine, 'tables' | 'blobs'>

/**
 * `moved`: `lookup.state` is the answer. `ended`: the key is nowhere. `needsBlock`: load `lookup.wanted`, then
 * repeat; the search goes on where it stopped.
 */
export function lookupKey(state: SuperVersion, { tables, blobs }: OpenedFiles, lookup: PointLookup): Step {
  if (lookup.resumeLevel < 0) {
    if (lookupMemtables(state, lookup))
      return lookup.state === LookupState.blob ? wantBlob(state, blobs, lookup) : Step.moved
    lookup.resumeLevel = 0
  }
  const { levels } = state.version
  for (let level = lookup.resumeLevel; level < levels.length; level++) {
    const files = levels[level]
    if (files.length === 0) continue
    const step = level === 0 ? lookupLevel0(files, tables, lookup) : lookupLevel(files, tables, lookup)
    if (step === Step.ended) continue
    if (lookup.state === LookupState.blob) return wantBlob(state, blobs, lookup)
    lookup.resumeLevel = level
    return step
  }
  if (lookup.blob === undefined) return Step.ended
  return lookup.takeBlob() ? Step.moved : Step.needsBlock
}

/** All that is left is to read the value from its blob file. */
function wantBlob(state: SuperVersion, blobs: BlobFileCache, lookup: PointLookup): Step {
  // What operands are merged into has to be read in any case.
  if (!lookup.readsBlobs && lookup.operands.length === 0) return Step.moved
  const { bytes, start, end, valueBytes, valueStart, valueEnd } = lookup
  lookup.blob = blobs.request(state.version, bytes, start, end, valueBytes, valueStart, valueEnd)
  lookup.wanted = lookup.blob
  lookup.resumeLevel = state.version.levels.length
  return Step.needsBlock
}

function lookupMemtables(state: SuperVersion, lookup: PointLookup): boolean {
  if (lookupMemtable(state.memtable, lookup)) return true
  for (let i = 0; i < state.sealed.length; i++) if (lookupMemtable(state.sealed[i], lookup)) return true
  return false
}

function lookupMemtable(memtable: Memtable, lookup: PointLookup): boolean {
  while (memtable.get(lookup)) if (lookup.isSettled) return true
  return false
}

function lookupLevel0(files: readonly FileMeta[], tables: TableCache, lookup: PointLookup): Step {
  for (let i = lookup.resumeFile; i < files.length; i++) {
    if (!coversUserKey(files[i], lookup)) continue
    const step = lookupFile(files[i], tables, lookup)
    if (step === Step.ended) continue
    lookup.resumeFile = i
    return step
  }
  return Step.ended
}

/**
 * One file at most can have the next version, though a key's versions may lie in two: `findFile` compares internal
 * keys, so it passes over a file whose last version of the key is too new for this reader.
 */
function lookupLevel(files: readonly FileMeta[], tables: TableCache, lookup: PointLookup): Step {
  for (let searched = -1; ; ) {
    const i = findFile(files, lookup)
    if (i === searched || i === files.length || !coversUserKey(files[i], lookup)) return Step.ended
    const step = lookupFile(files[i], tables, lookup)
    if (step !== Step.ended || lookup.state !== LookupState.merging) return step
    // What is below the operands may be in the next file.
    searched = i
  }
}

function lookupFile(file: FileMeta, tables: TableCache, lookup: PointLookup): Step {
  for (;;) {
    const table = file.table ?? tableWaitedFor(lookup.wanted, file)
    if (table === undefined) {
      lookup.wanted = tables.opening(file)
      return Step.needsBlock
    }
    const step = table.get(lookup)
    if (step !== Step.moved || lookup.isSettled) return step
  }
}

/** Keys that are looked up in one turn of the event loop: about a millisecond where each takes a read. */
const KEYS_A_TURN = 256

/** For the next lookup; one that has to wait keeps it and leaves a new one. */
let spare = new PointLookup()

function begin(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options: ReadOptions | undefined,
): PointLookup {
  engine.refuseUnlessOpen()
  const bytes = keyBytes(key)
  if (options?.timestamp !== undefined) refuseTimestamp(family, options)
  const lookup = spare
  lookup.order = usableOrder(family)
  lookup.begin(bytes, 0, bytes.length, sequenceOf(engine, options))
  lookup.fillCache = options?.fillCache !== false
  lookup.readsBlobs = true
  if (family.expiry !== undefined) lookup.now = momentOf(engine, options)
  return lookup
}

/** The time that a read with `options` reads at: entries that are over by then are not there. */
export function momentOf(engine: Pick<ReadEngine, 'runtime'>, options: ReadOptions | undefined): number {
  return options?.snapshot?.takenAt ?? engine.runtime.clock.now()
}

/** The order of a family's keys. Throws when they may not be in it: see `KeyOrder.failure`. */
export function usableOrder({ order }: ReadFamily): KeyOrder {
  if (order.failure !== undefined) throw order.failure
  return order
}

/** The sequence that a read with `options` reads at. */
export function sequenceOf(engine: ReadEngine, options: ReadOptions | undefined): number {
  const snapshot = options?.snapshot
  if (snapshot === undefined) return engine.lastSequence
  if (snapshot.isOpen) return snapshot.sequence
  throw new VarveError('INVALID_ARGUMENT', 'the snapshot is closed: what it saw may be gone', {
    option: 'snapshot',
  })
}

export function getSync(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Uint8Array | undefined {
  if (family.order.timestampSize > 0) return getAt(engine, family, key, options)
  const lookup = begin(engine, family, key, options)
  const { superVersion } = family
  while (lookupKey(superVersion, engine, lookup) === Step.needsBlock) lookup.wanted?.loadSync()
  return takeValue(engine, family, lookup)
}

/** Looks a key up with what is in memory and with blocks that are read quickly. */
function lookupQuickly(engine: ReadEngine, state: SuperVersion, lookup: PointLookup): Step {
  let step = lookupKey(state, engine, lookup)
  while (step === Step.needsBlock && lookup.wanted !== undefined && loadsNow(engine, lookup.wanted)) {
    step = lookupKey(state, engine, lookup)
  }
  return step
}

/** Loads something at once, if that is likely to be quick: opening a table is not. */
export function loadsNow(engine: Pick<ReadEngine, 'pace'>, wanted: Wanted): boolean {
  return wanted.isOneRead && engine.pace.attempt(() => wanted.loadSync())
}

/** Waits for a file only when that takes long: see `InlinePace`. */
export async function get(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Promise<Uint8Array | undefined> {
  return getPromptly(engine, family, key, options)
}

/** As `get`, with a promise only when there is something to wait for, and errors thrown when there is not. */
export function getPromptly(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Uint8Array | undefined | Promise<Uint8Array | undefined> {
  if (family.order.timestampSize > 0) return getAt(engine, family, key, options)
  const lookup = begin(engine, family, key, options)
  const { superVersion } = family
  if (lookupQuickly(engine, superVersion, lookup) === Step.needsBlock) {
    return finish(engine, family, superVersion, lookup, takeValue)
  }
  return takeValue(engine, family, lookup)
}

/** As `get`, with all columns of an entity. */
export async function getEntity(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Promise<Column[] | undefined> {
  if (family.order.timestampSize > 0) return getEntityAt(engine, family, key, options)
  const lookup = begin(engine, family, key, options)
  const { superVersion } = family
  if (lookupQuickly(engine, superVersion, lookup) === Step.needsBlock) {
    return finish(engine, family, superVersion, lookup, takeColumns)
  }
  return takeColumns(engine, family, lookup)
}

export async function has(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Promise<boolean> {
  if (family.order.timestampSize > 0) return getAt(engine, family, key, options) !== undefined
  const lookup = begin(engine, family, key, options)
  // What is over is not there, and only the value tells.
  lookup.readsBlobs = family.expiry !== undefined
  const { superVersion } = family
  if (lookupQuickly(engine, superVersion, lookup) === Step.needsBlock) {
    return finish(engine, family, superVersion, lookup, isFound)
  }
  return isFound(engine, family, lookup)
}

/**
 * Loads what a lookup waits for until it is over, and gives what `take` makes of it. That is done at once: by the
 * next turn the block of the value may be another.
 */
async function finish<Result>(
  engine: ReadEngine,
  family: ReadFamily,
  state: SuperVersion,
  lookup: PointLookup,
  take: (engine: ReadEngine, family: ReadFamily, lookup: PointLookup) => Result,
): Promise<Result> {
  spare = new PointLookup()
  state.ref()
  try {
    // The caller may change its key while this waits.
    lookup.keepKey()
    let step: Step = Step.needsBlock
    while (step === Step.needsBlock && lookup.wanted !== undefined) {
      if (engine.pace.isTurnOver) await engine.runtime.nextTurn()
      if (!loadsNow(engine, lookup.wanted)) await lookup.wanted.load()
      step = lookupKey(state, engine, lookup)
    }
    return take(engine, family, lookup)
  } finally {
    state.unref()
  }
}

/** All of one moment. Keys are looked up in about their order, so neighbours share a block. */
export async function getMany(
  engine: ReadEngine,
  family: ReadFamily,
  keys: readonly Bytes[],
  options?: ReadOptions,
): Promise<(Uint8Array | undefined)[]> {
  engine.refuseUnlessOpen()
  if (family.order.timestampSize > 0) return keys.map(key => getAt(engine, family, key, options))
  const state = family.superVersion.ref()
  try {
    const sequence = sequenceOf(engine, options)
    const fillCache = options?.fillCache !== false
    const now = family.expiry === undefined ? 0 : momentOf(engine, options)
    const turns = engine.pace.isTurnOver || keys.length > KEYS_A_TURN
    // The caller may change its keys while others get their turn.
    const wanted = keys.map(key => (turns ? new Uint8Array(keyBytes(key)) : keyBytes(key)))
    refuseTimestamp(family, options)
    const order = usableOrder(family)
    const places = roughOrder(wanted)
    const values = new Array<Uint8Array | undefined>(keys.length).fill(undefined)
    const waiting: Promise<void>[] = []
    const keepLater = async (index: number, value: Promise<Uint8Array | undefined>): Promise<void> => {
      values[index] = await value
    }
    for (let start = 0; start < places.length; start += KEYS_A_TURN) {
      if (start > 0 || turns) await engine.runtime.nextTurn()
      const end = Math.min(start + KEYS_A_TURN, places.length)
      for (let i = start; i < end; i++) {
        const index = places[i]
        const lookup = spare
        lookup.order = order
        lookup.begin(wanted[index], 0, wanted[index].length, sequence)
        lookup.fillCache = fillCache
        lookup.readsBlobs = true
        lookup.now = now
        if (lookupQuickly(engine, state, lookup) !== Step.needsBlock)
          values[index] = takeValue(engine, family, lookup)
        else waiting.push(keepLater(index, finish(engine, family, state, lookup, takeValue)))
      }
    }
    // Each is waited for, also when one fails: they read what this holds.
    for (const outcome of await Promise.allSettled(waiting)) {
      if (outcome.status === 'rejected') throw outcome.reason
    }
    return values
  } finally {
    state.unref()
  }
}

/** A copy of the value that was found, which the caller may keep. */
function takeValue(engine: ReadEngine, family: ReadFamily, lookup: PointLookup): Uint8Array | undefined {
  const { statistics } = engine
  statistics.keysRead++
  if (family.expiry !== undefined) return takeLiving(engine, family, family.expiry, lookup)?.value
  if (lookup.operands.length > 0) return takeMerged(engine, family, lookup)
  if (lookup.state !== LookupState.value) return undefined
  if (lookup.isEntity) narrowToDefault(lookup)
  statistics.keysFound++
  statistics.bytesRead += lookup.valueEnd - lookup.valueStart
  // Read for this lookup, and nobody else's.
  if (lookup.blob !== undefined) return lookup.valueBytes
  return copyOut(lookup.valueBytes, lookup.valueStart, lookup.valueEnd)
}

/** Of an entity a plain read sees the default column, or nothing of it. */
function narrowToDefault(lookup: PointLookup): void {
  findDefaultColumn(lookup.valueBytes, lookup.valueStart, lookup.valueEnd)
  lookup.valueStart = defaultRange.start
  lookup.valueEnd = defaultRange.end
}

/** Copies of the columns that were found. */
function takeColumns(engine: ReadEngine, family: ReadFamily, lookup: PointLookup): Column[] | undefined {
  const isEntity = lookup.state === LookupState.value && lookup.isEntity
  if (!isEntity) {
    const value = takeValue(engine, family, lookup)
    return value === undefined ? undefined : [[emptyBytes, value]]
  }
  const columns = columnsOf(lookup.valueBytes, lookup.valueStart, lookup.valueEnd, true)
  const value = takeValue(engine, family, lookup) as Uint8Array
  return lookup.operands.length > 0 ? withDefaultColumn(columns, value) : columns
}

/** What the operands make of what lies below them. */
function takeMerged(engine: ReadEngine, family: ReadFamily, lookup: PointLookup): Uint8Array {
  if (lookup.state === LookupState.value && lookup.isEntity) narrowToDefault(lookup)
  const { state, bytes, start, end, valueBytes, valueStart, valueEnd, operands } = lookup
  const existing = state === LookupState.value ? valueBytes.subarray(valueStart, valueEnd) : undefined
  const merged = fullMerge(family.merge, bytes.subarray(start, end), existing, operands.reverse())
  engine.statistics.keysFound++
  engine.statistics.bytesRead += merged.length
  // An operator may give back what it was given.
  return copyOut(merged, 0, merged.length)
}

/** A value and when it is over, in milliseconds since 1970; undefined: never. */
export interface LivingValue {
  value: Uint8Array
  expiresAt: number | undefined
}

/** What was found in a family whose entries expire, unless it is over. */
function takeLiving(
  { statistics }: ReadEngine,
  family: ReadFamily,
  expiry: Expiry,
  lookup: PointLookup,
): LivingValue | undefined {
  const moment = new ReadMoment(expiry, lookup.now)
  const found = livingOf(family, moment, lookup)
  if (found === undefined) return undefined
  const { bytes, start, end } = found
  const value = copyOut(bytes, start, end - moment.stampLength)
  statistics.keysFound++
  statistics.bytesRead += value.length
  return { value, expiresAt: moment.expiresAt(bytes, start, end) }
}

/** The value that is to be seen, with its stamp: bytes[start..end). */
function livingOf(
  { merge }: ReadFamily,
  moment: ReadMoment,
  { state, isEntity, operands, bytes: key, start, end, valueBytes, valueStart, valueEnd }: PointLookup,
): { bytes: Uint8Array; start: number; end: number } | undefined {
  const isValue = state === LookupState.value
  if (isValue && isEntity) throw unsupportedEntry(ValueType.WideColumnEntity)
  if (operands.length === 0) {
    if (!isValue || !moment.sees(valueBytes, valueStart, valueEnd)) return undefined
    return { bytes: valueBytes, start: valueStart, end: valueEnd }
  }
  const existing = isValue ? valueBytes.subarray(valueStart, valueEnd) : undefined
  const merged = moment.merge(merge, key.subarray(start, end), existing, operands.reverse())
  return merged && { bytes: merged, start: 0, end: merged.length }
}

/** As `get`, with the time when it is over; in any family. */
export async function getLiving(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Promise<LivingValue | undefined> {
  if (family.order.timestampSize > 0) {
    const value = getAt(engine, family, key, options)
    return value && { value, expiresAt: undefined }
  }
  const lookup = begin(engine, family, key, options)
  const { superVersion } = family
  const take = (): LivingValue | undefined => {
    if (family.expiry !== undefined) {
      engine.statistics.keysRead++
      return takeLiving(engine, family, family.expiry, lookup)
    }
    const value = takeValue(engine, family, lookup)
    return value && { value, expiresAt: undefined }
  }
  if (lookupQuickly(engine, superVersion, lookup) === Step.needsBlock)
    return finish(engine, family, superVersion, lookup, take)
  return take()
}

function isFound(engine: ReadEngine, family: ReadFamily, lookup: PointLookup): boolean {
  engine.statistics.keysRead++
  if (family.expiry !== undefined)
    return livingOf(family, new ReadMoment(family.expiry, lookup.now), lookup) !== undefined
  const { state, operands } = lookup
  return state === LookupState.value || state === LookupState.blob || operands.length > 0
}

/** Numbers up to here can be told apart. */
const NUMBER_BITS = 53

/**
 * The indexes of the keys, ordered by the first bytes in which they differ. That is enough for neighbours to meet, and numbers are
 * sorted quicker than keys: 100 of them in 8 us instead of 21.
 *
 *     number := (four bytes behind what all keys share) << bits | index
 */
function roughOrder(keys: readonly Uint8Array[]): Float64Array {
  const [first] = keys
  let shared = first?.length ?? 0
  for (const key of keys) shared = commonPrefixLength(first, 0, shared, key, 0, key.length)
  const indexBits = Math.ceil(Math.log2(keys.length))
  const places = 2 ** indexBits
  const coarse = 2 ** Math.max(0, indexBits + 32 - NUMBER_BITS)
  const order = new Float64Array(keys.length)
  for (let i = 0; i < keys.length; i++) {
    const word = prefixWord(keys[i], shared, keys[i].length)
    order[i] = Math.floor(word / coarse) * places + i
  }
  order.sort()
  for (let i = 0; i < order.length; i++) order[i] %= places
  return order
}

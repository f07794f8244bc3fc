/**
 * The public face of an open database: a table of contents. Each method names the path that does the work.
 */
import { encodeUtf8, hashBytes } from '@varve/format/bytes'
import type { Column } from '@varve/format/entity'
import type { VarveError } from '@varve/format/errors'
import { type BatchOperation, batchOf, type ColumnFamilyReference, WriteBatch } from '../batch/index.ts'
import type { Columns } from '../entity/index.ts'
import type { Lifetime } from '../expiry/index.ts'
import type {
  ColumnFamilyOptions,
  MutableColumnFamilyOptions,
  MutableDatabaseOptions,
  WriteOptions,
} from '../options/index.ts'
import { closeViews, type IndexDefinitions, openView, type View, type ViewOptions } from '../view/index.ts'
import { approximateSizes, type KeyRange, type LiveFile, liveFiles } from './approximate-sizes.ts'
import type { Bytes } from './arguments.ts'
import { type BlobStats, blobStats } from './blob-stats.ts'
import { close } from './close.ts'
import { ColumnFamily } from './column-family.ts'
import { createColumnFamily, dropColumnFamily } from './column-family-changes.ts'
import { type CompactOptions, compact } from './compact.ts'
import { type CompactFilesOptions, compactFiles, type TableReference } from './compact-files.ts'
import { type DeletedFiles, type DeleteFilesOptions, deleteFilesInRanges } from './delete-files.ts'
import type { Engine } from './engine.ts'
import type { DatabaseEvents } from './events.ts'
import type { Family } from './family.ts'
import { flush } from './flush.ts'
import { getMany } from './get-many.ts'
import type { LivingValue } from './lookup-result.ts'
import { property } from './properties.ts'
import { get, getEntity, getLiving, getPromptly, getSync, has, type ReadOptions } from './read-path.ts'
import { resume } from './resume.ts'
import {
  type Cursor,
  type Entries,
  entities,
  entries,
  keys,
  type LivingEntry,
  livingEntries,
  openCursor,
  type RangeOptions,
  values,
} from './scan.ts'
import { getOptions, type OptionsInForce, setDBOptions, setOptions } from './set-options.ts'
import type { Snapshot } from './snapshots.ts'
import type { StatisticsReport } from './statistics.ts'
import { deleteRange, merge, put, putEntity, remove, singleDelete, write } from './write-path.ts'

/** What names the column family of a call: its handle or its name. Absent, the default family. */
export interface InColumnFamily {
  columnFamily?: ColumnFamilyReference | string
}

/**
 * An open database. Every method may be called at any time; calls on a closed one fail with `NOT_OPEN`. Keys and
 * values are bytes or strings, which stand for their UTF-8. Returned arrays belong to the caller; like Node's
 * Buffers, short ones may share their `buffer` with others.
 */
export class Database {
  private readonly engine: Engine

  /** Use `open`. */
  constructor(engine: Engine) {
    this.engine = engine
  }

  get path(): string {
    return this.engine.path
  }

  get isOpen(): boolean {
    return this.engine.state === 'open'
  }

  get isReadOnly(): boolean {
    return this.engine.isReadOnly
  }

  /**
   * Sets a value. The promise settles when the write is as durable as was asked for, and visible. With `expiringKeys` it may
   * have a time to live; see `Lifetime`.
   */
  put(key: Bytes, value: Bytes, options?: WriteOptions & Lifetime & InColumnFamily): Promise<void> {
    return settle(() => put(this.engine, this.family(options), key, value, options))
  }

  /** Removes a key; nothing happens when it does not exist. */
  delete(key: Bytes, options?: WriteOptions & InColumnFamily): Promise<void> {
    return settle(() => remove(this.engine, this.family(options), key, options))
  }

  /**
   * Removes a key that has been put once, or not at all, since it was last deleted. Cheaper than `delete` in RocksDB;
   * here it only keeps that promise in the file. On a key that was put twice it acts as `delete`, and RocksDB, if it
   * compacts the file, may bring an older value back.
   */
  singleDelete(key: Bytes, options?: WriteOptions & InColumnFamily): Promise<void> {
    return settle(() => singleDelete(this.engine, this.family(options), key, options))
  }

  /**
   * Removes all keys from `start` to before `end` at once, however many there are. Throws `INVALID_ARGUMENT` when `end`
   * is before `start`; nothing happens when they are equal.
   */
  deleteRange(start: Bytes, end: Bytes, options?: WriteOptions & InColumnFamily): Promise<void> {
    return settle(() => deleteRange(this.engine, this.family(options), start, end, options))
  }

  /**
   * Merges an operand into the value of a key, without reading it: see the option `mergeOperator`. Throws
   * `INVALID_ARGUMENT` where the column family has none.
   */
  merge(key: Bytes, operand: Bytes, options?: WriteOptions & Lifetime & InColumnFamily): Promise<void> {
    return settle(() => merge(this.engine, this.family(options), key, operand, options))
  }

  /**
   * Writes a value of named columns: see `getEntity`. What `get` reads of it is the column without a name, and nothing of
   * it, an empty value, where it has none. Throws `INVALID_ARGUMENT` where two columns have one name.
   */
  putEntity(key: Bytes, columns: Columns, options?: WriteOptions & InColumnFamily): Promise<void> {
    return settle(() => putEntity(this.engine, this.family(options), key, columns, options))
  }

  /** Applies all operations or none, also across column families. */
  write(batch: WriteBatch | readonly BatchOperation[], options?: WriteOptions): Promise<void> {
    return settle(() => {
      const whole = batch instanceof WriteBatch ? batch : batchOf(batch, named => this.named(named))
      return write(this.engine, whole, options)
    })
  }

  /** The value of a key, or undefined. What has to come from a disk is read in the background. */
  get(key: Bytes, options?: ReadOptions & InColumnFamily): Promise<Uint8Array | undefined> {
    return settle(() => get(this.engine, this.family(options), key, options))
  }

  /** @internal A number that others cannot guess, for hash tables whose keys they choose. */
  get hashSeed(): number {
    const id = encodeUtf8(this.engine.sessionId)
    return hashBytes(id, 0, id.length)
  }

  /** @internal As `get`, with a promise only when there is something to wait for, and errors thrown when there is not. */
  getPromptly(key: Bytes, options: InColumnFamily): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    return getPromptly(this.engine, this.family(options), key)
  }

  /** The value of a key, or undefined. Blocks the event loop while it reads what is not in memory. */
  getSync(key: Bytes, options?: ReadOptions & InColumnFamily): Uint8Array | undefined {
    return getSync(this.engine, this.family(options), key, options)
  }

  /** The values of many keys, in their order, all of one moment. */
  getMany(
    keys: readonly Bytes[],
    options?: ReadOptions & InColumnFamily,
  ): Promise<(Uint8Array | undefined)[]> {
    return settle(() => getMany(this.engine, this.family(options), keys, options))
  }

  /** The value of a key and when it is over; undefined when there is none. In families where nothing expires, too. */
  getLiving(key: Bytes, options?: ReadOptions & InColumnFamily): Promise<LivingValue | undefined> {
    return settle(() => getLiving(this.engine, this.family(options), key, options))
  }

  /** The columns of a key's value, in order of their names, or undefined. A plain value is one column without a name. */
  getEntity(key: Bytes, options?: ReadOptions & InColumnFamily): Promise<Column[] | undefined> {
    return settle(() => getEntity(this.engine, this.family(options), key, options))
  }

  /** Whether a key exists. */
  has(key: Bytes, options?: ReadOptions & InColumnFamily): Promise<boolean> {
    return settle(() => has(this.engine, this.family(options), key, options))
  }

  /** A cursor over a range, standing on no entry yet. Close it: it keeps what it reads from being removed. */
  cursor(range?: RangeOptions & InColumnFamily): Cursor {
    return openCursor(this.engine, this.family(range), range)
  }

  /** The entries of a range as they are now, whatever is written meanwhile. */
  entries(range?: RangeOptions & InColumnFamily): Entries<[Uint8Array, Uint8Array]> {
    return entries(this.engine, this.family(range), range)
  }

  /** As `entries`, with the time when each is over. */
  livingEntries(range?: RangeOptions & InColumnFamily): Entries<LivingEntry> {
    return livingEntries(this.engine, this.family(range), range)
  }

  /** As `entries`, with all columns of each value: see `getEntity`. */
  entities(range?: RangeOptions & InColumnFamily): Entries<[Uint8Array, Column[]]> {
    return entities(this.engine, this.family(range), range)
  }

  keys(range?: RangeOptions & InColumnFamily): Entries<Uint8Array> {
    return keys(this.engine, this.family(range), range)
  }

  values(range?: RangeOptions & InColumnFamily): Entries<Uint8Array> {
    return values(this.engine, this.family(range), range)
  }

  /** The present moment, to read from later. Close it: it keeps old versions from being compacted away. */
  snapshot(): Snapshot {
    this.engine.refuseUnlessOpen()
    return this.engine.snapshots.take(this.engine.lastSequence, this.engine.runtime.clock.now())
  }

  /** The column family of that name, created when it does not exist. */
  async columnFamily(name: string, options?: ColumnFamilyOptions): Promise<ColumnFamily> {
    this.engine.refuseUnlessOpen()
    const family =
      this.engine.familiesByName.get(name) ?? (await createColumnFamily(this.engine, name, options))
    return new ColumnFamily(this, family)
  }

  /**
   * The column family of that name as rows of a key and a value with a type, with indexes over the values; created
   * when it does not exist. Open once at a time: `ALREADY_EXISTS`.
   */
  view<Key, Value, Prefix = never, const Indexes extends IndexDefinitions<Value> = Record<never, never>>(
    name: string,
    options: ViewOptions<Key, Value, Prefix, Indexes>,
  ): Promise<View<Key, Value, Prefix, Indexes>> {
    return openView(this, name, options)
  }

  /** Whether entries of the column family can have a time to live of their own, as `expiringKeys` lets them. */
  hasExpiringKeys(options?: InColumnFamily): boolean {
    return this.family(options).expiry?.source.kind === 'keys'
  }

  columnFamilyNames(): string[] {
    return [...this.engine.familiesByName.keys()]
  }

  /** Removes a column family and everything in it. */
  dropColumnFamily(name: string): Promise<void> {
    return dropColumnFamily(this.engine, name)
  }

  /** Writes the memtables of a column family, or of all, to table files. */
  async flush(options?: InColumnFamily): Promise<void> {
    return flush(this.engine, options?.columnFamily === undefined ? undefined : [this.family(options)])
  }

  /** Flushes, then rewrites a range of a column family into its last level. */
  async compact(options?: CompactOptions & InColumnFamily): Promise<void> {
    return compact(this.engine, this.family(options), options)
  }

  /**
   * Compacts tables, by number as `liveFiles` has it or by name, into a level, and gives the numbers of the new ones.
   * Tables that must go along go along. Throws `INVALID_ARGUMENT` for what cannot be compacted so, `ABORTED` where
   * a running compaction is in the way.
   */
  async compactFiles(
    files: readonly TableReference[],
    outputLevel: number,
    options?: CompactFilesOptions & InColumnFamily,
  ): Promise<number[]> {
    return compactFiles(this.engine, this.family(options), files, outputLevel, options)
  }

  /**
   * Starts no flush and no compaction until `continueBackgroundWork` has been called as often; settles when none runs.
   * Writes go on until the memtables are full, and then wait, as `flush` does.
   */
  async pauseBackgroundWork(): Promise<void> {
    this.engine.refuseUnlessOpen()
    return this.engine.background.pause()
  }

  continueBackgroundWork(): void {
    this.engine.refuseUnlessOpen()
    this.engine.background.continue()
  }

  /**
   * Stops `compact` and `compactFiles`, which fail with `ABORTED`, and refuses new calls until `enableManualCompaction`
   * has been called as often; settles when none runs.
   */
  async disableManualCompaction(): Promise<void> {
    this.engine.refuseUnlessOpen()
    return this.engine.manual.disable()
  }

  enableManualCompaction(): void {
    this.engine.refuseUnlessOpen()
    this.engine.manual.enable()
  }

  /** The options in force: those of the database and those of a column family, complete. */
  getOptions(options?: InColumnFamily): OptionsInForce {
    return getOptions(this.engine, this.family(options))
  }

  /**
   * Changes options of a column family while it is open, for this opening and in the OPTIONS file. Throws
   * `INVALID_ARGUMENT` for a value that `open` would refuse and for an option that cannot be changed. What the options
   * decide goes by them at once: triggers and limits, write stalls, memtables and tables begun from now on.
   */
  setOptions(changes: MutableColumnFamilyOptions, options?: InColumnFamily): Promise<void> {
    return settle(() => setOptions(this.engine, this.family(options), changes))
  }

  /** The same for options of the whole database. */
  setDBOptions(changes: MutableDatabaseOptions): Promise<void> {
    return settle(() => setDBOptions(this.engine, changes))
  }

  /**
   * Removes the tables below level 0 that lie wholly within a range, to give space back at once. Keys elsewhere in the
   * ranges stay, and older versions may come to light again: see docs/guide/options.md, and `deleteRange` first.
   */
  async deleteFilesInRanges(
    ranges: readonly KeyRange[],
    options?: DeleteFilesOptions & InColumnFamily,
  ): Promise<DeletedFiles> {
    return deleteFilesInRanges(this.engine, this.family(options), ranges, options)
  }

  /** About how many bytes of table files lie in each range. */
  approximateSizes(ranges: readonly KeyRange[], options?: InColumnFamily): number[] {
    return approximateSizes(this.engine, this.family(options), ranges)
  }

  /** The live table files, level by level. */
  liveFiles(): LiveFile[] {
    return liveFiles(this.engine)
  }

  /** A property by RocksDB's name, such as `rocksdb.num-files-at-level0`; undefined when there is none. */
  property(name: string, options?: InColumnFamily): string | undefined {
    return property(this.engine, this.family(options), name)
  }

  /** What the blob files of a column family hold, and how much of it is garbage. */
  blobStats(options?: InColumnFamily): BlobStats {
    return blobStats(this.family(options))
  }

  /** Counters since the database was opened, and the bytes in memory now. */
  statistics(): StatisticsReport {
    const { cache, families, statistics, tables } = this.engine
    let memtableUsage = 0
    for (const family of families.values()) memtableUsage += family.memoryUsage
    return {
      ...statistics,
      blockCacheHits: cache.hits,
      blockCacheMisses: cache.misses,
      blockCacheUsage: cache.usage,
      tableReadersUsage: tables.memoryUsage,
      memtableUsage,
    }
  }

  /** Registers a listener and returns what takes it off again. */
  on<Name extends keyof DatabaseEvents>(
    name: Name,
    listener: (event: DatabaseEvents[Name]) => void,
  ): () => void {
    return this.engine.events.on(name, listener)
  }

  /** The error that stopped writing, if one did. Reading goes on. */
  get backgroundError(): VarveError | undefined {
    return this.engine.backgroundError
  }

  /** Goes on writing after `backgroundError`, with new files. Fails when the cause is still there. */
  resume(): Promise<void> {
    return resume(this.engine)
  }

  /**
   * Settles in the next turn of the event loop, after the input and output that is ready: what a long piece of work
   * waits for now and then, since promises alone let nobody else have a turn.
   */
  nextTurn(): Promise<void> {
    return this.engine.runtime.nextTurn()
  }

  /** Finishes the writes that were made, closes views, cursors and files and gives up the lock. Later calls do nothing. */
  close(): Promise<void> {
    const views = closeViews(this)
    return views === undefined ? close(this.engine) : views.then(() => close(this.engine))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private family(options: InColumnFamily | undefined): Family {
    this.engine.refuseUnlessOpen()
    return this.named(options?.columnFamily)
  }

  private named(reference: ColumnFamilyReference | string | undefined): Family {
    if (reference === undefined) return this.engine.familyById(0)
    return typeof reference === 'string'
      ? this.engine.familyByName(reference)
      : this.engine.familyById(reference.id)
  }
}

/**
 * A method that returns a promise reports every error through it. An `async` method would do the same and cost
 * three more turns of the microtask queue for each call.
 */
function settle<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}

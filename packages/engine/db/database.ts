/**
 * The public face of an open database: a table of contents. Each method names the path that does the work.
 */
import type { VarveError } from '@varve/format/errors'
import { type BatchOperation, batchOf, type ColumnFamilyReference, WriteBatch } from '../batch/index.ts'
import type { ColumnFamilyOptions, WriteOptions } from '../options/index.ts'
import { closeViews, type IndexDefinitions, openView, type View, type ViewOptions } from '../view/index.ts'
import { approximateSizes, type KeyRange, type LiveFile, liveFiles } from './approximate-sizes.ts'
import type { Bytes } from './arguments.ts'
import { close } from './close.ts'
import { ColumnFamily } from './column-family.ts'
import { createColumnFamily, dropColumnFamily } from './column-family-changes.ts'
import { type CompactOptions, compact } from './compact.ts'
import type { Engine } from './engine.ts'
import type { DatabaseEvents } from './events.ts'
import type { Family } from './family.ts'
import { flush } from './flush.ts'
import { property } from './properties.ts'
import { get, getMany, getSync, has, type ReadOptions } from './read-path.ts'
import { resume } from './resume.ts'
import { type Cursor, type Entries, entries, keys, openCursor, type RangeOptions, values } from './scan.ts'
import type { Snapshot } from './snapshots.ts'
import type { StatisticsReport } from './statistics.ts'
import { deleteRange, merge, put, remove, singleDelete, write } from './write-path.ts'

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

  /** Sets a value. The promise settles when the write is as durable as was asked for, and visible. */
  put(key: Bytes, value: Bytes, options?: WriteOptions & InColumnFamily): Promise<void> {
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
  merge(key: Bytes, operand: Bytes, options?: WriteOptions & InColumnFamily): Promise<void> {
    return settle(() => merge(this.engine, this.family(options), key, operand, options))
  }

  /** Applies all operations or none, also across column families. */
  async write(batch: WriteBatch | readonly BatchOperation[], options?: WriteOptions): Promise<void> {
    const whole = batch instanceof WriteBatch ? batch : batchOf(batch, named => this.named(named))
    return write(this.engine, whole, options)
  }

  /** The value of a key, or undefined. What has to come from a disk is read in the background. */
  get(key: Bytes, options?: ReadOptions & InColumnFamily): Promise<Uint8Array | undefined> {
    return settle(() => get(this.engine, this.family(options), key, options))
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

  keys(range?: RangeOptions & InColumnFamily): Entries<Uint8Array> {
    return keys(this.engine, this.family(range), range)
  }

  values(range?: RangeOptions & InColumnFamily): Entries<Uint8Array> {
    return values(this.engine, this.family(range), range)
  }

  /** The present moment, to read from later. Close it: it keeps old versions from being compacted away. */
  snapshot(): Snapshot {
    this.engine.refuseUnlessOpen()
    return this.engine.snapshots.take(this.engine.lastSequence)
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

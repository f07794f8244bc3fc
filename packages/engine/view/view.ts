/**
 * A view: a column family whose keys and values have types, with indexes over the values. A table of contents, as
 * `Database` is: each method names the path that does the work.
 *
 *     const users = await db.view('users', {
 *       key: tuple<[country: string, id: number]>(),
 *       value: json<User>(),
 *       indexes: { byAge: { on: 'age' }, byEmail: { on: 'email', unique: true } },
 *     })
 *     await users.put(['pt', 7], { name: 'Ada', age: 36, email: 'ada@example.org' })
 *     for await (const [key, user] of users.query('byAge', { gte: 30, lt: 40 })) ...
 */
import { VarveError } from '@varve/format/errors'
import type { ColumnFamily, Lifetime, RangeOptions, ReadOptions, WriteOptions } from '../index.ts'
import type { KeyCodec } from './codec.ts'
import type { BuildOptions } from './index-build.ts'
import { dropIndex, finishIndexes, type IndexStatus, indexStatuses, rebuildIndex } from './index-changes.ts'
import type { CoveredOf, IndexDefinitions } from './index-definition.ts'
import type { IndexedRows } from './indexed-rows.ts'
import { type QueryPlan, queryRows } from './query.ts'
import type { RowWrite } from './round.ts'
import { mapRows, type Rows } from './rows.ts'
import { submit } from './submit.ts'
import { type VerifyViewOptions, type ViewReport, verifyView } from './verify-view.ts'
import { living } from './view-batch.ts'
import type { QueryRange, ViewOperation, ViewOptions, ViewRange } from './view-options.ts'

/** A query as it is when its types have done their work. */
type AnyQuery = QueryPlan<unknown>['range'] & { keysOnly?: boolean; covering?: boolean }

export class View<Key, Value, Prefix, Indexes extends IndexDefinitions<Value>> {
  private readonly rows: IndexedRows
  private readonly keyCodec: KeyCodec<Key, Prefix>
  private readonly valueCodec: ViewOptions<Key, Value, Prefix, Indexes>['value']
  private readonly onClose: () => Promise<void>

  /** Use `Database.view`. */
  constructor(
    rows: IndexedRows,
    { key, value }: Pick<ViewOptions<Key, Value, Prefix, Indexes>, 'key' | 'value'>,
    onClose: () => Promise<void>,
  ) {
    this.rows = rows
    this.keyCodec = key
    this.valueCodec = value
    this.onClose = onClose
  }

  /** The name of the view, and of the column family of its rows. */
  get name(): string {
    return this.rows.name
  }

  get isOpen(): boolean {
    return this.rows.isOpen
  }

  /**
   * Sets a row and its index entries. `CONFLICT` when another row has its key in a unique index, `INVALID_ARGUMENT` for what
   * a codec or an index cannot take.
   */
  put(key: Key, value: Value, options?: WriteOptions & Lifetime): Promise<void> {
    try {
      return submit([living(this.prepareRow(key, value), options)], options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Removes a row and its index entries; nothing happens when it does not exist. */
  delete(key: Key, options?: WriteOptions): Promise<void> {
    try {
      return submit([this.prepare(key)], options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Makes all operations or none. Over several views: `ViewBatch`. */
  async write(operations: readonly ViewOperation<Key, Value>[], options?: WriteOptions): Promise<void> {
    const writes = operations.map(operation =>
      operation.type === 'put'
        ? living(this.prepare(operation.key, operation.value), operation)
        : this.prepare(operation.key),
    )
    if (writes.length > 0) await submit(writes, options)
  }

  /** An operation for `ViewBatch`: a row to be set, or removed when there is no value. */
  prepare(key: Key, ...value: [] | [Value]): RowWrite {
    if (value.length > 0) return this.prepareRow(key, value[0] as Value)
    const { rows } = this
    return { rows, key: this.keyCodec.encode(key), value: undefined, entries: rows.noEntryLists }
  }

  private prepareRow(key: Key, value: Value): RowWrite {
    const { rows } = this
    const keyBytes = this.keyCodec.encode(key)
    const stored = this.valueCodec.encode(value)
    const entries = rows.isIndexed ? rows.entryListsOfNew(keyBytes, value, stored) : rows.noEntryLists
    return { rows, key: keyBytes, value: stored, entries }
  }

  /** The value of a key, or undefined. */
  async get(key: Key, options?: ReadOptions): Promise<Value | undefined> {
    return this.decode(await this.family.get(this.keyCodec.encode(key), options))
  }

  /** The value of a key, or undefined. Blocks the event loop while it reads what is not in memory. */
  getSync(key: Key, options?: ReadOptions): Value | undefined {
    return this.decode(this.family.getSync(this.keyCodec.encode(key), options))
  }

  /** The values of many keys, in their order, all of one moment. */
  async getMany(keys: readonly Key[], options?: ReadOptions): Promise<(Value | undefined)[]> {
    const stored = await this.family.getMany(
      keys.map(key => this.keyCodec.encode(key)),
      options,
    )
    return stored.map(value => this.decode(value))
  }

  /** Whether a row exists. */
  async has(key: Key, options?: ReadOptions): Promise<boolean> {
    return this.family.has(this.keyCodec.encode(key), options)
  }

  /** The rows of a range as they are now, in the order of their keys, whatever is written meanwhile. */
  entries(range?: ViewRange<Key, Prefix>): Rows<[Key, Value]> {
    return mapRows(this.family.entries(this.bounds(range)), ([key, value]) => [
      this.keyCodec.decode(key),
      this.valueCodec.decode(value),
    ])
  }

  keys(range?: ViewRange<Key, Prefix>): Rows<Key> {
    return mapRows(this.family.keys(this.bounds(range)), key => this.keyCodec.decode(key))
  }

  values(range?: ViewRange<Key, Prefix>): Rows<Value> {
    return mapRows(this.family.values(this.bounds(range)), value => this.valueCodec.decode(value))
  }

  /**
   * The rows of a range of an index, in the order of its keys, all of one moment. `keysOnly` gives their keys alone and
   * `covering` the fields that the index covers: both read no rows. `NOT_READY` while the index is being built.
   */
  query<Name extends keyof Indexes & string>(
    index: Name,
    range: QueryRange<Value, Indexes[Name]> & { keysOnly: true },
  ): Rows<Key>
  query<Name extends keyof Indexes & string>(
    index: Name,
    range: QueryRange<Value, Indexes[Name]> & { covering: true },
  ): Rows<[Key, CoveredOf<Value, Indexes[Name]>]>
  query<Name extends keyof Indexes & string>(
    index: Name,
    range?: QueryRange<Value, Indexes[Name]>,
  ): Rows<[Key, Value]>
  query(index: string, range: AnyQuery = {}): Rows<unknown> {
    const { keyCodec, rows, valueCodec } = this
    this.rows.refuseUnlessOpen()
    const found = rows.indexNamed(index)
    const { entries } = found
    const plan = { rows, index: found, range, readsRows: range.keysOnly !== true && range.covering !== true }
    if (range.keysOnly === true) return queryRows({ ...plan, make: ({ key }) => keyCodec.decode(key) })
    if (range.covering !== true) {
      return queryRows({
        ...plan,
        make: ({ key, stored }) => [keyCodec.decode(key), valueCodec.decode(stored)],
      })
    }
    entries.refuseUnlessCovering()
    return queryRows({ ...plan, make: ({ key, entry }) => [keyCodec.decode(key), entries.coveredOf(entry)] })
  }

  /** What state each index is in, and how far its build has come. */
  indexes(): IndexStatus[] {
    return indexStatuses(this.rows)
  }

  /**
   * Waits until an index is ready, or all are; a build that was stopped goes on. Rejects with what stopped it: `CONFLICT` when
   * two rows have one key in a unique index, `ABORTED` by the signal of who began it.
   */
  async ready(index?: keyof Indexes & string, options?: BuildOptions): Promise<void> {
    return finishIndexes(this.rows, index, options)
  }

  /** Empties an index and builds it from the rows. Queries throw `NOT_READY` meanwhile. */
  async rebuildIndex(index: keyof Indexes & string, options?: BuildOptions): Promise<void> {
    return rebuildIndex(this.rows, index, options)
  }

  /** Removes an index, declared or left from earlier. Who declares it at the next opening has it built. */
  async dropIndex(index: string): Promise<void> {
    return dropIndex(this.rows, index)
  }

  /**
   * Holds every row against the index entries that it must have, and every entry against its row, at one moment. What
   * writes around the view have spoilt is found here.
   */
  async verify(options?: VerifyViewOptions): Promise<ViewReport<Key>> {
    return verifyView(this.rows, key => this.keyCodec.decode(key), options)
  }

  /** Finishes the writes that were made through the view and stops its builds. Later calls do nothing; others fail with `NOT_OPEN`. */
  close(): Promise<void> {
    return this.onClose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private get family(): ColumnFamily {
    this.rows.refuseUnlessOpen()
    return this.rows.family
  }

  private decode(stored: Uint8Array | undefined): Value | undefined {
    return stored === undefined ? undefined : this.valueCodec.decode(stored)
  }

  /** A range of keys as one of bytes. */
  private bounds(range: ViewRange<Key, Prefix> = {}): RangeOptions {
    const { gt, gte, lt, lte, prefix, ...order } = range
    const encode = (key: Key | undefined) => (key === undefined ? undefined : this.keyCodec.encode(key))
    const bounds: RangeOptions = {
      ...order,
      gt: encode(gt),
      gte: encode(gte),
      lt: encode(lt),
      lte: encode(lte),
    }
    if (prefix !== undefined) bounds.prefix = this.prefixOf(prefix)
    return bounds
  }

  private prefixOf(prefix: Prefix): Uint8Array {
    const { keyCodec } = this
    if (keyCodec.encodePrefix !== undefined) return keyCodec.encodePrefix(prefix)
    throw new VarveError('INVALID_ARGUMENT', `the key codec of the view ${this.name} knows no prefixes`, {
      option: 'prefix',
    })
  }
}

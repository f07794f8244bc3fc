/** The model as a database: what every database must answer, whatever its options. */
import {
  type BatchOperation,
  type Bytes,
  type Column,
  type ColumnFamilyOptions,
  type ColumnFamilyReference,
  type Columns,
  type DeletedFiles,
  type Lifetime,
  type LivingValue,
  VarveError,
  type WriteBatch,
} from 'varve'
import { Lives } from '../model/lives.ts'
import { applyOperation } from '../model/operations.ts'
import { type Row, SortedModel } from '../model/sorted-model.ts'
import { START_OF_TIME } from './database-world.ts'
import { ModelCursor } from './model-cursor.ts'
import { modelRange } from './model-range.ts'
import {
  type FamilyHandle,
  type InFamily,
  KnownBatch,
  type Moment,
  type Range,
  type Rows,
  type Store,
  type StoreCursor,
  type Where,
} from './store.ts'

interface ModelFamily {
  readonly id: number
  readonly name: string
  readonly rows: SortedModel
  /** In their place, where keys expire. */
  readonly lives: Lives | undefined
}

/** What outlives the closing of a store: nothing that was written is ever lost. */
export class ModelContents {
  readonly families: Map<string, ModelFamily> = new Map([
    ['default', { id: 0, name: 'default', rows: new SortedModel(), lives: undefined }],
  ])
  nextId = 1
  /** In milliseconds since 1970. */
  now: number = START_OF_TIME
}

/** Holds every family as it was; one that was made later has nothing at that moment. */
class ModelMoment implements Moment {
  isOpen = true
  readonly rows: ReadonlyMap<number, SortedModel>

  constructor(families: Iterable<ModelFamily>, now: number) {
    this.rows = new Map([...families].map(({ id, rows, lives }) => [id, lives?.rowsAt(now) ?? rows.copy()]))
  }

  close(): void {
    this.isOpen = false
  }
}

export class ModelStore implements Store {
  private readonly contents: ModelContents
  private readonly isReadOnly: boolean
  private readonly cursors: ModelCursor[] = []
  private isOpen = true

  constructor(contents: ModelContents, isReadOnly: boolean) {
    this.contents = contents
    this.isReadOnly = isReadOnly
  }

  async put(key: Bytes, value: Bytes, options?: Lifetime & InFamily): Promise<void> {
    await this.apply({ type: 'put', key, value, ...lifetimeOf(options) }, options)
  }

  async delete(key: Bytes, options?: InFamily): Promise<void> {
    await this.apply({ type: 'delete', key }, options)
  }

  async singleDelete(key: Bytes, options?: InFamily): Promise<void> {
    await this.delete(key, options)
  }

  async deleteRange(start: Bytes, end: Bytes, options?: InFamily): Promise<void> {
    await this.apply({ type: 'deleteRange', start, end }, options)
  }

  async merge(key: Bytes, operand: Bytes, options?: Lifetime & InFamily): Promise<void> {
    await this.apply({ type: 'merge', key, operand, ...lifetimeOf(options) }, options)
  }

  async putEntity(key: Bytes, columns: Columns, options?: InFamily): Promise<void> {
    await this.apply({ type: 'putEntity', key, columns }, options)
  }

  private async apply(operation: BatchOperation, options: InFamily | undefined): Promise<void> {
    const family = this.family(options)
    this.refuseUnlessWritable()
    this.applyTo(family, operation)
  }

  private applyTo({ rows, lives }: ModelFamily, operation: BatchOperation): void {
    if (lives === undefined) applyOperation(rows, operation)
    else lives.apply(operation, this.contents.now)
  }

  async write(batch: WriteBatch | readonly BatchOperation[]): Promise<void> {
    const operations = batch instanceof KnownBatch ? batch.operations : (batch as readonly BatchOperation[])
    const families = operations.map(operation => this.family(operation))
    this.refuseUnlessWritable()
    for (const [index, operation] of operations.entries()) {
      this.applyTo(families[index], operation)
    }
  }

  async get(key: Bytes, options?: Where): Promise<Uint8Array | undefined> {
    return this.getSync(key, options)
  }

  getSync(key: Bytes, options?: Where): Uint8Array | undefined {
    return this.rowsAt(options).get(bytesOf(key))
  }

  async getMany(keys: readonly Bytes[], options?: Where): Promise<(Uint8Array | undefined)[]> {
    const rows = this.rowsAt(options)
    return keys.map(key => rows.get(bytesOf(key)))
  }

  async getEntity(key: Bytes, options?: Where): Promise<Column[] | undefined> {
    return this.rowsAt(options)
      .entity(bytesOf(key))
      ?.map(([name, value]): Column => [name, value])
  }

  async has(key: Bytes, options?: Where): Promise<boolean> {
    return this.rowsAt(options).has(bytesOf(key))
  }

  async getLiving(key: Bytes, options?: Where): Promise<LivingValue | undefined> {
    const value = this.getSync(key, options)
    const end = this.family(options).lives?.endAt(bytesOf(key), this.contents.now)
    return value && { value, expiresAt: end }
  }

  cursor(range: Range = {}): StoreCursor {
    const { reverse: _, limit: __, ...bounds } = modelRange(range)
    const cursor = new ModelCursor([...this.rowsAt(range).rows(bounds)])
    this.cursors.push(cursor)
    return cursor
  }

  entries(range: Range = {}): Rows<Row> {
    return this.rowsOf(range, row => row)
  }

  entities(range: Range = {}): Rows<[Uint8Array, Column[]]> {
    return this.rowsOf(range, ([key]) => {
      const columns = this.rowsAt(range).entity(key) ?? []
      return [key, columns.map(([name, value]): Column => [name, value])]
    })
  }

  keys(range: Range = {}): Rows<Uint8Array> {
    return this.rowsOf(range, ([key]) => key)
  }

  values(range: Range = {}): Rows<Uint8Array> {
    return this.rowsOf(range, ([, value]) => value)
  }

  snapshot(): Moment {
    this.refuseUnlessOpen()
    return new ModelMoment(this.contents.families.values(), this.contents.now)
  }

  async columnFamily(name: string, options: ColumnFamilyOptions = {}): Promise<FamilyHandle> {
    this.refuseUnlessOpen()
    const { families } = this.contents
    if (!families.has(name)) {
      this.refuseUnlessWritable()
      const lives = options.expiringKeys === true ? new Lives() : undefined
      families.set(name, { id: this.contents.nextId++, name, rows: new SortedModel(), lives })
    }
    const { id } = this.family({ columnFamily: name })
    const columnFamily: ColumnFamilyReference = { id, name }
    return {
      id,
      name,
      put: (key, value) => this.put(key, value, { columnFamily }),
      delete: key => this.delete(key, { columnFamily }),
      get: key => this.get(key, { columnFamily }),
    }
  }

  columnFamilyNames(): string[] {
    return [...this.contents.families.keys()]
  }

  async dropColumnFamily(name: string): Promise<void> {
    this.refuseUnlessOpen()
    this.refuseUnlessWritable()
    const { id } = this.family({ columnFamily: name })
    if (id === 0) throw new VarveError('INVALID_ARGUMENT', 'the default column family cannot be dropped')
    this.contents.families.delete(name)
  }

  async flush(options?: InFamily): Promise<void> {
    this.family(options)
    this.refuseUnlessWritable()
  }

  async compact(options?: InFamily & { signal?: AbortSignal }): Promise<void> {
    await this.flush(options)
    if (options?.signal?.aborted) throw new VarveError('ABORTED', 'the compaction was stopped')
  }

  async compactFiles(_files: readonly number[], _outputLevel: number, options?: InFamily): Promise<number[]> {
    await this.flush(options)
    return []
  }

  async pauseBackgroundWork(): Promise<void> {
    this.refuseUnlessOpen()
  }

  continueBackgroundWork(): void {
    this.refuseUnlessOpen()
  }

  async disableManualCompaction(): Promise<void> {
    this.refuseUnlessOpen()
  }

  enableManualCompaction(): void {
    this.refuseUnlessOpen()
  }

  async setOptions(_changes: unknown, options?: InFamily): Promise<void> {
    await this.flush(options)
  }

  async setDBOptions(): Promise<void> {
    this.refuseUnlessOpen()
    this.refuseUnlessWritable()
  }

  /** No key may go by this alone. */
  async deleteFilesInRanges(_ranges: readonly unknown[], options?: InFamily): Promise<DeletedFiles> {
    await this.flush(options)
    return { files: 0, bytes: 0 }
  }

  async resume(): Promise<void> {
    this.refuseUnlessOpen()
  }

  approximateSizes(ranges: readonly unknown[], options?: InFamily): number[] {
    this.family(options)
    return ranges.map(() => 0)
  }

  liveFiles(): [] {
    this.refuseUnlessOpen()
    return []
  }

  property(_name: string, options?: InFamily): string {
    this.family(options)
    return ''
  }

  async close(): Promise<void> {
    for (const cursor of this.cursors) cursor.close()
    this.isOpen = false
  }

  private rowsOf<T>(range: Range, take: (row: Row) => T): Rows<T> {
    this.rowsAt(range)
    return new ModelRows(() => [...this.rowsAt(range).rows(modelRange(range))].map(take))
  }

  private rowsAt(where: Where | undefined): SortedModel {
    const { id, rows, lives } = this.family(where)
    const moment = where?.snapshot
    if (!(moment instanceof ModelMoment)) return lives?.rowsAt(this.contents.now) ?? rows
    if (!moment.isOpen) throw new VarveError('INVALID_ARGUMENT', 'the snapshot is closed')
    return moment.rows.get(id) ?? new SortedModel()
  }

  private family(options: InFamily | undefined): ModelFamily {
    this.refuseUnlessOpen()
    const named = options?.columnFamily ?? 'default'
    const { families } = this.contents
    const found =
      typeof named === 'string' ? families.get(named) : families.values().find(({ id }) => id === named.id)
    if (found === undefined) throw new VarveError('NOT_FOUND', 'there is no such column family')
    return found
  }

  private refuseUnlessOpen(): void {
    if (!this.isOpen) throw new VarveError('NOT_OPEN', 'the model is closed')
  }

  private refuseUnlessWritable(): void {
    if (this.isReadOnly) throw new VarveError('READ_ONLY', 'the model is read-only')
  }
}

/** Each iteration has the rows of the moment at which it began. */
class ModelRows<T> implements Rows<T> {
  private readonly read: () => T[]

  constructor(read: () => T[]) {
    this.read = read
  }

  [Symbol.iterator](): Iterator<T> {
    return this.read().values()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return each(this.read())
  }

  batches(): AsyncIterableIterator<T[]> {
    const rows = this.read()
    return each(rows.length === 0 ? [] : [rows])
  }

  async toArray(): Promise<T[]> {
    return this.read()
  }
}

async function* each<T>(items: readonly T[]): AsyncIterableIterator<T> {
  yield* items
}

function lifetimeOf({ ttl }: Lifetime = {}): Lifetime {
  return ttl === undefined ? {} : { ttl }
}

const utf8 = new TextEncoder()

function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === 'string' ? utf8.encode(bytes) : bytes
}

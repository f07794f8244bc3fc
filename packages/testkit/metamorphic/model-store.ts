/** The model as a database: what every database must answer, whatever its options. */
import {
  type BatchOperation,
  type Bytes,
  type ColumnFamilyReference,
  VarveError,
  type WriteBatch,
} from 'varve'
import { applyOperation } from '../model/operations.ts'
import { type Row, SortedModel } from '../model/sorted-model.ts'
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
}

/** What outlives the closing of a store: nothing that was written is ever lost. */
export class ModelContents {
  readonly families: Map<string, ModelFamily> = new Map([
    ['default', { id: 0, name: 'default', rows: new SortedModel() }],
  ])
  nextId = 1
}

/** Holds every family as it was; one that was made later has nothing at that moment. */
class ModelMoment implements Moment {
  isOpen = true
  readonly rows: ReadonlyMap<number, SortedModel>

  constructor(families: Iterable<ModelFamily>) {
    this.rows = new Map([...families].map(({ id, rows }) => [id, rows.copy()]))
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

  async put(key: Bytes, value: Bytes, options?: InFamily): Promise<void> {
    const { rows } = this.family(options)
    this.refuseUnlessWritable()
    rows.put(bytesOf(key), new Uint8Array(bytesOf(value)))
  }

  async delete(key: Bytes, options?: InFamily): Promise<void> {
    const { rows } = this.family(options)
    this.refuseUnlessWritable()
    rows.delete(bytesOf(key))
  }

  async singleDelete(key: Bytes, options?: InFamily): Promise<void> {
    await this.delete(key, options)
  }

  async deleteRange(start: Bytes, end: Bytes, options?: InFamily): Promise<void> {
    await this.apply({ type: 'deleteRange', start, end }, options)
  }

  async merge(key: Bytes, operand: Bytes, options?: InFamily): Promise<void> {
    await this.apply({ type: 'merge', key, operand }, options)
  }

  private async apply(operation: BatchOperation, options: InFamily | undefined): Promise<void> {
    const { rows } = this.family(options)
    this.refuseUnlessWritable()
    applyOperation(rows, operation)
  }

  async write(batch: WriteBatch | readonly BatchOperation[]): Promise<void> {
    const operations = batch instanceof KnownBatch ? batch.operations : (batch as readonly BatchOperation[])
    const families = operations.map(operation => this.family(operation))
    this.refuseUnlessWritable()
    for (const [index, operation] of operations.entries()) {
      applyOperation(families[index].rows, operation)
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

  async has(key: Bytes, options?: Where): Promise<boolean> {
    return this.rowsAt(options).has(bytesOf(key))
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

  keys(range: Range = {}): Rows<Uint8Array> {
    return this.rowsOf(range, ([key]) => key)
  }

  values(range: Range = {}): Rows<Uint8Array> {
    return this.rowsOf(range, ([, value]) => value)
  }

  snapshot(): Moment {
    this.refuseUnlessOpen()
    return new ModelMoment(this.contents.families.values())
  }

  async columnFamily(name: string): Promise<FamilyHandle> {
    this.refuseUnlessOpen()
    const { families } = this.contents
    if (!families.has(name)) {
      this.refuseUnlessWritable()
      families.set(name, { id: this.contents.nextId++, name, rows: new SortedModel() })
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
    const { id, rows } = this.family(where)
    const moment = where?.snapshot
    if (!(moment instanceof ModelMoment)) return rows
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

const utf8 = new TextEncoder()

function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === 'string' ? utf8.encode(bytes) : bytes
}

/**
 * What a history asks of a database: the part of `Database` that it uses, as an interface, so that the model can
 * stand in its place and every operation be written once.
 */
import {
  type BatchOperation,
  type Bytes,
  type Column,
  type ColumnFamilyOptions,
  type ColumnFamilyReference,
  type Columns,
  type CompactOptions,
  type DeletedFiles,
  type DeleteFilesOptions,
  type KeyRange,
  type Lifetime,
  type LiveFile,
  type LivingValue,
  type MutableColumnFamilyOptions,
  type MutableDatabaseOptions,
  WriteBatch,
  type WriteOptions,
} from 'varve'
import type { Row } from '../model/sorted-model.ts'

/** A moment that can be read from. */
export interface Moment {
  close(): void
}

export interface InFamily {
  columnFamily?: ColumnFamilyReference | string
}

export interface Where extends InFamily {
  snapshot?: Moment
  fillCache?: boolean
}

export interface Range extends Where {
  start?: Bytes
  end?: Bytes
  gt?: Bytes
  gte?: Bytes
  lt?: Bytes
  lte?: Bytes
  prefix?: Bytes
  reverse?: boolean
  limit?: number
}

export interface StoreCursor {
  readonly valid: boolean
  readonly key: Uint8Array
  readonly value: Uint8Array
  first(): boolean
  last(): boolean
  seek(key: Bytes): boolean
  seekForPrev(key: Bytes): boolean
  next(): boolean
  prev(): boolean
  close(): void
}

export interface Rows<T> extends Iterable<T> {
  [Symbol.asyncIterator](): AsyncIterableIterator<T>
  batches(): AsyncIterableIterator<T[]>
  toArray(): Promise<T[]>
}

export interface FamilyHandle extends ColumnFamilyReference {
  put(key: Bytes, value: Bytes): Promise<void>
  delete(key: Bytes): Promise<void>
  get(key: Bytes): Promise<Uint8Array | undefined>
}

export interface Store {
  put(key: Bytes, value: Bytes, options?: WriteOptions & Lifetime & InFamily): Promise<void>
  delete(key: Bytes, options?: WriteOptions & InFamily): Promise<void>
  singleDelete(key: Bytes, options?: WriteOptions & InFamily): Promise<void>
  deleteRange(start: Bytes, end: Bytes, options?: WriteOptions & InFamily): Promise<void>
  merge(key: Bytes, operand: Bytes, options?: WriteOptions & Lifetime & InFamily): Promise<void>
  putEntity(key: Bytes, columns: Columns, options?: WriteOptions & InFamily): Promise<void>
  write(batch: WriteBatch | readonly BatchOperation[], options?: WriteOptions): Promise<void>
  get(key: Bytes, options?: Where): Promise<Uint8Array | undefined>
  getSync(key: Bytes, options?: Where): Uint8Array | undefined
  getMany(keys: readonly Bytes[], options?: Where): Promise<(Uint8Array | undefined)[]>
  getEntity(key: Bytes, options?: Where): Promise<Column[] | undefined>
  has(key: Bytes, options?: Where): Promise<boolean>
  getLiving(key: Bytes, options?: Where): Promise<LivingValue | undefined>
  cursor(range?: Range): StoreCursor
  entries(range?: Range): Rows<Row>
  entities(range?: Range): Rows<[Uint8Array, Column[]]>
  keys(range?: Range): Rows<Uint8Array>
  values(range?: Range): Rows<Uint8Array>
  snapshot(): Moment
  columnFamily(name: string, options?: ColumnFamilyOptions): Promise<FamilyHandle>
  columnFamilyNames(): string[]
  dropColumnFamily(name: string): Promise<void>
  flush(options?: InFamily): Promise<void>
  compact(options?: CompactOptions & InFamily): Promise<void>
  compactFiles(files: readonly number[], outputLevel: number, options?: InFamily): Promise<number[]>
  pauseBackgroundWork(): Promise<void>
  continueBackgroundWork(): void
  disableManualCompaction(): Promise<void>
  enableManualCompaction(): void
  setOptions(changes: MutableColumnFamilyOptions, options?: InFamily): Promise<void>
  setDBOptions(changes: MutableDatabaseOptions): Promise<void>
  resume(): Promise<void>
  deleteFilesInRanges(
    ranges: readonly KeyRange[],
    options?: DeleteFilesOptions & InFamily,
  ): Promise<DeletedFiles>
  approximateSizes(ranges: readonly KeyRange[], options?: InFamily): number[]
  liveFiles(): LiveFile[]
  property(name: string, options?: InFamily): string | undefined
  close(): Promise<void>
}

/** A batch in the form of the log that still knows what was put into it, for the model. */
export class KnownBatch extends WriteBatch {
  readonly operations: BatchOperation[] = []

  override put(key: Bytes, value: Bytes, columnFamily?: ColumnFamilyReference): this {
    this.operations.push({ type: 'put', key, value, ...(columnFamily && { columnFamily }) })
    return super.put(key, value, columnFamily)
  }

  override delete(key: Bytes, columnFamily?: ColumnFamilyReference): this {
    this.operations.push({ type: 'delete', key, ...(columnFamily && { columnFamily }) })
    return super.delete(key, columnFamily)
  }

  override singleDelete(key: Bytes, columnFamily?: ColumnFamilyReference): this {
    this.operations.push({ type: 'singleDelete', key, ...(columnFamily && { columnFamily }) })
    return super.singleDelete(key, columnFamily)
  }

  override deleteRange(start: Bytes, end: Bytes, columnFamily?: ColumnFamilyReference): this {
    this.operations.push({ type: 'deleteRange', start, end, ...(columnFamily && { columnFamily }) })
    return super.deleteRange(start, end, columnFamily)
  }

  override merge(key: Bytes, operand: Bytes, columnFamily?: ColumnFamilyReference): this {
    this.operations.push({ type: 'merge', key, operand, ...(columnFamily && { columnFamily }) })
    return super.merge(key, operand, columnFamily)
  }

  override putEntity(key: Bytes, columns: Columns, columnFamily?: ColumnFamilyReference): this {
    this.operations.push({ type: 'putEntity', key, columns, ...(columnFamily && { columnFamily }) })
    return super.putEntity(key, columns, columnFamily)
  }

  override clear(): void {
    this.operations.length = 0
    super.clear()
  }
}

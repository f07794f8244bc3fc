/** A handle on one column family: the methods of `Database`, bound to it. */
import type { Column } from '@varve/format/entity'
import type { KeyOrder } from '@varve/format/key'
import type { BatchOperation, ColumnFamilyReference } from '../batch/index.ts'
import type { Columns } from '../entity/index.ts'
import type { Lifetime } from '../expiry/index.ts'
import type { MutableColumnFamilyOptions, WriteOptions } from '../options/index.ts'
import type { KeyRange } from './approximate-sizes.ts'
import type { Bytes } from './arguments.ts'
import type { BlobStats } from './blob-stats.ts'
import type { CompactOptions } from './compact.ts'
import type { CompactFilesOptions, TableReference } from './compact-files.ts'
import type { Database } from './database.ts'
import type { DeletedFiles, DeleteFilesOptions } from './delete-files.ts'
import type { Family } from './family.ts'
import type { LivingValue } from './lookup-result.ts'
import type { ReadOptions } from './read-path.ts'
import type { Cursor, Entries, LivingEntry, RangeOptions } from './scan.ts'
import type { OptionsInForce } from './set-options.ts'

export class ColumnFamily implements ColumnFamilyReference {
  readonly id: number
  readonly name: string
  /** The name of the comparator that says the order of its keys. */
  readonly comparator: string
  /** @internal */
  readonly order: KeyOrder
  private readonly database: Database
  private readonly inThis: { readonly columnFamily: ColumnFamily } = { columnFamily: this }

  /** Use `Database.columnFamily`. */
  constructor(database: Database, { id, name, order }: Pick<Family, 'id' | 'name' | 'order'>) {
    this.database = database
    this.id = id
    this.name = name
    this.comparator = order.name
    this.order = order
  }

  put(key: Bytes, value: Bytes, options?: WriteOptions & Lifetime): Promise<void> {
    return this.database.put(key, value, { ...options, columnFamily: this })
  }

  delete(key: Bytes, options?: WriteOptions): Promise<void> {
    return this.database.delete(key, { ...options, columnFamily: this })
  }

  /** See `Database.singleDelete`. */
  singleDelete(key: Bytes, options?: WriteOptions): Promise<void> {
    return this.database.singleDelete(key, { ...options, columnFamily: this })
  }

  /** See `Database.deleteRange`. */
  deleteRange(start: Bytes, end: Bytes, options?: WriteOptions): Promise<void> {
    return this.database.deleteRange(start, end, { ...options, columnFamily: this })
  }

  /** See `Database.merge`. */
  merge(key: Bytes, operand: Bytes, options?: WriteOptions & Lifetime): Promise<void> {
    return this.database.merge(key, operand, { ...options, columnFamily: this })
  }

  /** See `Database.putEntity`. */
  putEntity(key: Bytes, columns: Columns, options?: WriteOptions): Promise<void> {
    return this.database.putEntity(key, columns, { ...options, columnFamily: this })
  }

  /** Operations without a column family of their own are about this one. */
  write(batch: readonly BatchOperation[], options?: WriteOptions): Promise<void> {
    return this.database.write(
      batch.map(operation => ({ columnFamily: this, ...operation })),
      options,
    )
  }

  get(key: Bytes, options?: ReadOptions): Promise<Uint8Array | undefined> {
    return this.database.get(key, { ...options, columnFamily: this })
  }

  /** @internal See `Database.getPromptly`. */
  getPromptly(key: Bytes): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    return this.database.getPromptly(key, this.inThis)
  }

  getSync(key: Bytes, options?: ReadOptions): Uint8Array | undefined {
    return this.database.getSync(key, { ...options, columnFamily: this })
  }

  getMany(keys: readonly Bytes[], options?: ReadOptions): Promise<(Uint8Array | undefined)[]> {
    return this.database.getMany(keys, { ...options, columnFamily: this })
  }

  /** See `Database.getLiving`. */
  getLiving(key: Bytes, options?: ReadOptions): Promise<LivingValue | undefined> {
    return this.database.getLiving(key, { ...options, columnFamily: this })
  }

  /** See `Database.getEntity`. */
  getEntity(key: Bytes, options?: ReadOptions): Promise<Column[] | undefined> {
    return this.database.getEntity(key, { ...options, columnFamily: this })
  }

  has(key: Bytes, options?: ReadOptions): Promise<boolean> {
    return this.database.has(key, { ...options, columnFamily: this })
  }

  cursor(range?: RangeOptions): Cursor {
    return this.database.cursor({ ...range, columnFamily: this })
  }

  entries(range?: RangeOptions): Entries<[Uint8Array, Uint8Array]> {
    return this.database.entries({ ...range, columnFamily: this })
  }

  livingEntries(range?: RangeOptions): Entries<LivingEntry> {
    return this.database.livingEntries({ ...range, columnFamily: this })
  }

  entities(range?: RangeOptions): Entries<[Uint8Array, Column[]]> {
    return this.database.entities({ ...range, columnFamily: this })
  }

  keys(range?: RangeOptions): Entries<Uint8Array> {
    return this.database.keys({ ...range, columnFamily: this })
  }

  values(range?: RangeOptions): Entries<Uint8Array> {
    return this.database.values({ ...range, columnFamily: this })
  }

  flush(): Promise<void> {
    return this.database.flush({ columnFamily: this })
  }

  compact(options?: CompactOptions): Promise<void> {
    return this.database.compact({ ...options, columnFamily: this })
  }

  /** See `Database.compactFiles`. */
  compactFiles(
    files: readonly TableReference[],
    outputLevel: number,
    options?: CompactFilesOptions,
  ): Promise<number[]> {
    return this.database.compactFiles(files, outputLevel, { ...options, columnFamily: this })
  }

  /** See `Database.getOptions`. */
  getOptions(): OptionsInForce {
    return this.database.getOptions({ columnFamily: this })
  }

  /** See `Database.setOptions`. */
  setOptions(changes: MutableColumnFamilyOptions): Promise<void> {
    return this.database.setOptions(changes, { columnFamily: this })
  }

  /** See `Database.deleteFilesInRanges`. */
  deleteFilesInRanges(ranges: readonly KeyRange[], options?: DeleteFilesOptions): Promise<DeletedFiles> {
    return this.database.deleteFilesInRanges(ranges, { ...options, columnFamily: this })
  }

  approximateSizes(ranges: readonly KeyRange[]): number[] {
    return this.database.approximateSizes(ranges, { columnFamily: this })
  }

  blobStats(): BlobStats {
    return this.database.blobStats({ columnFamily: this })
  }

  property(name: string): string | undefined {
    return this.database.property(name, { columnFamily: this })
  }
}

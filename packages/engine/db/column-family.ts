/** A handle on one column family: the methods of `Database`, bound to it. */
import type { BatchOperation, ColumnFamilyReference } from '../batch/index.ts'
import type { WriteOptions } from '../options/index.ts'
import type { KeyRange } from './approximate-sizes.ts'
import type { Bytes } from './arguments.ts'
import type { CompactOptions } from './compact.ts'
import type { Database } from './database.ts'
import type { ReadOptions } from './read-path.ts'
import type { Cursor, Entries, RangeOptions } from './scan.ts'

export class ColumnFamily implements ColumnFamilyReference {
  readonly id: number
  readonly name: string
  private readonly database: Database

  /** Use `Database.columnFamily`. */
  constructor(database: Database, { id, name }: ColumnFamilyReference) {
    this.database = database
    this.id = id
    this.name = name
  }

  put(key: Bytes, value: Bytes, options?: WriteOptions): Promise<void> {
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
  merge(key: Bytes, operand: Bytes, options?: WriteOptions): Promise<void> {
    return this.database.merge(key, operand, { ...options, columnFamily: this })
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

  getSync(key: Bytes, options?: ReadOptions): Uint8Array | undefined {
    return this.database.getSync(key, { ...options, columnFamily: this })
  }

  getMany(keys: readonly Bytes[], options?: ReadOptions): Promise<(Uint8Array | undefined)[]> {
    return this.database.getMany(keys, { ...options, columnFamily: this })
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

  approximateSizes(ranges: readonly KeyRange[]): number[] {
    return this.database.approximateSizes(ranges, { columnFamily: this })
  }

  property(name: string): string | undefined {
    return this.database.property(name, { columnFamily: this })
  }
}

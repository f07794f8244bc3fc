/**
 * Operations that are applied together or not at all. Keys and values are copied in as they are added, already
 * in the form of the log, so a batch may be built once and written several times.
 *
 * RocksDB: include/rocksdb/write_batch.h; the bytes are drawn in @varve/format/batch
 */
import { type BatchCursor, BatchEncoder, BatchTag } from '@varve/format/batch'
import { VarveError } from '@varve/format/errors'
import { bytewise, type KeyOrder } from '@varve/format/key'
import { type Bytes, isRange, keyBytes, valueBytes } from '../db/arguments.ts'
import { type Columns, entityOf } from '../entity/index.ts'
import { isLifetime, type Lifetime } from '../expiry/lifetime.ts'

/** What names a column family in an operation. */
export interface ColumnFamilyReference {
  readonly id: number
  readonly name: string
  /** @internal Of its keys. */
  readonly order?: KeyOrder
}

/** One operation of a batch given as an array. */
export type BatchOperation =
  | ({ type: 'put'; key: Bytes; value: Bytes; columnFamily?: ColumnFamilyReference | string } & Lifetime)
  | { type: 'delete'; key: Bytes; columnFamily?: ColumnFamilyReference | string }
  | { type: 'singleDelete'; key: Bytes; columnFamily?: ColumnFamilyReference | string }
  | { type: 'deleteRange'; start: Bytes; end: Bytes; columnFamily?: ColumnFamilyReference | string }
  | ({ type: 'merge'; key: Bytes; operand: Bytes; columnFamily?: ColumnFamilyReference | string } & Lifetime)
  | { type: 'putEntity'; key: Bytes; columns: Columns; columnFamily?: ColumnFamilyReference | string }

/**
 * Batches of a program are often alike: room for as many bytes as both of the last two that were written saves growing,
 * which for large ones costs more than all the rest (the garbage collector runs by the bytes that arrays take).
 */
const USUAL_BYTES_MAX = 1024 * 1024
/** Each operation asks for more room than it takes. */
const SPARE_BYTES = 64
let usualBytes = 1024
let lastBytes = usualBytes

export class WriteBatch {
  /** The operations in the form of the log. */
  readonly encoder: BatchEncoder = new BatchEncoder(usualBytes)
  /** Ids of the column families that are written to. */
  readonly columnFamilies: Set<number> = new Set()
  /** Of these, the ones with merge operands. */
  readonly mergedFamilies: Set<number> = new Set()
  /** How long the entries of puts and merges live, by the number of the operation; counted from when it is written. */
  readonly lifetimes: Map<number, Lifetime> = new Map()

  /** Operations so far. */
  get count(): number {
    return this.encoder.count
  }

  /** Bytes that the batch takes in the log. */
  get byteLength(): number {
    return this.encoder.writer.length
  }

  put(key: Bytes, value: Bytes, columnFamily?: ColumnFamilyReference, lifetime?: Lifetime): this {
    const id = columnFamily?.id ?? 0
    this.noteLifetime(lifetime)
    this.encoder.putRecord(id, keyBytes(key), valueBytes(value))
    this.columnFamilies.add(id)
    return this
  }

  delete(key: Bytes, columnFamily?: ColumnFamilyReference): this {
    const id = columnFamily?.id ?? 0
    this.encoder.deleteRecord(id, keyBytes(key))
    this.columnFamilies.add(id)
    return this
  }

  /** As `Database.singleDelete`. */
  singleDelete(key: Bytes, columnFamily?: ColumnFamilyReference): this {
    const id = columnFamily?.id ?? 0
    this.encoder.singleDelete(id, keyBytes(key))
    this.columnFamilies.add(id)
    return this
  }

  /**
   * As `Database.deleteRange`. Of the default column family without a reference it is taken for granted that its
   * order is bytewise.
   */
  deleteRange(start: Bytes, end: Bytes, columnFamily?: ColumnFamilyReference): this {
    const id = columnFamily?.id ?? 0
    const startPart = keyBytes(start)
    const endPart = keyBytes(end)
    if (!isRange(startPart, endPart, columnFamily?.order ?? bytewise)) return this
    this.encoder.deleteRange(id, startPart, endPart)
    this.columnFamilies.add(id)
    return this
  }

  /** As `Database.merge`. */
  merge(key: Bytes, operand: Bytes, columnFamily?: ColumnFamilyReference, lifetime?: Lifetime): this {
    const id = columnFamily?.id ?? 0
    this.noteLifetime(lifetime)
    this.encoder.merge(id, keyBytes(key), valueBytes(operand))
    this.columnFamilies.add(id)
    this.mergedFamilies.add(id)
    return this
  }

  /** As `Database.putEntity`. */
  putEntity(key: Bytes, columns: Columns, columnFamily?: ColumnFamilyReference): this {
    const id = columnFamily?.id ?? 0
    this.encoder.putEntity(id, keyBytes(key), entityOf(columns))
    this.columnFamilies.add(id)
    return this
  }

  /** Takes over a record of another batch, with `second` in the place of its value, operand or end. */
  add(record: BatchCursor, second: Uint8Array): void {
    const { tag, columnFamily } = record
    if (tag === BatchTag.Put) this.encoder.putRecord(columnFamily, record.key(), second)
    else if (tag === BatchTag.Merge) this.encoder.merge(columnFamily, record.key(), second)
    else if (tag === BatchTag.PutEntity) this.encoder.putEntity(columnFamily, record.key(), second)
    else if (tag === BatchTag.DeleteRange) this.encoder.deleteRange(columnFamily, record.key(), second)
    else if (tag === BatchTag.SingleDelete) this.encoder.singleDelete(columnFamily, record.key())
    else this.encoder.deleteRecord(columnFamily, record.key())
    this.columnFamilies.add(columnFamily)
    if (tag === BatchTag.Merge) this.mergedFamilies.add(columnFamily)
  }

  /**
   * Empties the batch and keeps its memory. Writes that were made of it stay what they are, so a loop that loads much does
   * best with one batch, emptied after each `write` without waiting for it.
   */
  clear(): void {
    this.encoder.clear()
    this.columnFamilies.clear()
    this.mergedFamilies.clear()
    this.lifetimes.clear()
  }

  private noteLifetime(lifetime: Lifetime | undefined): void {
    if (lifetime !== undefined && isLifetime(lifetime)) this.lifetimes.set(this.count, lifetime)
  }
}

/** Told of each batch that is written. */
export function noteBatchWritten({ byteLength }: WriteBatch): void {
  const bytes = byteLength + (byteLength >> 4) + SPARE_BYTES
  usualBytes = Math.min(bytes, lastBytes, USUAL_BYTES_MAX)
  lastBytes = bytes
}

/** A batch of the operations of an array. `familyOf` finds the family an operation names. */
export function batchOf(
  operations: readonly BatchOperation[],
  familyOf: (named: ColumnFamilyReference | string | undefined) => ColumnFamilyReference,
): WriteBatch {
  if (!Array.isArray(operations)) {
    throw new VarveError('INVALID_ARGUMENT', 'a batch must be a WriteBatch or an array of operations', {
      option: 'batch',
    })
  }
  const batch = new WriteBatch()
  for (const [index, operation] of operations.entries()) {
    const family = familyOf(operation?.columnFamily)
    add(batch, operation, family, index)
  }
  return batch
}

function add(
  batch: WriteBatch,
  operation: BatchOperation,
  family: ColumnFamilyReference,
  index: number,
): void {
  switch (operation?.type) {
    case 'put':
      batch.put(operation.key, operation.value, family, operation)
      break
    case 'delete':
      batch.delete(operation.key, family)
      break
    case 'singleDelete':
      batch.singleDelete(operation.key, family)
      break
    case 'deleteRange':
      batch.deleteRange(operation.start, operation.end, family)
      break
    case 'merge':
      batch.merge(operation.key, operation.operand, family, operation)
      break
    case 'putEntity':
      batch.putEntity(operation.key, operation.columns, family)
      break
    default:
      throw unknownOperation(operation, index)
  }
}

function unknownOperation(operation: { type?: unknown } | undefined, index: number): VarveError {
  const type = JSON.stringify(operation?.type)
  return new VarveError(
    'INVALID_ARGUMENT',
    `operation ${index} of the batch: type must be 'put', 'delete', 'singleDelete', 'deleteRange', 'merge' or 'putEntity', not ${type}`,
    {
      option: 'batch',
    },
  )
}

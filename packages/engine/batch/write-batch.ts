/**
 * Operations that are applied together or not at all. Keys and values are copied in as they are added, already
 * in the form of the log, so a batch may be built once and written several times.
 *
 * RocksDB: include/rocksdb/write_batch.h; the bytes are drawn in @varve/format/batch
 */
import { BatchEncoder } from '@varve/format/batch'
import { VarveError } from '@varve/format/errors'
import { type Bytes, isRange, keyBytes, valueBytes } from '../db/arguments.ts'

/** What names a column family in an operation. */
export interface ColumnFamilyReference {
  readonly id: number
  readonly name: string
}

/** One operation of a batch given as an array. */
export type BatchOperation =
  | { type: 'put'; key: Bytes; value: Bytes; columnFamily?: ColumnFamilyReference | string }
  | { type: 'delete'; key: Bytes; columnFamily?: ColumnFamilyReference | string }
  | { type: 'singleDelete'; key: Bytes; columnFamily?: ColumnFamilyReference | string }
  | { type: 'deleteRange'; start: Bytes; end: Bytes; columnFamily?: ColumnFamilyReference | string }
  | { type: 'merge'; key: Bytes; operand: Bytes; columnFamily?: ColumnFamilyReference | string }

/** Batches of a program are often alike: room for as many bytes as the last that was written saves growing. */
const USUAL_BYTES_MAX = 64 * 1024
let usualBytes = 1024

export class WriteBatch {
  /** The operations in the form of the log. */
  readonly encoder: BatchEncoder = new BatchEncoder(usualBytes)
  /** Ids of the column families that are written to. */
  readonly columnFamilies: Set<number> = new Set()
  /** Of these, the ones with merge operands. */
  readonly mergedFamilies: Set<number> = new Set()

  /** Operations so far. */
  get count(): number {
    return this.encoder.count
  }

  /** Bytes that the batch takes in the log. */
  get byteLength(): number {
    return this.encoder.writer.length
  }

  put(key: Bytes, value: Bytes, columnFamily?: ColumnFamilyReference): this {
    const id = columnFamily?.id ?? 0
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

  /** As `Database.deleteRange`. */
  deleteRange(start: Bytes, end: Bytes, columnFamily?: ColumnFamilyReference): this {
    const id = columnFamily?.id ?? 0
    const startPart = keyBytes(start)
    const endPart = keyBytes(end)
    if (!isRange(startPart, endPart)) return this
    this.encoder.deleteRange(id, startPart, endPart)
    this.columnFamilies.add(id)
    return this
  }

  /** As `Database.merge`. */
  merge(key: Bytes, operand: Bytes, columnFamily?: ColumnFamilyReference): this {
    const id = columnFamily?.id ?? 0
    this.encoder.merge(id, keyBytes(key), valueBytes(operand))
    this.columnFamilies.add(id)
    this.mergedFamilies.add(id)
    return this
  }

  clear(): void {
    this.encoder.clear()
    this.columnFamilies.clear()
    this.mergedFamilies.clear()
  }
}

/** Told of each batch that is written. */
export function noteBatchWritten({ byteLength }: WriteBatch): void {
  usualBytes = Math.min(byteLength + (byteLength >> 2), USUAL_BYTES_MAX)
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
      batch.put(operation.key, operation.value, family)
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
      batch.merge(operation.key, operation.operand, family)
      break
    default:
      throw unknownOperation(operation, index)
  }
}

function unknownOperation(operation: { type?: unknown } | undefined, index: number): VarveError {
  const type = JSON.stringify(operation?.type)
  return new VarveError(
    'INVALID_ARGUMENT',
    `operation ${index} of the batch: type must be 'put', 'delete', 'singleDelete', 'deleteRange' or 'merge', not ${type}`,
    {
      option: 'batch',
    },
  )
}

/**
 * What batch operations do, in the model. Databases beside a model are opened with `MERGE_OPERATOR`, so that merging
 * appends behind a comma.
 */
import type { BatchOperation, Bytes, MergeOption } from 'varve'
import type { Random } from '../random.ts'
import type { SortedModel } from './sorted-model.ts'

export const MERGE_OPERATOR: MergeOption = 'stringappend'
export const DELIMITER = ','

/** The keys that `operation` changes, and what each becomes; undefined: it is gone. */
export function effectsOf(
  rows: SortedModel,
  operation: BatchOperation,
): [key: Uint8Array, value: Uint8Array | undefined][] {
  switch (operation.type) {
    case 'put':
      return [[bytesOf(operation.key), new Uint8Array(bytesOf(operation.value))]]
    case 'delete':
    case 'singleDelete':
      return [[bytesOf(operation.key), undefined]]
    case 'deleteRange': {
      const range = { start: bytesOf(operation.start), end: bytesOf(operation.end) }
      return [...rows.rows(range)].map(([key]) => [key, undefined])
    }
    case 'merge': {
      const key = bytesOf(operation.key)
      const before = rows.get(key)
      const operand = bytesOf(operation.operand)
      const merged = before === undefined ? [operand] : [before, Buffer.from(DELIMITER), operand]
      return [[key, new Uint8Array(Buffer.concat(merged))]]
    }
  }
}

export function applyOperation(rows: SortedModel, operation: BatchOperation): void {
  for (const [key, value] of effectsOf(rows, operation)) {
    if (value === undefined) rows.delete(key)
    else rows.put(key, value)
  }
}

export function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes) : bytes
}

/** How often, of a hundred, an operation is of each kind; the others are puts. */
export interface OperationShares {
  delete: number
  /** Of any key: none where C++ RocksDB may compact the files. See `SingleKeys`. */
  singleDelete: number
  merge: number
  deleteRange: number
}

/** A random one of the keys that `key` gives and the values that `value` gives. */
export function randomOperation<Key extends Bytes, Value extends Bytes>(
  random: Random,
  columnFamily: string,
  key: () => Key,
  value: () => Value,
  shares: OperationShares,
): BatchOperation {
  switch (randomKind(random, shares)) {
    case 'delete':
      return { type: 'delete', key: key(), columnFamily }
    case 'singleDelete':
      return { type: 'singleDelete', key: key(), columnFamily }
    case 'merge':
      return { type: 'merge', key: key(), operand: value(), columnFamily }
    case 'deleteRange': {
      const [start, end] = [key(), key()].sort((a, b) => Buffer.compare(bytesOf(a), bytesOf(b)))
      return { type: 'deleteRange', start, end, columnFamily }
    }
    case 'put':
      return { type: 'put', key: key(), value: value(), columnFamily }
  }
}

function randomKind(random: Random, shares: OperationShares): BatchOperation['type'] {
  let drawn = random.below(100)
  for (const kind of ['delete', 'singleDelete', 'merge', 'deleteRange'] as const) {
    drawn -= shares[kind]
    if (drawn < 0) return kind
  }
  return 'put'
}

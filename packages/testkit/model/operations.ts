/**
 * What batch operations do, in the model. Databases beside a model are opened with `MERGE_OPERATOR`, so that merging
 * appends behind a comma.
 */
import type { BatchOperation, Bytes, Columns, Lifetime, MergeOption } from 'varve'
import type { Random } from '../random.ts'
import type { ModelColumns, SortedModel } from './sorted-model.ts'

export const MERGE_OPERATOR: MergeOption = 'stringappend'
export const DELIMITER = ','

/** What a key becomes: a value, with all columns if it is an entity, or undefined: it is gone. */
export type Effect = [key: Uint8Array, value: Uint8Array | undefined, columns?: ModelColumns | undefined]

/** The keys that `operation` changes, and what each becomes. */
export function effectsOf(rows: SortedModel, operation: BatchOperation): Effect[] {
  switch (operation.type) {
    case 'put':
      if (isOver(operation)) return [[bytesOf(operation.key), undefined]]
      return [[bytesOf(operation.key), new Uint8Array(bytesOf(operation.value))]]
    case 'delete':
    case 'singleDelete':
      return [[bytesOf(operation.key), undefined]]
    case 'deleteRange': {
      const range = { start: bytesOf(operation.start), end: bytesOf(operation.end) }
      return [...rows.rows(range)].map(([key]) => [key, undefined])
    }
    case 'merge': {
      if (isOver(operation)) return []
      const key = bytesOf(operation.key)
      const before = rows.get(key)
      const operand = bytesOf(operation.operand)
      const merged = before === undefined ? [operand] : [before, Buffer.from(DELIMITER), operand]
      const value = new Uint8Array(Buffer.concat(merged))
      const columns = rows.columns(key)
      return [[key, value, columns && [[nothing, value], ...columns.filter(([name]) => name.length > 0)]]]
    }
    case 'putEntity': {
      const columns = columnsOf(operation.columns).sort(([a], [b]) => Buffer.compare(a, b))
      const unnamed = columns.find(([name]) => name.length === 0)
      return [[bytesOf(operation.key), unnamed?.[1] ?? nothing, columns]]
    }
  }
}

const nothing = new Uint8Array(0)

/** Copies, as bytes. */
export function columnsOf(columns: Columns): [Uint8Array, Uint8Array][] {
  const pairs = Symbol.iterator in columns ? [...columns] : Object.entries(columns)
  return pairs.map(([name, value]) => [new Uint8Array(bytesOf(name)), new Uint8Array(bytesOf(value))])
}

export function applyOperation(rows: SortedModel, operation: BatchOperation): void {
  for (const [key, value, columns] of effectsOf(rows, operation)) {
    if (value === undefined) rows.delete(key)
    else rows.put(key, value, columns)
  }
}

export function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes) : bytes
}

/**
 * Gives some puts and merges a time to live: so long that no run sees its end, or one that is over when it is written.
 * What they do then follows without a clock. For families with `expiringKeys`.
 */
export function withLifetime(random: Random, operation: BatchOperation): BatchOperation {
  if (operation.type !== 'put' && operation.type !== 'merge') return operation
  if (random.chance(0.3)) return { ...operation, ttl: 1_000_000_000 }
  return random.chance(0.2) ? { ...operation, expiresAt: OVER } : operation
}

/** In milliseconds since 1970. */
const OVER = 1

/** A put that is over deletes, a merge that is over does nothing. */
export function isOver({ expiresAt }: Lifetime): boolean {
  return expiresAt === OVER
}

/** How often, of a hundred, an operation is of each kind; the others are puts. */
export interface OperationShares {
  delete: number
  /** Of any key: none where C++ RocksDB may compact the files. See `SingleKeys`. */
  singleDelete: number
  merge: number
  deleteRange: number
  /** Values of named columns. */
  putEntity?: number
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
    case 'putEntity':
      return { type: 'putEntity', key: key(), columns: randomColumns(random, value), columnFamily }
    case 'put':
      return { type: 'put', key: key(), value: value(), columnFamily }
  }
}

function randomKind(random: Random, shares: OperationShares): BatchOperation['type'] {
  let drawn = random.below(100)
  for (const kind of ['delete', 'singleDelete', 'merge', 'deleteRange', 'putEntity'] as const) {
    drawn -= shares[kind] ?? 0
    if (drawn < 0) return kind
  }
  return 'put'
}

/** None to four columns, mostly with the one that plain reads see. */
export function randomColumns<Value extends Bytes>(random: Random, value: () => Value): [string, Value][] {
  const names = ['', 'mail', 'name', 'ünïcode', 'a long name of a column that is longer than most']
  return names.filter((_, i) => random.chance(i === 0 ? 0.8 : 0.3)).map(name => [name, value()])
}

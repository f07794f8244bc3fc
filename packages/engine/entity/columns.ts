/**
 * Wide-column entities: values with named columns. The column without a name is the value that every plain read sees and
 * that merge operands are merged into; a plain value is an entity of that column alone.
 *
 * RocksDB: db/wide/wide_columns.cc
 */
import {
  type Column,
  decodeEntity,
  defaultRange,
  encodeEntity,
  findDefaultColumn,
  withDefaultColumn,
} from '@varve/format/entity'
import { VarveError } from '@varve/format/errors'
import { type Bytes, valueBytes } from '../db/arguments.ts'

/** Columns as callers give them: pairs in any order, or an object by name. */
export type Columns = Iterable<readonly [name: Bytes, value: Bytes]> | Readonly<Record<string, Bytes>>

/** The entity of what a caller gave. Throws `INVALID_ARGUMENT` for what are no columns, or two of one name. */
export function entityOf(columns: Columns): Uint8Array {
  if (typeof columns !== 'object' || columns === null || columns instanceof Uint8Array) throw noColumns()
  const pairs = Symbol.iterator in columns ? [...columns] : Object.entries(columns)
  return encodeEntity(
    pairs.map((pair): Column => {
      if (!Array.isArray(pair) || pair.length !== 2) throw noColumns()
      return [valueBytes(pair[0]), valueBytes(pair[1])]
    }),
  )
}

/** Copies of the columns of an entity, or of the plain value bytes[start..end), in order of their names. */
export function columnsOf(bytes: Uint8Array, start: number, end: number, isEntity: boolean): Column[] {
  if (!isEntity) return [[new Uint8Array(0), bytes.slice(start, end)]]
  const own = bytes.slice(start, end)
  return decodeEntity(own)
}

/** What of an entity merge operands are merged into: the default column, which is empty where there is none. */
export function mergeBase(bytes: Uint8Array, start: number, end: number): Uint8Array {
  findDefaultColumn(bytes, start, end)
  return bytes.subarray(defaultRange.start, defaultRange.end)
}

/** The entity with what came of merging in its default column. */
export function mergedEntity(bytes: Uint8Array, start: number, end: number, merged: Uint8Array): Uint8Array {
  return encodeEntity(withDefaultColumn(decodeEntity(bytes, start, end), merged))
}

function noColumns(): VarveError {
  return new VarveError('INVALID_ARGUMENT', 'columns must be pairs of a name and a value, or an object', {
    option: 'columns',
  })
}

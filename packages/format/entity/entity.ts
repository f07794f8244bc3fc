/**
 * The value of a wide-column entity: named columns, in bytewise order of their names.
 *
 *     entity := version varint32 = 1, columnCount varint32,
 *               (name lengthPrefixed, valueSize varint32) × columnCount,
 *               value u8[valueSize] × columnCount
 *
 * The column without a name is the default one: what a plain `get` reads. A plain value is an entity of that alone.
 *
 * RocksDB: db/wide/wide_column_serialization.h
 */
import { ByteReader, ByteWriter, compareBytes, emptyBytes } from '../bytes/index.ts'
import { CorruptionError, notSupported, VarveError } from '../errors/index.ts'

export type Column = [name: Uint8Array, value: Uint8Array]

const VERSION = 1
/** Of names and values, in bytes, and of columns. */
const MAX_LENGTH = 0xffff_ffff

/** The columns of bytes[start..end), as views, in order. */
export function decodeEntity(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  file?: string,
): Column[] {
  const entity = new EntityReader(bytes, start, end, file)
  const columns: Column[] = []
  for (let at = entity.valuesStart, i = 0; i < entity.names.length; i++) {
    columns.push([entity.names[i], bytes.subarray(at, (at += entity.sizes[i]))])
  }
  return columns
}

/** Where the value of the default column lies; an empty range where there is none. One object, used again. */
export const defaultRange = { start: 0, end: 0, isThere: false }

/** Sets `defaultRange`. Throws as `decodeEntity` does. */
export function findDefaultColumn(bytes: Uint8Array, start: number, end: number, file?: string): void {
  const { names, sizes, valuesStart } = new EntityReader(bytes, start, end, file)
  const isThere = names.length > 0 && names[0].length === 0
  defaultRange.start = valuesStart
  defaultRange.end = isThere ? valuesStart + sizes[0] : valuesStart
  defaultRange.isThere = isThere
}

/** The entity of columns in any order. Throws `INVALID_ARGUMENT` where two have one name. */
export function encodeEntity(columns: readonly Readonly<Column>[]): Uint8Array {
  const sorted = columns.toSorted(([a], [b]) => compareBytes(a, 0, a.length, b, 0, b.length))
  const size = sorted.reduce((sum, [name, value]) => sum + name.length + value.length + 10, 10)
  const writer = new ByteWriter(size)
  writer.varint(VERSION)
  writer.varint(sorted.length)
  for (const [i, [name, value]] of sorted.entries()) {
    const before = sorted[i - 1]?.[0]
    if (before !== undefined && compareBytes(before, 0, before.length, name, 0, name.length) === 0)
      throw invalid('two columns of an entity have the same name')
    if (name.length > MAX_LENGTH || value.length > MAX_LENGTH)
      throw invalid('a column of an entity is too long')
    writer.varint(name.length)
    writer.append(name)
    writer.varint(value.length)
  }
  for (const [, value] of sorted) writer.append(value)
  return writer.bytes.slice(0, writer.length)
}

/** The entity with another value in its default column, which it gets if it has none. */
export function withDefaultColumn(columns: readonly Column[], value: Uint8Array): Column[] {
  const others = columns[0]?.[0].length === 0 ? columns.slice(1) : columns
  return [[emptyBytes, value], ...others]
}

/** Names and sizes, which stand before all values. */
class EntityReader {
  readonly names: Uint8Array[] = []
  readonly sizes: number[] = []
  readonly valuesStart: number

  constructor(bytes: Uint8Array, start: number, end: number, file: string | undefined) {
    const reader = new ByteReader(bytes, start, end, file)
    const version = reader.varint32('version of an entity')
    if (version > VERSION) throw notSupported(`a wide-column entity of version ${version}`, file)
    const count = reader.varint32('number of columns')
    let total = 0
    for (let i = 0; i < count; i++) {
      const name = reader.lengthPrefixed('name of a column')
      const before = this.names.at(-1)
      if (before !== undefined && compareBytes(before, 0, before.length, name, 0, name.length) >= 0)
        throw new CorruptionError('columns of an entity are not in order', file)
      this.names.push(name)
      const size = reader.varint32('size of a column')
      this.sizes.push(size)
      total += size
    }
    this.valuesStart = reader.position
    if (total !== end - reader.position) {
      throw new CorruptionError(
        `the columns of an entity have ${total} bytes, and ${end - reader.position} are there`,
        file,
      )
    }
  }
}

function invalid(message: string): VarveError {
  return new VarveError('INVALID_ARGUMENT', message, { option: 'columns' })
}

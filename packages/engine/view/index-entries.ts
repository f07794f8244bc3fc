/**
 * The entries of an index: what stands in its column family.
 *
 *     entry := tuple, 0x00, key     -> covered            ordered
 *            | tuple, 0x00          -> size, key, covered ordered and unique
 *            | 0x01, hash, key      -> nothing            hash
 *     0xff                          -> JSON               what the index is (index-record.ts)
 *
 *     tuple    what the row is indexed by (@varve/format/tuple): it never begins with 0x01 or 0xff
 *     key      the row's key, as bytes
 *     covered  the fields that the index covers, in the view's codec; nothing when it covers none
 *     size     of the key, varint32
 *     hash     XXH3 of the tuple, u64be
 *
 * A unique index has the row in the value, so that whether a key is taken is one point lookup, which filters answer. A
 * hash may be that of several tuples: who reads it compares the row's.
 */
import { ByteReader, ByteWriter, emptyBytes } from '@varve/format/bytes'
import { hashResult, xxh3 } from '@varve/format/checksum'
import { VarveError } from '@varve/format/errors'
import { decodeTuple, findTupleEnd, type Tuple, TupleTag, writeTuple } from '@varve/format/tuple'
import type { KeyRange } from '../cursor/bounds.ts'
import type { Codec } from './codec.ts'
import type { IndexDefinition } from './index-definition.ts'
import { fieldOf, isKept, keyReader } from './index-fields.ts'

export interface IndexEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Which entries: of one key, or of a range of them. Keys are scalars or tuples. */
export interface IndexRange {
  eq?: unknown
  gt?: unknown
  gte?: unknown
  lt?: unknown
  lte?: unknown
  /** Keys that begin with these elements. */
  prefix?: Tuple
}

export const RECORD_KEY: Uint8Array = Uint8Array.of(0xff)

/** Between an end and every element: behind the entries of one tuple, before those of tuples that begin with it. */
const BEHIND_END = 0x01
const HASH_TAG = 0x01
const HASH_END = 9

/** Bytes as a key of a Map. */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

const writer = new ByteWriter()
const noEntries: readonly IndexEntry[] = []

export class IndexEntries {
  readonly name: string
  readonly isUnique: boolean
  readonly isHash: boolean
  readonly covering: readonly string[]
  /** The fields that say all of an entry; undefined when a function does. */
  private readonly fields: readonly string[] | undefined
  private readonly isMulti: boolean
  private readonly keyOf: (value: unknown) => unknown
  private readonly codec: Codec<unknown>

  constructor(name: string, definition: IndexDefinition<never>, codec: Codec<unknown>) {
    this.name = name
    this.isUnique = definition.unique === true
    this.isHash = definition.kind === 'hash'
    this.covering = definition.covering ?? []
    this.fields = typeof definition.on === 'function' ? undefined : [definition.on, this.covering].flat(2)
    this.isMulti = definition.multiEntry === true
    this.keyOf = keyReader(definition.on)
    this.codec = codec
  }

  /**
   * Whether the entries of `value`, of which its codec keeps the fields, are those of what will come back from the codec:
   * all that they depend on is scalar.
   */
  canReadBeforeStored(value: unknown): boolean {
    if (this.fields === undefined) return false
    for (const field of this.fields) if (!isKept(value as object, field)) return false
    return true
  }

  /** The entries of a row, each once. A key that no tuple can hold is `INVALID_ARGUMENT`. */
  entriesOf(rowKey: Uint8Array, value: unknown): readonly IndexEntry[] {
    const key = this.read(value)
    if (key === undefined) return noEntries
    const covered = this.cover(value)
    if (!this.isMulti) return [this.entry(key, rowKey, covered)]
    if (!Array.isArray(key)) throw this.refusal(`a multi-entry index wants an array, not ${typeof key}`)
    const entries = new Map<string, IndexEntry>()
    for (const item of key) {
      const entry = this.entry(item, rowKey, covered)
      entries.set(keyText(entry.key), entry)
    }
    return [...entries.values()]
  }

  /** The key of the row that an entry stands for. */
  rowKeyOf({ key, value }: IndexEntry): Uint8Array {
    if (this.isHash) return key.subarray(HASH_END)
    if (this.isUnique) return new ByteReader(value).lengthPrefixed('key of a row')
    return key.subarray(findTupleEnd(key) + 1)
  }

  /** The fields that an entry covers. */
  coveredOf({ value }: IndexEntry): unknown {
    const reader = new ByteReader(value)
    if (this.isUnique) reader.lengthPrefixed('key of a row')
    return this.codec.decode(reader.take(reader.remaining))
  }

  refuseUnlessCovering(): void {
    if (this.covering.length === 0) throw this.refusal('it covers no fields')
  }

  /** What the row of an entry's key is indexed by; from a hash there is no way back. */
  tupleOf(key: Uint8Array): Tuple {
    return this.isHash ? [] : decodeTuple(key, 0, findTupleEnd(key))
  }

  /** All that a value is indexed by, as `tupleBytes` has it. */
  tuplesOf(value: unknown): Uint8Array[] {
    const key = this.read(value)
    if (key === undefined) return []
    return this.isMulti && Array.isArray(key)
      ? key.map(item => this.tupleBytes(item))
      : [this.tupleBytes(key)]
  }

  /** Where the entries of a range lie. */
  boundsOf(range: IndexRange): KeyRange {
    if (this.isHash) {
      if (range.eq === undefined) throw this.refusal('a hash index answers `eq` alone')
      return { prefix: this.entryStart(range.eq) }
    }
    const bounds: KeyRange = { lt: RECORD_KEY }
    if (range.eq !== undefined) return { prefix: this.entryStart(range.eq) }
    if (range.prefix !== undefined) bounds.prefix = this.tupleBytes(range.prefix)
    if (range.gte !== undefined) bounds.gte = this.tupleBytes(range.gte)
    if (range.gt !== undefined) bounds.start = this.behind(range.gt)
    if (range.lt !== undefined) bounds.end = this.tupleBytes(range.lt)
    if (range.lte !== undefined) bounds.lt = this.behind(range.lte)
    return bounds
  }

  private entry(key: unknown, rowKey: Uint8Array, covered: Uint8Array): IndexEntry {
    this.writeStart(key)
    if (!this.isUnique) {
      writer.append(rowKey)
      return { key: writer.take(), value: covered }
    }
    const start = writer.take()
    writer.clear()
    writer.lengthPrefixed(rowKey)
    writer.append(covered)
    return { key: start, value: writer.take() }
  }

  /** With what the entries of a key begin. */
  private entryStart(key: unknown): Uint8Array {
    this.writeStart(key)
    return writer.take()
  }

  private writeStart(key: unknown): void {
    this.write(key)
    if (this.isHash) hashWritten()
    else writer.uint8(TupleTag.End)
  }

  /** A key as it is written; a scalar is the tuple of it alone. */
  tupleBytes(key: unknown): Uint8Array {
    this.write(key)
    return writer.take()
  }

  private behind(key: unknown): Uint8Array {
    this.write(key)
    writer.uint8(BEHIND_END)
    return writer.take()
  }

  private write(key: unknown): void {
    writer.clear()
    try {
      writeTuple(writer, (Array.isArray(key) ? key : [key]) as Tuple)
    } catch (error) {
      throw this.refusal('this cannot be a key of it', error)
    }
  }

  private read(value: unknown): unknown {
    try {
      return this.keyOf(value)
    } catch (error) {
      throw this.refusal('its function threw', error)
    }
  }

  private cover(value: unknown): Uint8Array {
    if (this.covering.length === 0) return emptyBytes
    const fields: Record<string, unknown> = {}
    for (const field of this.covering) fields[field] = fieldOf(value, field)
    return this.codec.encode(fields)
  }

  private refusal(what: string, cause?: unknown): VarveError {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    return new VarveError(
      'INVALID_ARGUMENT',
      `the index ${this.name}: ${what}${why}`,
      { index: this.name },
      cause,
    )
  }
}

/** Puts the hash of what has been written in its place. */
function hashWritten(): void {
  xxh3(writer.bytes, 0, writer.length)
  const { high, low } = hashResult
  writer.clear()
  writer.uint8(HASH_TAG)
  for (const word of [high, low]) for (const shift of [24, 16, 8, 0]) writer.uint8((word >>> shift) & 0xff)
}

/**
 * What a reader may come to see of one key while its versions are gone through: the newest that counts so far, and merge
 * operands above it. Versions are taken in either direction, from the oldest on or from the newest on.
 *
 * RocksDB: db/merge_context.h, and the saved value of db/db_iter.cc
 */
import { emptyBytes } from '@varve/format/bytes'
import { ValueType } from '@varve/format/key'
import { mergeBase, mergedEntity } from '../entity/index.ts'
import type { InternalCursor } from './cursor.ts'
import { unsupportedEntry } from './unsupported-entry.ts'

/** Combines merge operands, oldest first, with what lies below them; undefined when there is nothing to be seen. */
export type Merge = (
  key: Uint8Array,
  existing: Uint8Array | undefined,
  operands: readonly Uint8Array[],
) => Uint8Array | undefined

/** Nothing was taken. */
const NO_TYPE = -1

export class Candidate {
  /** The value is bytes[start..end), if `isValue`. */
  bytes: Uint8Array = emptyBytes
  start = 0
  end = 0
  private type = NO_TYPE
  /** Its bytes are a copy, or there are none. */
  private isKept = true
  /** Newest first: copies. */
  private operands: Uint8Array[] = []

  /** A plain value, or an entity. */
  get isValue(): boolean {
    return this.type === ValueType.Value || this.isEntity
  }

  get isEntity(): boolean {
    return this.type === ValueType.WideColumnEntity
  }

  /** The value is in a blob file: bytes[start..end) says where. */
  get isBlob(): boolean {
    return this.type === ValueType.BlobIndex
  }

  get hasOperands(): boolean {
    return this.operands.length > 0
  }

  forget(): void {
    this.type = NO_TYPE
    this.isKept = true
    if (this.operands.length > 0) this.operands = []
  }

  /** Takes an entry newer than those before. */
  takeNewer(source: InternalCursor): void {
    if ((source.trailerLow & 0xff) === ValueType.Merge) {
      this.keep()
      this.operands.unshift(copyOfValue(source))
    } else {
      if (this.operands.length > 0) this.operands = []
      this.take(source)
    }
  }

  /** Takes an entry older than those before; says whether what the operands need lies deeper still. */
  takeOlder(source: InternalCursor): boolean {
    const isOperand = (source.trailerLow & 0xff) === ValueType.Merge
    if (isOperand) this.operands.push(copyOfValue(source))
    else this.take(source)
    return isOperand
  }

  /** A range tombstone: what lies below it is deleted. */
  takeTombstone(): void {
    this.type = ValueType.Deletion
    this.isKept = true
  }

  /** Takes what was read from a blob file in place of the reference. */
  takeBlob(value: Uint8Array): void {
    this.type = ValueType.Value
    this.bytes = value
    this.start = 0
    this.end = value.length
    this.isKept = true
  }

  /** Before the source goes further: it keeps a value through one more step back. */
  keep(): void {
    if (this.isKept) return
    this.bytes = this.bytes.slice(this.start, this.end)
    this.end -= this.start
    this.start = 0
    this.isKept = true
  }

  /** Becomes the value that the operands make of it, or throws what `merge` does. */
  combine(key: Uint8Array, merge: Merge): void {
    this.refuseUnsupported()
    const { operands, bytes, start, end, isEntity } = this
    this.operands = []
    const below = isEntity
      ? mergeBase(bytes, start, end)
      : this.isValue
        ? bytes.subarray(start, end)
        : undefined
    const merged = merge(key, below, operands.reverse())
    if (merged === undefined) {
      this.forget()
      return
    }
    this.bytes = isEntity ? mergedEntity(bytes, start, end, merged) : merged
    if (!isEntity) this.type = ValueType.Value
    this.start = 0
    this.end = this.bytes.length
  }

  /** Throws `NOT_SUPPORTED` unless it is a value, a tombstone or nothing. */
  refuseUnsupported(): void {
    if (!this.isValue && this.type !== NO_TYPE && !isTombstone(this.type)) throw unsupportedEntry(this.type)
  }

  private take(source: InternalCursor): void {
    this.type = source.trailerLow & 0xff
    this.bytes = source.valueBytes
    this.start = source.valueStart
    this.end = source.valueEnd
    this.isKept = false
  }
}

export function isTombstone(type: number): boolean {
  return type === ValueType.Deletion || type === ValueType.SingleDeletion
}

function copyOfValue({ valueBytes, valueStart, valueEnd }: InternalCursor): Uint8Array {
  return new Uint8Array(valueBytes.subarray(valueStart, valueEnd))
}

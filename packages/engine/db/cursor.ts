/**
 * The cursor that users move over the entries of a range. Movements are synchronous and allocate nothing; those
 * that meet a block which is not in memory read it, blocking. `Entries` is for scans that must not block.
 *
 *     using cursor = db.cursor({ prefix: 'user:' })
 *     for (cursor.first(); cursor.valid; cursor.next()) use(cursor.key, cursor.value)
 *
 * RocksDB: include/rocksdb/iterator.h
 */
import { emptyBytes } from '@varve/format/bytes'
import type { Column } from '@varve/format/entity'
import { Step } from '../cursor/cursor.ts'
import { driveSync, loadWantedSync } from '../cursor/driver.ts'
import { TimestampCursor } from '../cursor/timestamp-cursor.ts'
import { type Bytes, keyBytes } from './arguments.ts'
import type { RangeReader } from './range-reader.ts'

/** Where an entry lies: the key is keyBytes[keyStart..keyEnd), the value valueBytes[valueStart..valueEnd). */
export interface EntryRanges {
  readonly keyBytes: Uint8Array
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueBytes: Uint8Array
  readonly valueStart: number
  readonly valueEnd: number
}

export class Cursor {
  private readonly reader: RangeReader

  /** Use `Database.cursor`. */
  constructor(reader: RangeReader) {
    this.reader = reader
  }

  /** Whether the cursor stands on an entry. */
  get valid(): boolean {
    return this.reader.visible.valid && this.reader.isOpen
  }

  /** The key, empty when there is none: a view, not to be written to, that is valid until the cursor moves. */
  get key(): Uint8Array {
    const { visible } = this.reader
    return this.valid ? visible.keyBytes.subarray(visible.keyStart, visible.keyEnd) : emptyBytes
  }

  /** The value, empty when there is none: a view as `key` is. */
  get value(): Uint8Array {
    const { visible } = this.reader
    return this.valid ? visible.valueBytes.subarray(visible.valueStart, visible.valueEnd) : emptyBytes
  }

  /** When the entry is over, in milliseconds since 1970; undefined: never, as where nothing expires. */
  get expiresAt(): number | undefined {
    return this.valid ? this.reader.visible.expiresAt : undefined
  }

  /** Copies of the columns of a wide-column entity, in order of their names. A plain value is one column without a name. */
  get columns(): Column[] {
    return this.valid ? this.reader.visible.columns() : []
  }

  /** Of the version shown, in a column family whose keys have timestamps; undefined elsewhere. */
  get timestamp(): bigint | undefined {
    const { visible } = this.reader
    return visible instanceof TimestampCursor && this.valid ? visible.timestamp : undefined
  }

  /**
   * The entry as ranges of bytes that are not to be written to, for loops that cannot afford two views for each of
   * millions of entries. One object for the cursor's life: its fields follow the cursor, and mean nothing while it
   * stands on no entry.
   */
  get entry(): EntryRanges {
    return this.reader.visible
  }

  /** Moves to the first entry of the range; false when there is none, as with the other movements. */
  first(): boolean {
    const { visible } = this.start()
    return driveSync(() => visible.first(), visible) === Step.moved
  }

  last(): boolean {
    const { visible } = this.start()
    return driveSync(() => visible.last(), visible) === Step.moved
  }

  /** Moves to the first entry at or after `key`. */
  seek(key: Bytes): boolean {
    const { visible } = this.start()
    const bytes = keyBytes(key)
    return driveSync(() => visible.seek(bytes), visible) === Step.moved
  }

  /** Moves to the last entry at or before `key`. */
  seekForPrev(key: Bytes): boolean {
    const { visible } = this.start()
    const bytes = keyBytes(key)
    return driveSync(() => visible.seekForPrev(bytes), visible) === Step.moved
  }

  /** Moves on. A cursor that stands on no entry stays where it is, as with `prev`. */
  next(): boolean {
    const { reader } = this
    const { visible } = reader
    reader.refuseIfClosed()
    if (!visible.valid) return false
    let step = visible.next()
    while (step === Step.needsBlock) {
      loadWantedSync(visible)
      step = visible.next()
    }
    return step === Step.moved
  }

  prev(): boolean {
    const { reader } = this
    const { visible } = reader
    reader.refuseIfClosed()
    if (!visible.valid) return false
    let step = visible.prev()
    while (step === Step.needsBlock) {
      loadWantedSync(visible)
      step = visible.prev()
    }
    return step === Step.moved
  }

  /** Lets go of what the cursor reads. Later calls do nothing; movements throw `NOT_OPEN`. */
  close(): void {
    this.reader.close()
  }

  [Symbol.dispose](): void {
    this.reader.close()
  }

  private start(): RangeReader {
    this.reader.refuseIfClosed()
    this.reader.engine.statistics.seeks++
    return this.reader
  }
}

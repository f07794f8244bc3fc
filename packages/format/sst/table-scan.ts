/**
 * A walk over all entries of a table, from first to last, one block at a time: for dumps, checks and tests.
 * Every block's checksum is verified.
 */
import { BlockCursor, DataBlock, type FlatIndex } from '../block/index.ts'
import { readBlockPayload } from './block-payload.ts'
import type { ByteSource } from './byte-source.ts'
import { readDictionary, readIndex, readTableLayout, type TableLayout } from './table-layout.ts'

export class TableScan {
  readonly source: ByteSource
  readonly layout: TableLayout
  readonly index: FlatIndex
  /** The current entry. Its sequence numbers are the table's own, without a global one. */
  readonly cursor: BlockCursor = new BlockCursor()
  /** Ordinal of the block that the cursor is in. */
  blockIndex = -1
  private readonly dictionary: Uint8Array | undefined

  constructor(source: ByteSource, layout: TableLayout = readTableLayout(source)) {
    this.source = source
    this.layout = layout
    this.index = readIndex(source, layout)
    this.dictionary = readDictionary(source, layout)
  }

  first(): boolean {
    return this.enter(0) && this.cursor.first() ? true : this.nextBlock()
  }

  next(): boolean {
    return this.cursor.next() || this.nextBlock()
  }

  /** Moves to the first entry at or after the internal key (key[start..end), trailer). */
  seek(key: Uint8Array, start: number, end: number, trailerLow: number, trailerHigh: number): boolean {
    const index = this.index.find(key, start, end, trailerLow, trailerHigh)
    if (this.enter(index) && this.cursor.seek(key, start, end, trailerLow, trailerHigh)) return true
    return this.nextBlock()
  }

  /** Reads data block `index`, checked. */
  readBlock(index: number): DataBlock {
    const offset = this.index.offsets[index]
    const handle = { offset, size: this.index.sizes[index] }
    const payload = readBlockPayload(this.source, handle, this.layout.footer, 'data block', this.dictionary)
    return new DataBlock(payload, this.source.file, offset)
  }

  private nextBlock(): boolean {
    while (this.enter(this.blockIndex + 1)) if (this.cursor.first()) return true
    return false
  }

  private enter(index: number): boolean {
    this.blockIndex = Math.min(index, this.index.count)
    if (index >= this.index.count) return false
    this.cursor.attach(this.readBlock(index))
    return true
  }
}

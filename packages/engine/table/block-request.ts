import type { DataBlock } from '@varve/format/block'
import type { Wanted } from '../cursor/cursor.ts'
import type { TableReader } from './table-reader.ts'

/** A data block that a lookup or a cursor waits for. */
export class BlockRequest implements Wanted {
  readonly table: TableReader
  readonly ordinal: number
  /** There once it is loaded, also when the cache did not take it. */
  block: DataBlock | undefined = undefined
  private readonly fillCache: boolean

  constructor(table: TableReader, ordinal: number, fillCache: boolean) {
    this.table = table
    this.ordinal = ordinal
    this.fillCache = fillCache
  }

  async load(): Promise<void> {
    this.block = await this.table.loadBlock(this.ordinal, this.fillCache)
  }

  loadSync(): void {
    this.block = this.table.loadBlockSync(this.ordinal, this.fillCache)
  }
}

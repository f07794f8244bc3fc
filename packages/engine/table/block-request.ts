import type { DataBlock } from '@varve/format/block'
import { hold, letGo } from '../cache/index.ts'
import type { Wanted } from '../cursor/cursor.ts'
import type { TableReader } from './table-reader.ts'

/** A data block that a lookup or a cursor waits for. It is held until `drop`; a lookup that is over in one call need not. */
export class BlockRequest implements Wanted {
  readonly isOneRead = true
  readonly table: TableReader
  readonly ordinal: number
  /** There once it is loaded, also when the cache did not take it. */
  block: DataBlock | undefined = undefined
  private readonly fillCache: boolean
  private readonly holds: boolean

  constructor(table: TableReader, ordinal: number, fillCache: boolean, holds = false) {
    this.holds = holds
    this.table = table
    this.ordinal = ordinal
    this.fillCache = fillCache
  }

  async load(): Promise<void> {
    this.take(await this.table.loadBlock(this.ordinal, this.fillCache))
  }

  loadSync(): void {
    this.take(this.table.loadBlockSync(this.ordinal, this.fillCache))
  }

  /** The block is not needed any more. */
  drop(): void {
    if (this.holds && this.block !== undefined) letGo(this.block)
    this.block = undefined
  }

  private take(block: DataBlock): void {
    this.drop()
    if (this.holds) hold(block)
    this.block = block
  }
}

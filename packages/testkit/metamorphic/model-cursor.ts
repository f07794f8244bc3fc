/** The model's cursor: a position in the rows of the moment at which it was made. */
import { type Bytes, VarveError } from 'varve'
import type { Row } from '../model/sorted-model.ts'
import type { StoreCursor } from './store.ts'

const nothing = new Uint8Array(0)

export class ModelCursor implements StoreCursor {
  private readonly rows: readonly Row[]
  private at = -1
  private isOpen = true

  constructor(rows: readonly Row[]) {
    this.rows = rows
  }

  get valid(): boolean {
    return this.isOpen && this.at >= 0 && this.at < this.rows.length
  }

  get key(): Uint8Array {
    return this.valid ? this.rows[this.at][0] : nothing
  }

  get value(): Uint8Array {
    return this.valid ? this.rows[this.at][1] : nothing
  }

  first(): boolean {
    return this.goTo(0)
  }

  last(): boolean {
    return this.goTo(this.rows.length - 1)
  }

  seek(key: Bytes): boolean {
    return this.goTo(this.rows.findIndex(row => Buffer.compare(row[0], Buffer.from(key)) >= 0))
  }

  seekForPrev(key: Bytes): boolean {
    return this.goTo(this.rows.findLastIndex(row => Buffer.compare(row[0], Buffer.from(key)) <= 0))
  }

  next(): boolean {
    return this.goTo(this.valid ? this.at + 1 : this.at)
  }

  prev(): boolean {
    return this.goTo(this.valid ? this.at - 1 : this.at)
  }

  close(): void {
    this.isOpen = false
  }

  private goTo(at: number): boolean {
    if (!this.isOpen) throw new VarveError('NOT_OPEN', 'the cursor is closed')
    this.at = at
    return this.valid
  }
}

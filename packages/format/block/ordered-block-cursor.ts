/** Cursor over a data block whose keys are not in bytewise order: it seeks by comparing whole keys. */
import { readUint32 } from '../bytes/index.ts'
import { compareTrailers, type KeyOrder, TRAILER_LENGTH } from '../key/index.ts'
import { BlockCursor } from './block-cursor.ts'
import { readRestart } from './block-search.ts'
import type { DataBlock } from './data-block.ts'

export class OrderedBlockCursor extends BlockCursor {
  private readonly order: KeyOrder

  constructor(order: KeyOrder, block?: DataBlock) {
    super(block)
    this.order = order
  }

  override seek(
    key: Uint8Array,
    start: number,
    end: number,
    trailerLow: number,
    trailerHigh: number,
  ): boolean {
    const restart = this.findRestart(key, start, end, trailerLow, trailerHigh)
    this.enterRestart(restart)
    while (this.step()) {
      const { keyBytes, keyLength } = this
      const order = this.order.compare(keyBytes, 0, keyLength - TRAILER_LENGTH, key, start, end)
      if (order > 0) return true
      if (order === 0 && compareTrailers(this.trailerLow, this.trailerHigh, trailerLow, trailerHigh) >= 0)
        return true
    }
    return false
  }

  /** The last restart point whose key is before the internal key, or the first one. */
  private findRestart(key: Uint8Array, start: number, end: number, low: number, high: number): number {
    const { block, header } = this
    const { bytes } = block
    let left = 0
    let right = block.restartCount - 1
    while (left < right) {
      const middle = (left + right + 1) >>> 1
      const userEnd = readRestart(block, header, middle)
      const order =
        this.order.compare(bytes, header.suffixStart, userEnd, key, start, end) ||
        compareTrailers(readUint32(bytes, userEnd), readUint32(bytes, userEnd + 4), low, high)
      if (order < 0) left = middle
      else right = middle - 1
    }
    return left
  }
}

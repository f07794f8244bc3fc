/**
 * The index of a table whose keys are not in bytewise order: whole keys are put together and compared. What all keys
 * begin with, and the first bytes behind that, say nothing about where one lies.
 */
import { copyBytes, readUint32 } from '../bytes/index.ts'
import { bytewise, compareTrailers, type KeyOrder } from '../key/index.ts'
import { FlatIndex, type UnfoldedIndex } from './flat-index.ts'

/** The index as keys in `order` are looked up in it. */
export function indexInOrder(index: FlatIndex, order: KeyOrder): FlatIndex {
  return order === bytewise ? index : new OrderedIndex(index, order)
}

class OrderedIndex extends FlatIndex {
  private readonly order: KeyOrder
  /** `prefix`, and room for the rest of any key. */
  private readonly whole: Uint8Array

  constructor(index: UnfoldedIndex, order: KeyOrder) {
    super(index)
    this.order = order
    let longest = 0
    for (let i = 0; i < this.count; i++)
      longest = Math.max(longest, this.keyOffsets[i + 1] - this.keyOffsets[i])
    this.whole = new Uint8Array(this.prefix.length + longest)
    this.whole.set(this.prefix)
  }

  override find(key: Uint8Array, start: number, end: number, low: number, high: number): number {
    let from = 0
    let to = this.count
    while (from < to) {
      const middle = (from + to) >>> 1
      if (this.comesBefore(middle, key, start, end, low, high)) from = middle + 1
      else to = middle
    }
    return from
  }

  /** Whether index key `index` is before the internal key (key[start..end), trailer). */
  private comesBefore(
    index: number,
    key: Uint8Array,
    start: number,
    end: number,
    low: number,
    high: number,
  ): boolean {
    const { keys, keyOffsets, whole } = this
    const restStart = keyOffsets[index]
    const restEnd = keyOffsets[index + 1] - this.trailerLength
    copyBytes(keys, restStart, restEnd, whole, this.prefix.length)
    const wholeEnd = this.prefix.length + restEnd - restStart
    const order = this.order.compare(whole, 0, wholeEnd, key, start, end)
    if (order !== 0) return order < 0
    if (this.userKeys) return false
    return compareTrailers(readUint32(keys, restEnd), readUint32(keys, restEnd + 4), low, high) < 0
  }
}

/**
 * The key ranges of a sorted run of files as plain data, so that a job message can carry thousands of them:
 *
 *     keys    := smallest u8[], largest u8[], smallest u8[], ...          user keys, one behind the other
 *     offsets := where each of them begins in `keys`, and the end
 *
 * A `KeyRangeCursor` is moved over them by ascending keys, and stands before, in or behind a range.
 */
import { bytewise, type KeyOrder } from '@varve/format/key'
import type { FileMeta } from '../version/file-meta.ts'

export interface KeyRanges {
  keys: Uint8Array
  offsets: Uint32Array
  /** Bytes of each file. */
  sizes: Float64Array
}

export function packKeyRanges(files: readonly FileMeta[]): KeyRanges {
  const userKeys = files.flatMap(file => [file.smallestUserKey, file.largestUserKey])
  const offsets = new Uint32Array(userKeys.length + 1)
  for (const [i, key] of userKeys.entries()) offsets[i + 1] = offsets[i] + key.length
  const keys = new Uint8Array(offsets[userKeys.length])
  for (const [i, key] of userKeys.entries()) keys.set(key, offsets[i])
  return { keys, offsets, sizes: Float64Array.from(files, file => file.size) }
}

export class KeyRangeCursor {
  readonly count: number
  readonly sizes: Float64Array
  /** The range it stands in, or the next one. `count` behind the last. */
  index = 0

  private readonly keys: Uint8Array
  private readonly offsets: Uint32Array
  /** Prefix words of each key, two and two. */
  private readonly words: Uint32Array

  private readonly order: KeyOrder

  constructor(ranges: KeyRanges, order: KeyOrder = bytewise) {
    const { keys, offsets, sizes } = ranges
    this.order = order
    this.keys = keys
    this.offsets = offsets
    this.sizes = sizes
    this.count = sizes.length
    this.words = new Uint32Array(2 * (offsets.length - 1))
    for (let i = 0; i + 1 < offsets.length; i++) {
      this.words[2 * i] = order.high(keys, offsets[i], offsets[i + 1])
      this.words[2 * i + 1] = order.low(keys, offsets[i], offsets[i + 1])
    }
  }

  /** Moves to a key not before the one of the last call; says whether a range has it. */
  covers(key: Uint8Array, end: number, prefixHigh: number, prefixLow: number): boolean {
    while (this.index < this.count && this.compareLargest(this.index, key, end, prefixHigh, prefixLow) < 0) {
      this.index++
    }
    return this.index < this.count && this.compareSmallest(this.index, key, end, prefixHigh, prefixLow) <= 0
  }

  /** The order of range `index`'s first key and key[0..end). */
  compareSmallest(
    index: number,
    key: Uint8Array,
    end: number,
    prefixHigh: number,
    prefixLow: number,
  ): number {
    return this.compare(2 * index, key, end, prefixHigh, prefixLow)
  }

  /** The order of range `index`'s last key and key[0..end). */
  compareLargest(index: number, key: Uint8Array, end: number, prefixHigh: number, prefixLow: number): number {
    return this.compare(2 * index + 1, key, end, prefixHigh, prefixLow)
  }

  private compare(at: number, key: Uint8Array, end: number, prefixHigh: number, prefixLow: number): number {
    const high = this.words[2 * at]
    if (high !== prefixHigh) return high - prefixHigh
    const low = this.words[2 * at + 1]
    if (low !== prefixLow) return low - prefixLow
    return this.order.compare(this.keys, this.offsets[at], this.offsets[at + 1], key, 0, end)
  }
}

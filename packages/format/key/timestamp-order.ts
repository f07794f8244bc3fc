/**
 * Orders of keys with a timestamp of a user at their end, so that one key has a history of its own:
 *
 *     key := user key u8[], timestamp u64le
 *
 * User keys are in the order of the comparator below, and of one user key the greatest timestamp comes first.
 *
 * RocksDB: util/comparator.cc, ComparatorWithU64TsImpl
 */
import { compareBytes, readUint32 } from '../bytes/index.ts'
import { builtInOrder, bytewise, KeyOrder, reverseBytewise } from './key-order.ts'

export const TIMESTAMP_LENGTH = 8

export class TimestampOrder extends KeyOrder {
  readonly name: string
  override readonly timestampSize: number = TIMESTAMP_LENGTH
  /** Of the user keys. */
  readonly root: KeyOrder

  constructor(root: KeyOrder) {
    super()
    this.root = root
    this.name = `${root.name}.u64ts`
  }

  /** Keys too short for a timestamp, which nobody should have, come first. */
  compare(a: Uint8Array, aStart: number, aEnd: number, b: Uint8Array, bStart: number, bEnd: number): number {
    const aAt = aEnd - TIMESTAMP_LENGTH
    const bAt = bEnd - TIMESTAMP_LENGTH
    if (aAt < aStart || bAt < bStart) {
      if (aAt >= aStart || bAt >= bStart) return aAt < aStart ? -1 : 1
      return compareBytes(a, aStart, aEnd, b, bStart, bEnd)
    }
    const order = this.root.compare(a, aStart, aAt, b, bStart, bAt)
    return order !== 0 ? order : compareTimestamps(b, bAt, a, aAt)
  }

  high(bytes: Uint8Array, start: number, end: number): number {
    return end - start < TIMESTAMP_LENGTH ? 0 : this.root.high(bytes, start, end - TIMESTAMP_LENGTH)
  }

  low(bytes: Uint8Array, start: number, end: number): number {
    return end - start < TIMESTAMP_LENGTH ? 0 : this.root.low(bytes, start, end - TIMESTAMP_LENGTH)
  }
}

/** Order of the timestamps at a[aAt] and b[bAt]: the smaller one first. */
export function compareTimestamps(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  return readUint32(a, aAt + 4) - readUint32(b, bAt + 4) || readUint32(a, aAt) - readUint32(b, bAt)
}

const withTimestamps: readonly TimestampOrder[] = [
  new TimestampOrder(bytewise),
  new TimestampOrder(reverseBytewise),
]

/** The order of a comparator that comes with RocksDB, with timestamps or without; undefined for any other name. */
export function knownOrder(name: string): KeyOrder | undefined {
  return builtInOrder(name) ?? withTimestamps.find(order => order.name === name)
}

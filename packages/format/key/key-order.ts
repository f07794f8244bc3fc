/**
 * The order of a column family's user keys. Nearly all families are in bytewise order, and the code they run through
 * knows that one by heart: it asks an order only where it is another than `bytewise`, or where nobody waits.
 *
 * An order is total and tells all keys apart: of two keys whose bytes differ, one comes first. Filters, hash indexes and
 * the search for older versions of a key go by bytes.
 *
 * RocksDB: include/rocksdb/comparator.h, util/comparator.cc
 */
import { compareBytes, prefixWord } from '../bytes/index.ts'
import { compareTrailersAt, shortestSeparator, TRAILER_LENGTH } from './internal-key.ts'

export abstract class KeyOrder {
  /** As MANIFEST, table properties and OPTIONS have it. */
  abstract readonly name: string
  /** So many bytes at the end of each key are a timestamp. */
  readonly timestampSize: number = 0
  /** All keys must have so many bytes; undefined where they may have any number. */
  readonly keyLength: number | undefined = undefined
  /** Why the order cannot be relied on any more; only that of a program's own can come to this. */
  failure: Error | undefined = undefined

  /** Order of a[aStart..aEnd) and b[bStart..bEnd): negative, zero or positive. */
  abstract compare(
    a: Uint8Array,
    aStart: number,
    aEnd: number,
    b: Uint8Array,
    bStart: number,
    bEnd: number,
  ): number

  /**
   * A number below 2^32: where those of two keys differ, they are in the order of the keys. `low` says so of keys whose
   * `high` is the same. Comparing them saves nearly all comparisons of keys.
   */
  abstract high(bytes: Uint8Array, start: number, end: number): number
  abstract low(bytes: Uint8Array, start: number, end: number): number

  /** A key at or after `a` and before `b`, no longer than `a`, as C++ makes it; or `a`. Expects a < b. */
  separator(a: Uint8Array, _b: Uint8Array): Uint8Array {
    return a
  }

  /** Does `work` to its end: if comparing fails meanwhile, that is noted as `failure` instead of thrown. */
  throughout(work: () => void): void {
    work()
  }

  /** Order of two whole keys. */
  compareKeys(a: Uint8Array, b: Uint8Array): number {
    return this.compare(a, 0, a.length, b, 0, b.length)
  }

  /** Internal key order of a[aStart..aEnd) and b[bStart..bEnd), both at least eight bytes long. */
  compareInternal(
    a: Uint8Array,
    aStart: number,
    aEnd: number,
    b: Uint8Array,
    bStart: number,
    bEnd: number,
  ): number {
    const aTrailer = aEnd - TRAILER_LENGTH
    const bTrailer = bEnd - TRAILER_LENGTH
    const order = this.compare(a, aStart, aTrailer, b, bStart, bTrailer)
    return order !== 0 ? order : compareTrailersAt(a, aTrailer, b, bTrailer)
  }

  /** Order of two whole internal keys. */
  compareInternalKeys(a: Uint8Array, b: Uint8Array): number {
    return this.compareInternal(a, 0, a.length, b, 0, b.length)
  }
}

class BytewiseOrder extends KeyOrder {
  readonly name = 'leveldb.BytewiseComparator'

  compare(a: Uint8Array, aStart: number, aEnd: number, b: Uint8Array, bStart: number, bEnd: number): number {
    return compareBytes(a, aStart, aEnd, b, bStart, bEnd)
  }

  high(bytes: Uint8Array, start: number, end: number): number {
    return prefixWord(bytes, start, end)
  }

  low(bytes: Uint8Array, start: number, end: number): number {
    return prefixWord(bytes, start + 4, end)
  }

  override separator(a: Uint8Array, b: Uint8Array): Uint8Array {
    return shortestSeparator(a, b)
  }
}

class ReverseBytewiseOrder extends KeyOrder {
  readonly name = 'rocksdb.ReverseBytewiseComparator'

  compare(a: Uint8Array, aStart: number, aEnd: number, b: Uint8Array, bStart: number, bEnd: number): number {
    return compareBytes(b, bStart, bEnd, a, aStart, aEnd)
  }

  high(bytes: Uint8Array, start: number, end: number): number {
    return 0xffff_ffff - prefixWord(bytes, start, end)
  }

  low(bytes: Uint8Array, start: number, end: number): number {
    return 0xffff_ffff - prefixWord(bytes, start + 4, end)
  }

  /** What `a` begins with, as far as the byte that is greater than that of `b`. */
  override separator(a: Uint8Array, b: Uint8Array): Uint8Array {
    const limit = Math.min(a.length, b.length)
    let at = 0
    while (at < limit && a[at] === b[at]) at++
    return at < limit && a[at] > b[at] && at < a.length - 1 ? a.slice(0, at + 1) : a
  }
}

/**
 * Keys of eight bytes, little-endian numbers in ascending order. Others, which are never written, come behind those. RocksDB: Uint64Comparator, of its test utilities
 */
class Uint64Order extends KeyOrder {
  readonly name = 'rocksdb.Uint64Comparator'
  override readonly keyLength: number = 8

  compare(a: Uint8Array, aStart: number, aEnd: number, b: Uint8Array, bStart: number, bEnd: number): number {
    const aIsNumber = aEnd - aStart === 8
    const bIsNumber = bEnd - bStart === 8
    if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1
    if (!aIsNumber) return compareBytes(a, aStart, aEnd, b, bStart, bEnd)
    for (let i = 7; i >= 0; i--) {
      const difference = a[aStart + i] - b[bStart + i]
      if (difference !== 0) return difference
    }
    return 0
  }

  high(bytes: Uint8Array, start: number, end: number): number {
    return end - start === 8 ? littleEndian(bytes, start + 4) : 0xffff_ffff
  }

  low(bytes: Uint8Array, start: number, end: number): number {
    return end - start === 8 ? littleEndian(bytes, start) : 0xffff_ffff
  }
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
}

/** The order that nearly all families have. */
export const bytewise: KeyOrder = new BytewiseOrder()
/** From the greatest key to the smallest; of a key and one that it begins with, the longer comes first. */
export const reverseBytewise: KeyOrder = new ReverseBytewiseOrder()
export const uint64Order: KeyOrder = new Uint64Order()

const builtIn: readonly KeyOrder[] = [bytewise, reverseBytewise, uint64Order]

/** The order of a comparator that comes with RocksDB; undefined for any other name. */
export function builtInOrder(name: string): KeyOrder | undefined {
  return builtIn.find(order => order.name === name)
}

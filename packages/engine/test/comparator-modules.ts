/** Comparators that threads load from their module; the default one has a twin in C++: testkit/oracle/cpp/rocks.cc. */
import type { Comparator } from '../index.ts'

/** Shorter keys first, those of one length bytewise. */
function compareLengthFirst(a: Uint8Array, b: Uint8Array): number {
  return a.length - b.length || Buffer.compare(a, b)
}

const lengthFirst: Comparator = { name: 'testkit.LengthFirst', compare: compareLengthFirst }
export default lengthFirst

/** The same order, under another name. */
export const otherName: Comparator = { name: 'testkit.Other', compare: compareLengthFirst }

/** Bytewise, with separators of its own. */
export const withSeparator: Comparator = {
  name: 'testkit.WithSeparator',
  compare: Buffer.compare,
  separator(a, b) {
    for (let length = 0; length < a.length; length++) {
      const start = a.subarray(0, length)
      if (Buffer.compare(start, a) >= 0 && Buffer.compare(start, b) < 0) return start
    }
    return a
  },
}

/** No order: each key that begins with an x comes before every other. */
export const noOrder: Comparator = {
  name: 'testkit.NoOrder',
  compare: (a, b) => (a[0] === 0x78 ? -1 : b[0] === 0x78 ? 1 : Buffer.compare(a, b)),
}

/** Fails for keys that begin with a ! while `failing.now`. */
export const failing: Comparator & { now: boolean } = {
  name: 'testkit.Failing',
  now: false,
  compare(a, b) {
    if (failing.now && (a[0] === 0x21 || b[0] === 0x21)) throw new Error('no such key')
    return compareLengthFirst(a, b)
  },
}

/** Says that it is RocksDB's. */
export const impostor: Comparator = { name: 'rocksdb.ReverseBytewiseComparator', compare: Buffer.compare }

/** Gives something else than numbers. */
export const noNumbers = { name: 'testkit.NoNumbers', compare: () => 'less' }

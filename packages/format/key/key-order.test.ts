import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { builtInOrder, bytewise, type KeyOrder, reverseBytewise, uint64Order } from './index.ts'

/** Short ones over few bytes, so that many begin alike. */
const anyKey = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.array(fc.constantFrom(0, 1, 0x7f, 0xfe, 0xff), { maxLength: 10 }).map(bytes => Uint8Array.from(bytes)),
)
const numberKey = fc.oneof(
  fc.uint8Array({ minLength: 8, maxLength: 8 }),
  fc
    .array(fc.constantFrom(0, 1, 0x80, 0xff), { minLength: 8, maxLength: 8 })
    .map(bytes => Uint8Array.from(bytes)),
)

const cases: [order: KeyOrder, key: fc.Arbitrary<Uint8Array>, compare: (a: Buffer, b: Buffer) => number][] = [
  [bytewise, anyKey, (a, b) => Buffer.compare(a, b)],
  [reverseBytewise, anyKey, (a, b) => Buffer.compare(b, a)],
  [uint64Order, numberKey, (a, b) => Math.sign(Number(a.readBigUInt64LE() - b.readBigUInt64LE()) || 0)],
]

for (const [order, key, compare] of cases) {
  describe(order.name, () => {
    test('compares ranges of bytes as its definition has it', () => {
      fc.assert(
        fc.property(key, key, fc.nat(3), (a, b, pad) => {
          const padded = Buffer.concat([Buffer.alloc(pad, 7), a, Buffer.alloc(2, 9)])
          const order_ = order.compare(padded, pad, pad + a.length, b, 0, b.length)
          assert.equal(Math.sign(order_), compare(Buffer.from(a), Buffer.from(b)))
          assert.equal(Math.sign(order.compareKeys(b, a)), -Math.sign(order_) + 0)
        }),
        { numRuns: 500 },
      )
    })

    test('its words, where they differ, are in the order of the keys', () => {
      fc.assert(
        fc.property(key, key, (a, b) => {
          const highs = [order.high(a, 0, a.length), order.high(b, 0, b.length)]
          const lows = [order.low(a, 0, a.length), order.low(b, 0, b.length)]
          for (const word of [...highs, ...lows]) assert.equal(word, word >>> 0)
          const byWords = highs[0] !== highs[1] ? highs[0] - highs[1] : lows[0] - lows[1]
          if (byWords !== 0) assert.equal(Math.sign(byWords), Math.sign(order.compareKeys(a, b)))
        }),
        { numRuns: 500 },
      )
    })

    test('a separator is at or after the one key, before the other, and no longer', () => {
      fc.assert(
        fc.property(key, key, (a, b) => {
          fc.pre(order.compareKeys(a, b) < 0)
          const separator = order.separator(a, b)
          assert.ok(separator.length <= a.length)
          assert.ok(order.compareKeys(a, separator) <= 0)
          assert.ok(order.compareKeys(separator, b) < 0)
        }),
        { numRuns: 500 },
      )
    })

    test('is found by its name', () => {
      assert.equal(builtInOrder(order.name), order)
    })
  })
}

test('no other name is that of a built-in order', () => {
  for (const name of ['', 'bytewise', 'rocksdb.BytewiseComparator', 'testkit.LengthFirst'])
    assert.equal(builtInOrder(name), undefined)
})

test('separators of the reverse order are as short as C++ makes them', () => {
  const separate = (a: number[], b: number[]) => [
    ...reverseBytewise.separator(Uint8Array.from(a), Uint8Array.from(b)),
  ]
  assert.deepEqual(separate([1, 1, 3, 1, 1], [1, 1, 1, 2, 2]), [1, 1, 3])
  assert.deepEqual(separate([1, 1, 2, 1, 1], [1, 1, 1, 2, 2]), [1, 1, 2])
  assert.deepEqual(separate([1, 1, 2], [1, 1, 1, 2, 2]), [1, 1, 2])
  assert.deepEqual(separate([1, 1, 2, 1], [1, 1]), [1, 1, 2, 1])
})

test('of the versions of a key the newest comes first in every order', () => {
  for (const order of [bytewise, reverseBytewise, uint64Order]) {
    const older = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 1, 5, 0, 0, 0, 0, 0, 0])
    const newer = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 1, 6, 0, 0, 0, 0, 0, 0])
    assert.ok(order.compareInternalKeys(newer, older) < 0)
    assert.equal(order.compareInternalKeys(newer, newer), 0)
  }
})

/** Blocks and indexes of keys that are not in bytewise order, against sorted arrays. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type KeyOrder, makeInternalKey, reverseBytewise, uint64Order } from '../key/index.ts'
import {
  BlockBuilder,
  DataBlock,
  FlatIndex,
  HashedBlockBuilder,
  IndexBuilder,
  indexInOrder,
  OrderedBlockCursor,
} from './index.ts'

const PUT = 1

interface Target {
  key: Uint8Array
  sequence: number
}

const reverseKey = fc
  .array(fc.constantFrom(0, 1, 0x61, 0xff), { maxLength: 6 })
  .map(bytes => Uint8Array.from([0x61, 0x62, ...bytes]))
const numberKey = fc
  .array(fc.constantFrom(0, 1, 0xff), { minLength: 8, maxLength: 8 })
  .map(bytes => Uint8Array.from(bytes))
const orders: [KeyOrder, fc.Arbitrary<Uint8Array>][] = [
  [reverseBytewise, reverseKey],
  [uint64Order, numberKey],
]

function targets(key: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Target> {
  return fc.record({ key, sequence: fc.integer({ min: 1, max: 9 }) })
}

function compareTargets(order: KeyOrder, a: Target, b: Target): number {
  return order.compareKeys(a.key, b.key) || b.sequence - a.sequence
}

function sorted(order: KeyOrder, list: readonly Target[]): Target[] {
  const all = list.toSorted((a, b) => compareTargets(order, a, b))
  return all.filter((each, i) => i === 0 || compareTargets(order, all[i - 1], each) !== 0)
}

function trailer({ sequence }: Target): [low: number, high: number] {
  return [((sequence << 8) | PUT) >>> 0, 0]
}

for (const [order, key] of orders) {
  test(`a cursor seeks both ways in a block of keys in the order ${order.name}`, () => {
    fc.assert(
      fc.property(
        fc.array(targets(key), { minLength: 1, maxLength: 60 }),
        fc.array(targets(key), { maxLength: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        (list, asked, interval, hashed) => {
          const entries = sorted(order, list)
          const builder = hashed ? new HashedBlockBuilder(interval, 0.75) : new BlockBuilder(interval)
          for (const [i, entry] of entries.entries()) {
            const internal = makeInternalKey(entry.key, entry.sequence, PUT)
            builder.add(internal, 0, internal.length, Uint8Array.of(i), 0, 1)
          }
          const cursor = new OrderedBlockCursor(order, new DataBlock(builder.finish().slice()))
          for (const target of [...asked, ...entries]) {
            const [low, high] = trailer(target)
            const after = entries.findIndex(entry => compareTargets(order, entry, target) >= 0)
            const found = cursor.seek(target.key, 0, target.key.length, low, high)
            assert.equal(found ? cursor.value()[0] : -1, after)
            const before = entries.findLastIndex(entry => compareTargets(order, entry, target) <= 0)
            const foundBefore = cursor.seekForPrev(target.key, 0, target.key.length, low, high)
            assert.equal(foundBefore ? cursor.value()[0] : -1, before)
            if (foundBefore)
              assert.equal(
                cursor.next() ? cursor.value()[0] : -1,
                before + 1 < entries.length ? before + 1 : -1,
              )
          }
        },
      ),
    )
  })

  test(`an index leads to the block of a key in the order ${order.name}`, () => {
    fc.assert(
      fc.property(
        fc.array(targets(key), { minLength: 2, maxLength: 60 }),
        fc.array(targets(key), { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        (list, asked, blockLength, deltaValues) => {
          const entries = sorted(order, list)
          const builder = new IndexBuilder({ userKeys: true, deltaValues, restartInterval: 2, order })
          const blockOf: number[] = []
          for (let i = 0; i < entries.length; i++) {
            blockOf.push(Math.floor(i / blockLength))
            const isLast = i === entries.length - 1 || (i + 1) % blockLength === 0
            const next = entries[i + 1]
            if (!isLast) continue
            const internal = makeInternalKey(entries[i].key, entries[i].sequence, PUT)
            const handle = { offset: 105 * blockOf[i], size: 100 }
            builder.add(internal, next && makeInternalKey(next.key, next.sequence, PUT), handle)
          }
          const form = { userKeys: builder.userKeys, deltaValues, firstKeys: false }
          const index = indexInOrder(FlatIndex.unfold([builder.finish()], form), order)
          for (const target of [...asked, ...entries]) {
            const [low, high] = trailer(target)
            const after = entries.findIndex(entry => compareTargets(order, entry, target) >= 0)
            const found = index.find(target.key, 0, target.key.length, low, high)
            // A key between two blocks may be led to the one before: it ends there without an entry at or after it.
            const expected = after < 0 ? index.count : blockOf[after]
            const isBetween = after < 0 || after % blockLength === 0
            assert.ok(found === expected || (isBetween && found === expected - 1), `${found} for ${expected}`)
          }
        },
      ),
    )
  })
}

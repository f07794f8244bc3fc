import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeInternalKey, makeSentinel, ValueType } from '@varve/format/key'
import fc from 'fast-check'
import { MemtableTombstones } from './memtable-tombstones.ts'
import { type RangeTombstone, RangeTombstones } from './range-tombstones.ts'
import { tableTombstones } from './table-tombstones.ts'

const KEYS = 12

function key(number: number): Uint8Array {
  return Uint8Array.of(number)
}

const tombstone = fc
  .record({ a: fc.nat(KEYS), b: fc.nat(KEYS), sequence: fc.integer({ min: 1, max: 20 }) })
  .map(
    ({ a, b, sequence }): RangeTombstone => ({
      start: key(Math.min(a, b)),
      end: key(Math.max(a, b)),
      sequence,
    }),
  )
const tombstones = fc.array(tombstone, { maxLength: 12 })

/** By definition. */
function newestOver(list: readonly RangeTombstone[], number: number, sequence: number): number {
  const covering = list.filter(({ start, end }) => start[0] <= number && number < end[0])
  return Math.max(0, ...covering.map(each => each.sequence).filter(own => own <= sequence))
}

test('fragments say the same of every key and reader as the tombstones they were made of', () => {
  fc.assert(
    fc.property(tombstones, list => {
      const fragments = RangeTombstones.of(list)
      const again = RangeTombstones.of(fragments.list())
      for (let number = 0; number <= KEYS; number++) {
        for (let sequence = 0; sequence <= 21; sequence++) {
          const expected = newestOver(list, number, sequence)
          assert.equal(fragments.covering(key(number), 0, 1, sequence), expected)
          assert.equal(again.covering(key(number), 0, 1, sequence), expected)
        }
      }
    }),
  )
})

test('fragments ascend, are apart from each other, and have their sequences newest first', () => {
  fc.assert(
    fc.property(tombstones, list => {
      const { starts, ends, sequences, count } = RangeTombstones.of(list)
      for (let i = 0; i < count; i++) {
        assert.ok(starts[i][0] < ends[i][0])
        if (i > 0) assert.ok(ends[i - 1][0] <= starts[i][0])
        assert.deepEqual(
          sequences[i],
          sequences[i].toSorted((a, b) => b - a),
        )
      }
    }),
  )
})

test('within a range is what covers the keys of that range, and nothing else', () => {
  fc.assert(
    fc.property(tombstones, fc.nat(KEYS), fc.nat(KEYS), (list, from, before) => {
      const part = RangeTombstones.of(list).within(key(from), key(before))
      for (let number = 0; number <= KEYS; number++) {
        const expected = number >= from && number < before ? newestOver(list, number, 20) : 0
        assert.equal(part.covering(key(number), 0, 1, 20), expected)
      }
    }),
  )
})

test('a memtable answers between additions as a list of all would', () => {
  fc.assert(
    fc.property(fc.array(tombstone, { maxLength: 60 }), list => {
      const memtable = new MemtableTombstones()
      for (const [index, each] of list.entries()) {
        memtable.add(each)
        const number = index % (KEYS + 1)
        assert.equal(
          memtable.covering(key(number), 0, 1, 15),
          newestOver(list.slice(0, index + 1), number, 15),
        )
      }
      assert.deepEqual(memtable.fragments().list(), RangeTombstones.of(list).list())
    }),
  )
})

/** A tombstone from 1 to before 9 as a table has it. */
const deletion = {
  start: key(1),
  end: key(9),
  trailerLow: (7 << 8) | ValueType.RangeDeletion,
  trailerHigh: 0,
}

test('of a tombstone only what lies within the boundaries of its file counts', () => {
  const smallest = makeInternalKey(key(3), 5, ValueType.Value)
  const covered = (largest: Uint8Array): number[] => {
    const own = tableTombstones([deletion], { smallest, largest }, undefined)
    return Array.from({ length: 10 }, (_, i) => i).filter(number => own.covering(key(number), 0, 1, 9) === 7)
  }
  assert.deepEqual(covered(makeInternalKey(key(6), 5, ValueType.Value)), [3, 4, 5, 6])
  assert.deepEqual(covered(makeSentinel(key(6))), [3, 4, 5])
  assert.deepEqual(covered(makeSentinel(key(9))), [3, 4, 5, 6, 7, 8])
})

test('in a file with a global sequence a tombstone has that', () => {
  assert.equal(tableTombstones([deletion], undefined, 30).covering(key(4), 0, 1, 29), 0)
  assert.equal(tableTombstones([deletion], undefined, 30).covering(key(4), 0, 1, 30), 30)
})

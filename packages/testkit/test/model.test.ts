import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeySpace, randomValue } from '../model/generators.ts'
import { randomRange } from '../model/random-range.ts'
import { nameOf, type Row, SortedModel } from '../model/sorted-model.ts'
import { Random } from '../random.ts'
import { formatRecord } from '../real-input/package-index.ts'

const bytes = fc.uint8Array({ maxLength: 6 })
const range = fc.record(
  { start: bytes, end: bytes, reverse: fc.boolean(), limit: fc.nat(8) },
  { requiredKeys: [] },
)

test('the model keeps rows in the order of their bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, bytes)), fc.array(bytes), range, (puts, deletes, wanted) => {
      const model = SortedModel.of(puts)
      for (const key of deletes) model.delete(key)
      const last = new Map(puts.map(row => [nameOf(row[0]), row] as const))
      for (const key of deletes) last.delete(nameOf(key))
      const { start, end, reverse, limit } = wanted
      const expected = [...last.values()]
        .filter(([key]) => start === undefined || Buffer.compare(key, start) >= 0)
        .filter(([key]) => end === undefined || Buffer.compare(key, end) < 0)
        .sort(([a], [b]) => (reverse ? Buffer.compare(b, a) : Buffer.compare(a, b)))
        .slice(0, limit)
      assert.deepEqual(plain(model.rows(wanted)), plain(expected))
      assert.equal(model.size, last.size)
    }),
  )
})

test('a copy of the model does not follow it', () => {
  const model = SortedModel.of([[Uint8Array.of(1), Uint8Array.of(1)]])
  const copy = model.copy()
  model.put(Uint8Array.of(2), Uint8Array.of(2))
  model.delete(Uint8Array.of(1))
  assert.deepEqual(plain(copy.rows()), [[[1], [1]]])
})

test('a seed gives the same numbers, keys and values each time, and changes none of its keys', () => {
  const draw = () => {
    const random = new Random(42)
    const keys = new KeySpace(random, 200)
    const before = keys.keys.map(key => Buffer.from(key).toString('hex'))
    for (let i = 0; i < 500; i++) randomRange(keys, random)
    assert.deepEqual(
      keys.keys.map(key => Buffer.from(key).toString('hex')),
      before,
    )
    return [before, Buffer.from(randomValue(random)).toString('hex'), random.fork(3).next()]
  }
  assert.deepEqual(draw(), draw())
})

test('numbers are spread over their whole range', () => {
  const random = new Random(5)
  const counts = new Array(8).fill(0)
  for (let i = 0; i < 8000; i++) counts[random.below(8)]++
  for (const count of counts) assert.ok(count > 850 && count < 1150, `${counts}`)
})

test('a record of the package index is one line in either form', () => {
  const record = { key: 'a=1=amd64', value: 'Package: a\n\ttab and \\ backslash' }
  assert.equal(formatRecord(record, 'tsv'), 'a=1=amd64\tPackage: a\\n\\ttab and \\\\ backslash')
  assert.deepEqual(JSON.parse(formatRecord(record, 'ndjson')), record)
})

function plain(rows: Iterable<Row>): number[][][] {
  return [...rows].map(([key, value]) => [[...key], [...value]])
}

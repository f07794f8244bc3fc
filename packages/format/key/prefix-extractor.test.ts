import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prefixExtractor } from './index.ts'

test('a fixed prefix is there in keys that are long enough', () => {
  const fixed = prefixExtractor('rocksdb.FixedPrefix.4')
  assert.deepEqual(
    [0, 3, 4, 5, 100].map(length => fixed?.prefixLength(length)),
    [-1, -1, 4, 4, 4],
  )
})

test('a capped prefix is there in every key', () => {
  const capped = prefixExtractor('rocksdb.CappedPrefix.4')
  assert.deepEqual(
    [0, 3, 4, 5].map(length => capped?.prefixLength(length)),
    [0, 3, 4, 4],
  )
})

test('Noop takes the key whole', () => {
  const noop = prefixExtractor('rocksdb.Noop')
  assert.deepEqual(
    [0, 3, 1000].map(length => noop?.prefixLength(length)),
    [0, 3, 1000],
  )
})

test("RocksDB's short names mean the same, and go by the long ones", () => {
  assert.equal(prefixExtractor('fixed:12')?.name, 'rocksdb.FixedPrefix.12')
  assert.equal(prefixExtractor('capped:3')?.name, 'rocksdb.CappedPrefix.3')
})

test('any other name is that of an extractor that is not known here', () => {
  for (const name of [
    'nullptr',
    '',
    'rocksdb.FixedPrefix',
    'rocksdb.FixedPrefix.0',
    'rocksdb.FixedPrefix.08',
    'rocksdb.FixedPrefix.9999999999',
    'rocksdb.FixedPrefix.4x',
    'fixed:',
    'Noop',
  ]) {
    assert.equal(prefixExtractor(name), undefined, name)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8 } from '../bytes/index.ts'
import { FastLocalBloomBuilder, openFilter } from '../filter/index.ts'
import { prefixExtractor } from '../key/index.ts'
import { MemorySource, readTableLayout } from './index.ts'
import { PrefixedKeys } from './prefixed-keys.ts'
import { variedTable } from './test/varied-table.ts'

function build(name: string, wholeKeys: boolean, keys: readonly string[]) {
  const bits = new FastLocalBloomBuilder(30)
  const prefixed = new PrefixedKeys(bits, prefixExtractor(name)!, wholeKeys)
  for (const key of keys) prefixed.addKey(encodeUtf8(key), 0, key.length)
  const filter = openFilter(bits.finish() ?? new Uint8Array(0))
  return { count: bits.count, has: (key: string) => filter.mayMatch(encodeUtf8(key), 0, key.length) }
}

const keys = ['a', 'user1a', 'user1a', 'user1b', 'user2', 'user2']

test('keys and prefixes are added once each', () => {
  const { count, has } = build('rocksdb.FixedPrefix.5', true, keys)
  // a, user1a, user1, user1b, user2 (which is its own prefix).
  assert.equal(count, 5)
  for (const key of [...keys, 'user1']) assert.ok(has(key), key)
  for (const key of ['user', 'use', 'user3', 'user1c']) assert.ok(!has(key), key)
})

test('prefixes alone are added where whole keys are not wanted', () => {
  const { count, has } = build('rocksdb.FixedPrefix.5', false, keys)
  assert.equal(count, 2)
  assert.ok(has('user1') && has('user2') && !has('a') && !has('user1a'))
})

test('a short key is its own capped prefix', () => {
  const { count, has } = build('rocksdb.CappedPrefix.5', false, ['a', ...keys])
  assert.equal(count, 3)
  assert.ok(has('a') && has('user1') && has('user2'))
})

test('the layout tells by which rule the prefixes were cut, if it is known', () => {
  const layout = (prefixExtractor: string) =>
    readTableLayout(new MemorySource(variedTable({ prefixExtractor, bloomBitsPerKey: 10 })))
  const { properties, prefixExtractor: extractor } = layout('rocksdb.CappedPrefix.3')
  assert.equal(properties?.prefixExtractor, 'rocksdb.CappedPrefix.3')
  assert.equal(properties?.prefixFiltering, true)
  assert.equal(extractor?.length, 3)
  const plain = readTableLayout(new MemorySource(variedTable({})))
  assert.equal(plain.prefixExtractor, undefined)
  assert.equal(plain.properties?.prefixFiltering, false)
})

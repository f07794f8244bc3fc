import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { prefixExtractor, ValueType } from '@varve/format/key'
import type { TableBuilderOptions } from '@varve/format/sst'
import fc from 'fast-check'
import { BlockCache } from '../cache/index.ts'
import { type KeyRange, keyBounds } from '../cursor/bounds.ts'
import type { FakeEntry } from '../cursor/fake-run.test-support.ts'
import { PointLookup } from '../cursor/point-lookup.ts'
import { FileMeta } from '../version/file-meta.ts'
import { PrefixProbe } from './prefix-probe.ts'
import { TableCache } from './table-cache.ts'
import { addTable, MemoryFiles } from './tables.test-support.ts'

const written: TableBuilderOptions = { bloomBitsPerKey: 20, prefixExtractor: 'rocksdb.FixedPrefix.4' }

/** An open table of these keys. */
function tableOf(keys: readonly string[], options: TableBuilderOptions = written): FileMeta {
  const fs = new MemoryFiles()
  const entries = keys.map((key, i): FakeEntry => {
    return { key: encodeUtf8(key), sequence: i + 1, type: ValueType.Value, value: encodeUtf8('value') }
  })
  const file = new FileMeta(addTable(fs, 7, entries, options))
  new TableCache({ fs, directory: '/db', cache: new BlockCache(0) }).openSync(file)
  return file
}

/** Whether a scan of the range in a family with this extractor looks into the file. */
function looksInto(file: FileMeta, range: KeyRange, extractor = 'rocksdb.FixedPrefix.4'): boolean {
  return PrefixProbe.of(keyBounds(range), prefixExtractor(extractor))?.mayBeIn(file) ?? true
}

/** Whether the filter lets a lookup of the key pass. */
function passesLookup(file: FileMeta, key: string): boolean {
  const lookup = new PointLookup()
  const bytes = encodeUtf8(key)
  lookup.begin(bytes, 0, bytes.length, 100)
  return file.table?.contents.filter?.mayMatch(lookup) ?? true
}

const table = tableOf(['aaaa1', 'aaaa2', 'bbbb1', 'dddd', 'zz'])

test('a table without a prefix is passed over, one with it is not', () => {
  assert.equal(looksInto(table, { prefix: 'bbbb' }), true)
  assert.equal(looksInto(table, { prefix: 'cccc' }), false)
  // The filter knows that there are keys with the prefix, not which.
  assert.equal(looksInto(table, { prefix: 'bbbb2' }), true)
  assert.equal(looksInto(table, { prefix: 'cccc22' }), false)
  assert.equal(looksInto(table, { prefix: 'dddd' }), true)
})

test('any bounds within one prefix will do', () => {
  assert.equal(looksInto(table, { gte: 'cccc1', lt: 'cccc5' }), false)
  assert.equal(looksInto(table, { gt: 'bbbb1', lte: 'bbbb5' }), true)
  assert.equal(looksInto(table, { gte: 'cccc', lt: 'cccd' }), false)
})

test('nothing is passed over when keys may have several prefixes, or none', () => {
  for (const range of [
    {},
    { prefix: 'ccc' },
    { gte: 'cccc' },
    { lt: 'cccd' },
    { gte: 'cccc', lt: 'cccd\0' },
    { gte: 'ccc', lt: 'cccd' },
    { prefix: '' },
  ]) {
    assert.equal(looksInto(table, range), true, JSON.stringify(range))
  }
  assert.equal(looksInto(table, { prefix: 'cccc' }, 'rocksdb.Noop'), true)
})

test('prefixes of nothing but 0xff have no end, and none is needed', () => {
  const all = new Uint8Array(4).fill(0xff)
  assert.equal(looksInto(table, { prefix: all }), false)
  assert.equal(looksInto(table, { gte: all }), false)
})

test('a table is not asked about prefixes that were cut by another rule', () => {
  assert.equal(looksInto(table, { prefix: 'bbbb' }, 'rocksdb.FixedPrefix.3'), true)
  assert.equal(looksInto(table, { prefix: 'cccc' }, 'rocksdb.FixedPrefix.3'), true)
  assert.equal(looksInto(table, { prefix: 'cccc' }, 'rocksdb.CappedPrefix.4'), true)
  assert.equal(looksInto(table, { prefix: 'cccc' }, 'nullptr'), true)
  const other = tableOf(['aaaa1'], { ...written, prefixExtractor: 'rocksdb.CappedPrefix.4' })
  assert.equal(looksInto(other, { prefix: 'cccc' }, 'rocksdb.CappedPrefix.4'), false)
})

test('a table without prefixes in its filter, or without a filter, is looked into', () => {
  for (const options of [{ bloomBitsPerKey: 20 }, { prefixExtractor: 'rocksdb.FixedPrefix.4' }]) {
    assert.equal(looksInto(tableOf(['aaaa1'], options), { prefix: 'cccc' }), true)
  }
})

test('a prefix that begins a partition of the filter is found from the one before, where it would belong', () => {
  const options = { blockSize: 1, partitionIndex: true, partitionFilters: true, metadataBlockSize: 1 }
  // The index key between the first two is `aac`: a key that short would be in the first partition.
  const keys = ['aab9', 'aac11', 'aac12', 'aad1']
  const file = tableOf(keys, { ...written, ...options, prefixExtractor: 'rocksdb.FixedPrefix.3' })
  assert.ok(file.table!.contents.layout.filterPartitioned)
  for (const prefix of ['aab', 'aac', 'aad']) {
    assert.equal(looksInto(file, { prefix }, 'rocksdb.FixedPrefix.3'), true, prefix)
  }
  assert.equal(looksInto(file, { prefix: 'aae' }, 'rocksdb.FixedPrefix.3'), false)
  for (const key of keys) assert.ok(passesLookup(file, key))
  assert.equal(passesLookup(file, 'aac13'), false)
})

test('a lookup in a table with prefixes only is spared when the prefix is not there', () => {
  for (const prefixExtractor of ['rocksdb.FixedPrefix.4', 'rocksdb.CappedPrefix.4']) {
    const prefixes = tableOf(['aaaa1', 'bbbb1', 'zz'], {
      ...written,
      prefixExtractor,
      wholeKeyFiltering: false,
    })
    const passes = (key: string) => passesLookup(prefixes, key)
    for (const key of ['aaaa1', 'aaaa2', 'bbbb', 'zz']) assert.equal(passes(key), true, key)
    for (const key of ['cccc', 'aaab1', 'aabb']) assert.equal(passes(key), false, key)
    // Too short for a fixed prefix: nothing is known about it.
    assert.equal(passes('yy'), prefixExtractor === 'rocksdb.FixedPrefix.4')
  }
})

test('a table with a key in the range is never passed over', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\x7f'), maxLength: 6 })
  const name = fc.constantFrom(
    'FixedPrefix.1',
    'FixedPrefix.2',
    'FixedPrefix.4',
    'CappedPrefix.2',
    'CappedPrefix.3',
  )
  const range = fc.oneof(
    text.map((prefix): KeyRange => ({ prefix })),
    fc.tuple(text, text).map(([gte, lt]): KeyRange => ({ gte, lt })),
    fc.tuple(text, text).map(([gt, lte]): KeyRange => ({ gt, lte })),
  )
  const forms = fc.record({
    wholeKeyFiltering: fc.boolean(),
    blockSize: fc.constantFrom(1, 40, 4096),
    partitionIndex: fc.boolean(),
    partitionFilters: fc.constant(true),
    metadataBlockSize: fc.constantFrom(1, 50, 4096),
    bloomBitsPerKey: fc.constantFrom(10, 30),
  })
  const keys = fc.uniqueArray(text, { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(keys, name, name, range, forms, (keys, own, family, range, form) => {
      const file = tableOf(keys, { ...form, prefixExtractor: `rocksdb.${own}` })
      const { lower, upper } = keyBounds(range)
      const within = keys.some(key => {
        const bytes = Buffer.from(key)
        if (lower !== undefined && Buffer.compare(bytes, lower.bytes) < 0) return false
        return upper === undefined || Buffer.compare(bytes, upper.bytes) < 0
      })
      if (within) assert.ok(looksInto(file, range, `rocksdb.${family}`))
      for (const key of keys) assert.ok(passesLookup(file, key), key)
    }),
    { numRuns: 1500 },
  )
})

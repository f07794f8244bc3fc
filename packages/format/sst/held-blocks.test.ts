import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../bytes/index.ts'
import { CompressionType } from '../compress/index.ts'
import { HeldBlocks } from './held-blocks.ts'
import {
  MemorySource,
  PropertyName,
  readBlockPayload,
  readDictionary,
  readTableLayout,
  type TableBuilderOptions,
} from './index.ts'
import { rowsOf } from './test/rows.ts'
import { variedTable } from './test/varied-table.ts'

const { None, Snappy, Zlib, LZ4, ZSTD } = CompressionType

function dictionaryOf(table: Uint8Array): Uint8Array | undefined {
  const source = new MemorySource(table)
  return readDictionary(source, readTableLayout(source))
}

const small = { blockSize: 400, bloomBitsPerKey: 10 }

test('a table with a dictionary has the rows, the filter and fewer bytes than one without', () => {
  for (const compression of [Zlib, LZ4, ZSTD]) {
    for (const maxDictBufferBytes of [0, 1, 3000]) {
      const options = { ...small, compression, maxDictBytes: 2000, maxDictBufferBytes }
      const table = variedTable(options)
      const without = variedTable({ ...small, compression })
      assert.deepEqual(rowsOf(table), rowsOf(without))
      assert.deepEqual(filterOf(table), filterOf(without))
      const dictionary = dictionaryOf(table)
      assert.ok(dictionary !== undefined && dictionary.length > 300 && dictionary.length <= 2000)
      if (maxDictBufferBytes === 0) assert.ok(dataSizeOf(table) < dataSizeOf(without))
    }
  }
})

test('codecs that take no dictionary are given none', () => {
  for (const compression of [None, Snappy]) {
    assert.equal(dictionaryOf(variedTable({ ...small, compression, maxDictBytes: 2000 })), undefined)
  }
})

test('an empty table has no dictionary, and a table smaller than the dictionary is all of it', () => {
  const options = { compression: LZ4, maxDictBytes: 1 << 20 }
  assert.equal(dictionaryOf(variedTable(options, 0)), undefined)
  const table = variedTable({ ...options, blockSize: 1 << 20 })
  const source = new MemorySource(table)
  const { properties } = readTableLayout(source)
  assert.ok(dictionaryOf(table)!.length > properties!.dataSize!)
})

test('blocks are held until there are more bytes than asked for, or as the table is to have', () => {
  const table = (options: TableBuilderOptions) =>
    dictionaryOf(variedTable({ ...small, compression: LZ4, maxDictBytes: 1 << 20, ...options }))!.length
  const whole = table({})
  assert.equal(table({ maxDictBufferBytes: 1 << 30 }), whole)
  assert.ok(table({ maxDictBufferBytes: 5000 }) < 6000)
  assert.ok(table({ maxDictBufferBytes: 50_000, targetFileSize: 5000 }) < 6000)
  assert.ok(table({ maxDictBufferBytes: 5000, targetFileSize: 50_000 }) < 6000)
})

test('the dictionary begins in the middle and takes blocks from all over, none twice', () => {
  const held = new HeldBlocks(0)
  for (let i = 0; i < 5; i++) held.add(Uint8Array.of(i, i), Uint8Array.of(i), undefined)
  // 545055921143 modulo 5 is 3: from block 2 on every third.
  assert.equal(toHex(held.sample(100)), '02020000030301010404')
  assert.equal(toHex(held.sample(5)), '0202000003')
  assert.equal(toHex(held.sample(0)), '')
})

test('the properties say what was asked for', () => {
  const { properties } = readTableLayout(
    new MemorySource(variedTable({ compression: ZSTD, maxDictBytes: 512, maxDictBufferBytes: 9000 })),
  )
  assert.equal(
    properties?.text(PropertyName.compressionOptions),
    'window_bits=-14; level=32767; strategy=0; max_dict_bytes=512; zstd_max_train_bytes=0; enabled=0; ' +
      'max_dict_buffer_bytes=9000; use_zstd_dict_trainer=1; ',
  )
})

function filterOf(table: Uint8Array): Uint8Array {
  const source = new MemorySource(table)
  const { filter, footer } = readTableLayout(source)
  return readBlockPayload(source, filter!, footer, 'filter')
}

function dataSizeOf(table: Uint8Array): number {
  return readTableLayout(new MemorySource(table)).properties!.dataSize!
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresOf, tickerOf, warningsOf } from '../systems/db-bench-program.ts'

const printed = `RocksDB:    version 7.8.3
DB path: [/tmp/x]
compact      :  371104.000 micros/op 2 ops/sec 0.381 seconds 1 operations;
overwrite    :      12.458 micros/op 80271 ops/sec 2.492 seconds 200000 operations;    8.9 MB/s
readmissing  :       8.093 micros/op 123344 ops/sec 1.621 seconds 200000 operations; (0 of 200000 found)
`

test('db_bench’s figures are found by name', () => {
  assert.deepEqual(figuresOf(printed, 'compact'), { operations: 1, seconds: 0.371104 })
  const { operations, seconds } = figuresOf(printed, 'readmissing')
  assert.equal(Math.round(operations / seconds), 123_344)
})

test('figures that are not there are an error, not a zero', () => {
  assert.throws(() => figuresOf(printed, 'readseq'), /no figures for readseq/)
})

const counted = `WARNING: Assertions are enabled; benchmarks unnecessarily slow
------------------------------------------------
rocksdb.flush.write.bytes COUNT : 8520000
rocksdb.flush.write.bytes.more COUNT : 1
`

test('counters are found by their whole name', () => {
  assert.equal(tickerOf(counted, 'rocksdb.flush.write.bytes'), 8_520_000)
  assert.throws(() => tickerOf(counted, 'rocksdb.flush.write'), /no rocksdb\.flush\.write/)
})

test('what db_bench says against its own build is passed on', () => {
  assert.deepEqual(warningsOf(counted), [
    'which warns "Assertions are enabled; benchmarks unnecessarily slow"',
  ])
  assert.deepEqual(warningsOf(printed), [])
})

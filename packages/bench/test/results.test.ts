import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortfalls } from '../report/floors.ts'
import { notRunLines } from '../report/report.ts'
import { Results } from '../report/results.ts'
import { rowsOf } from '../report/rows.ts'
import { figureTable, gainTable, ratioTable } from '../report/tables.ts'
import { withReferences, workloads } from '../workloads/index.ts'

function sampleResults(): Results {
  const results = new Results(
    ['varve', 'rocksdb', 'lmdb', 'classic-level'],
    withReferences(['readseq-arrays', 'fillseq']),
  )
  const add = (system: string, workload: string, ...rates: number[]) => {
    for (const rate of rates) results.add(system, { workload, operations: rate, seconds: 1 })
  }
  add('varve', 'fillseq', 300, 100, 200)
  add('rocksdb', 'fillseq', 100)
  add('lmdb', 'fillseq', 40, 60)
  add('classic-level', 'fillseq', 20)
  add('varve', 'readseq', 900)
  add('varve', 'readseq-arrays', 500)
  add('rocksdb', 'readseq', 1000)
  return results
}

test('a row has the median, and Varve’s rows what it is of C++ RocksDB’s and of the best peer’s', () => {
  const rows = rowsOf(sampleResults()).filter(({ workload }) => workload === 'fillseq')
  assert.deepEqual(rows, [
    { workload: 'fillseq', system: 'varve', opsPerSecond: 200, ratioToRocksdb: 2, ratioToBestPeer: 4 },
    { workload: 'fillseq', system: 'rocksdb', opsPerSecond: 100 },
    { workload: 'fillseq', system: 'lmdb', opsPerSecond: 50 },
    { workload: 'fillseq', system: 'classic-level', opsPerSecond: 20 },
  ])
})

test('another way to read is held against the plain one of the others', () => {
  const row = rowsOf(sampleResults()).find(({ workload }) => workload === 'readseq-arrays')
  assert.deepEqual(row, {
    workload: 'readseq-arrays',
    system: 'varve',
    opsPerSecond: 500,
    ratioToRocksdb: 0.5,
    ratioToBestPeer: null,
  })
})

test('tables line up and show spread', () => {
  const results = sampleResults()
  const lines = `${ratioTable(results)}\n\n${figureTable(results)}`.split('\n')
  assert.equal(lines[2], '| fillseq        |          200 |          2.00x |        4.00x |      lmdb |')
  assert.ok(figureTable(results).includes('0.20 (0.10-0.30)'))
  for (const line of lines.slice(0, 5)) assert.equal(line.length, lines[0].length)
})

test('group commit is held against one writer of the same system', () => {
  const results = new Results(['varve', 'rocksdb', 'lmdb'], workloads)
  assert.equal(gainTable(results), '')
  for (const [system, workload, rate] of [
    ['varve', 'fillsync', 10],
    ['varve', 'fillsync64', 250],
    ['rocksdb', 'fillsync', 10],
    ['rocksdb', 'fillsync64', 20],
    ['lmdb', 'fillsync', 10],
  ] as const)
    results.add(system, { workload, operations: rate, seconds: 1 })
  const [header, , ...rows] = gainTable(results).split('\n')
  assert.equal(header, '| within one system                   |  varve | rocksdb |')
  assert.deepEqual(rows, ['| group commit: fillsync64 / fillsync | 25.00x |   2.00x |'])
})

test('what was not run for the same reason stands in one line', () => {
  const reason = 'it has no such operation'
  assert.deepEqual(
    notRunLines([
      { system: 'lmdb', workload: 'compact', reason },
      { system: 'lmdb', workload: 'get64', reason },
      { system: 'lmdb', workload: 'fillsync', reason: 'it cannot' },
      { system: 'better-sqlite3', workload: 'compact', reason },
      { system: 'better-sqlite3', workload: 'get64', reason },
      { system: 'rocksdb', workload: undefined, reason: 'it is not installed' },
    ]),
    [
      '- not run: compact, get64 on lmdb, better-sqlite3: it has no such operation',
      '- not run: fillsync on lmdb: it cannot',
      '- not run: rocksdb: it is not installed',
    ],
  )
})

test('what is below its floor is named, against whom, and what is not measured is not', () => {
  const results = new Results(['varve', 'rocksdb', 'lmdb', 'classic-level', 'rocksdb-native'], workloads)
  for (const [system, workload, rate] of [
    ['varve', 'fillsync', 10],
    ['rocksdb', 'fillsync', 10],
    ['lmdb', 'fillsync', 11],
    ['varve', 'fillsync64', 190],
    ['varve', 'compact', 60],
    ['varve', 'compact2', 80],
    ['rocksdb', 'compact', 100],
    ['classic-level', 'compact', 50],
    ['rocksdb-native', 'compact', 500],
  ] as const)
    results.add(system, { workload, operations: rate, seconds: 1 })
  assert.deepEqual(
    shortfalls(results).map(({ workload, against, floor }) => [workload, against, floor]),
    [
      ['fillsync', 'lmdb', 1],
      ['compact2', 'C++ RocksDB', 0.9],
      ['fillsync64', 'its own fillsync', 20],
    ],
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AmplificationPoint, Style } from '../amplification/point.ts'
import { amplificationText, standings } from '../amplification/report.ts'

function pointOf(system: string, style: Style, writeAmplification: number): AmplificationPoint {
  return {
    system,
    style,
    putRate: 100_000,
    settledRate: 50_000,
    tableBytes: 2 ** 30,
    writeAmplification,
    spaceAmplification: 1.2,
    settledBytes: 2 ** 29,
  }
}

test('a style keeps its promise while it writes at most a tenth more than C++ RocksDB', () => {
  const points = [
    pointOf('varve', 'leveled', 5.5),
    pointOf('rocksdb', 'leveled', 5),
    pointOf('varve', 'universal', 5.6),
    pointOf('rocksdb', 'universal', 5),
  ]
  assert.deepEqual(
    standings(points).map(({ style, isKept }) => [style, isKept]),
    [
      ['leveled', true],
      ['universal', false],
    ],
  )
})

test('without C++ RocksDB nothing is held against it, and the page says why', () => {
  const points = [pointOf('varve', 'leveled', 5)]
  assert.deepEqual(standings(points), [])
  const conditions = { keys: 1000, writes: 2000, machine: [], command: 'npm run bench', day: '2026-01-31' }
  assert.match(
    amplificationText({ points, missing: 'not installed', ...conditions }),
    /not run: rocksdb: not installed/,
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Baseline, baselineOf, hasFallen, standings, standingTable } from '../check/baseline.ts'
import { lookTwice } from '../check/check.ts'
import { Results } from '../report/results.ts'
import { workloadNamed } from '../workloads/index.ts'

const names = ['fillseq', 'get64', 'readseq-arrays', 'readseq', 'compact2']

function measured(fillseq: number): Results {
  const results = new Results(['varve', 'rocksdb', 'lmdb', 'classic-level'], names.map(workloadNamed))
  const add = (system: string, workload: string, rate: number) =>
    results.add(system, { workload, operations: rate, seconds: 1 })
  add('varve', 'fillseq', fillseq)
  add('rocksdb', 'fillseq', 100)
  add('lmdb', 'fillseq', 1000)
  add('varve', 'get64', 300)
  add('classic-level', 'get64', 200)
  add('lmdb', 'get64', 100)
  add('varve', 'readseq-arrays', 50)
  add('rocksdb', 'readseq', 100)
  return results
}

const settings = { num: 1000, seconds: 5, syncedWrites: 1, seed: 1 }
const baseline: Baseline = baselineOf(measured(200), settings, '2026-01-31', 'a machine')

test('a baseline has the ratio to C++ RocksDB, or to the best peer where that has no such workload', () => {
  assert.deepEqual(baseline, {
    madeOn: '2026-01-31',
    machine: 'a machine',
    num: 1000,
    seconds: 5,
    ratios: {
      fillseq: { against: 'rocksdb', ratio: 2 },
      get64: { against: 'classic-level', ratio: 1.5 },
      'readseq-arrays': { against: 'rocksdb', ratio: 0.5 },
    },
  })
})

test('a fall of up to 15 % is tolerated, more is not, and neither is a figure that is missing', () => {
  const standing = (fillseq: number) => standings(baseline, ['fillseq'], measured(fillseq))[0]
  assert.equal(hasFallen(standing(171)), false)
  assert.equal(hasFallen(standing(169)), true)
  assert.equal(hasFallen({ ...standing(171), now: undefined }), true)
})

test('what is not in the baseline does not stand in the table', () => {
  const rows = standings(baseline, names, measured(150))
  assert.deepEqual(
    rows.map(({ workload }) => workload),
    ['fillseq', 'get64', 'readseq-arrays'],
  )
  const [header, , fillseq, get64] = standingTable(rows).split('\n')
  assert.equal(header, '| workload       |       against | baseline |   now | change | verdict |')
  assert.equal(fillseq, '| fillseq        |       rocksdb |    2.00x | 1.50x |  -25 % |    FELL |')
  assert.equal(get64, '| get64          | classic-level |    1.50x | 1.50x |   +0 % |      ok |')
})

test('only what seems to have fallen gets a second look, a longer one, and that counts', async () => {
  const looks: [readonly string[], number][] = []
  const found = await lookTwice(['fillseq', 'get64'], 2, async (some, repetitions) => {
    looks.push([some, repetitions])
    return standings(baseline, some, measured(repetitions === 2 ? 100 : 190))
  })
  assert.deepEqual(looks, [
    [['fillseq', 'get64'], 2],
    [['fillseq'], 6],
  ])
  assert.deepEqual(
    found.map(({ workload, now, isRetried }) => ({ workload, now, isRetried })),
    [
      { workload: 'fillseq', now: 1.9, isRetried: true },
      { workload: 'get64', now: 1.5, isRetried: false },
    ],
  )
  assert.equal(found.some(hasFallen), false)
})

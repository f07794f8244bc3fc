import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { measureGrowth } from '../growth/growth.ts'
import { type GrowthPoint, medianPoint } from '../growth/point.ts'
import { falls, growthPage } from '../growth/report.ts'

const directory = mkdtempSync(`${tmpdir()}/varve-bench-growth-`)
after(() => rmSync(directory, { recursive: true }))

function point(system: string, keys: number, rate: number, peakResidentBytes = 2 ** 20): GrowthPoint {
  return {
    system,
    keys,
    rates: { fillrandom: rate, readrandom: rate, readseq: rate, seekrandom: 100, compact: 100 },
    writeAmplification: 1.5,
    blocksPerGet: 0.9,
    blocksReadPerGet: 0.1,
    spaceAmplification: 1.1,
    settledBytes: 2 ** 20,
    peakResidentBytes,
  }
}

test('Varve falls by more where it keeps less of its rate than C++ does, beyond the noise', () => {
  const found = falls([
    point('varve', 1000, 200),
    point('rocksdb', 1000, 100),
    point('varve', 2000, 150),
    point('rocksdb', 2000, 50),
    point('varve', 4000, 100),
    point('rocksdb', 4000, 60),
  ]).filter(({ workload }) => workload === 'readseq')
  assert.deepEqual(found, [
    { workload: 'readseq', keys: 2000, kept: 0.75, keptByRocksdb: 0.5, isHeld: true },
    { workload: 'readseq', keys: 4000, kept: 0.5, keptByRocksdb: 0.6, isHeld: false },
  ])
})

test('without C++ RocksDB nothing is held against it', () => {
  assert.deepEqual(falls([point('varve', 1000, 200), point('varve', 2000, 1)]), [])
})

test('of several runs the median counts, of memory the most', () => {
  const median = medianPoint([point('varve', 9, 30, 5), point('varve', 9, 10, 7), point('varve', 9, 20, 6)])
  assert.equal(median.rates.fillrandom, 20)
  assert.equal(median.peakResidentBytes, 7)
})

test('the page embeds its plot and says where memory is above what is allowed', () => {
  const run = {
    points: [point('varve', 1000, 200), point('varve', 2000, 150, 2 ** 30)],
    failures: ['rocksdb: it is not installed'],
    repetitions: 1,
    command: 'npm run bench -- --growth',
    machine: ['a machine'],
    day: '2026-01-31',
  }
  const page = growthPage(run, 'growth.svg')
  assert.match(page.text, /!\[[^\]]+\]\(growth\.svg\)/)
  assert.match(page.text, /\| varve +\| +2,000 \|.*1,024 MiB \| +NO \|/)
  assert.match(page.text, /\| varve +\| +1,000 \|.* 1 MiB \| +yes \|/)
  assert.match(page.text, /^- not run: rocksdb: it is not installed$/m)
  assert.match(page.plot, /<svg[\s\S]*fillrandom, ops\/s[\s\S]*peak RSS, MiB[\s\S]*<\/svg>/)
})

test('a small size of Varve gives every figure', async () => {
  const settings = { num: 1, syncedWrites: 1, seconds: 5, seed: 1 }
  const plan = { sizes: [3000], repetitions: 1, settings, directory }
  const varve = (await measureGrowth(plan)).points.find(({ system }) => system === 'varve')
  assert.ok(varve !== undefined)
  for (const rate of Object.values(varve.rates)) assert.ok(rate > 0)
  // Two thirds of the keys live; a value compresses to half.
  assert.ok(varve.writeAmplification > 0.2 && varve.writeAmplification < 0.6, `${varve.writeAmplification}`)
  assert.ok(varve.blocksPerGet > 0.5 && varve.blocksPerGet < 1, `${varve.blocksPerGet}`)
  assert.ok(varve.spaceAmplification > 0.9 && varve.spaceAmplification < 2, `${varve.spaceAmplification}`)
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Random } from '../random.ts'
import { judgeGrowth, metrics, type Sample } from '../soak/growth.ts'
import { Soak } from '../soak/soak.ts'
import { takeSample } from '../soak/take-sample.ts'

const MIB = 1024 * 1024

function samples(grow: (at: number) => Partial<Sample>): Sample[] {
  const steady = { rss: 200 * MIB, heapUsed: 20 * MIB, arrayBuffers: 30 * MIB, diskUsage: 40 * MIB }
  return Array.from({ length: 120 }, (_, at) => {
    // Ups and downs of a tenth, as a flush brings them.
    const wave = 1 + 0.1 * Math.sin(at)
    return { ...steady, rss: steady.rss * wave, descriptors: 30 + (at % 5), threads: 12, ...grow(at) }
  })
}

function grown(grow: (at: number) => Partial<Sample>): string[] {
  return judgeGrowth(samples(grow))
    .filter(({ isTooMuch }) => isTooMuch)
    .map(({ metric }) => metric)
}

test('ups and downs are no growth, nor is a warm-up', () => {
  assert.deepEqual(
    grown(() => ({})),
    [],
  )
  assert.deepEqual(
    grown(at => (at < 40 ? { rss: 50 * MIB, heapUsed: MIB, descriptors: 5 } : {})),
    [],
  )
})

test('a small leak of each kind is seen', () => {
  const perSample = {
    rss: MIB,
    heapUsed: MIB / 4,
    arrayBuffers: MIB / 2,
    descriptors: 0.25,
    threads: 0.1,
    diskUsage: MIB,
  }
  for (const metric of metrics) {
    const steady = samples(() => ({}))[0][metric]
    assert.deepEqual(
      grown(at => ({ [metric]: steady + at * perSample[metric] })),
      [metric],
    )
  }
})

test('too few samples are no judgement', () => {
  assert.throws(() => judgeGrowth(samples(() => ({})).slice(0, 5)), /too few/)
})

test('a short life answers rightly and can be measured', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-soak-'))
  const life = await Soak.start(join(directory, 'db'), new Random(7))
  for (let round = 0; round < 10; round++) await life.round()
  await life.finish()
  assert.ok(life.compared > 1000)
  for (const [metric, value] of Object.entries(takeSample(directory))) assert.ok(value > 0, metric)
  rmSync(directory, { recursive: true })
})

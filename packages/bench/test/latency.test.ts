import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { percentilesOf } from '../latency/figures.ts'
import { measureLatency } from '../latency/latency.ts'
import { LoopProbe } from '../latency/loop-probe.ts'
import { latencyText, verdicts } from '../latency/report.ts'
import { Schedule } from '../latency/schedule.ts'

const directory = mkdtempSync(`${tmpdir()}/varve-bench-latency-`)
after(() => rmSync(directory, { recursive: true }))

test('operations are due evenly, whatever becomes of the ones before', () => {
  const schedule = new Schedule(1000, 2000, 0.002)
  const due: number[] = []
  assert.equal(schedule.isDue(999.9), false)
  // Nobody looked for ten milliseconds: all four are due, each at its own time.
  while (schedule.isDue(1010)) {
    due.push(schedule.dueAt)
    schedule.index++
  }
  assert.deepEqual(due, [1000, 1000.5, 1001, 1001.5])
  assert.equal(schedule.isOver, true)
})

test('a block of the event loop is met by all who came during it', () => {
  const probe = new LoopProbe(0)
  for (let now = 1; now <= 1000; now++) probe.heard(now)
  probe.heard(1020)
  const { p50, p99, p999, worst } = percentilesOf(probe.waits)
  assert.equal(probe.waits.count, 1020)
  assert.ok(p50 < 0.001 && p99 > 8 && p99 < 11 && p999 > 17, `${p50} ${p99} ${p999}`)
  assert.ok(Math.abs(worst - 19) < 0.1, `${worst}`)
})

test('a small load answers every operation, compacts meanwhile, and is reported', async () => {
  const measured = (seconds: number) =>
    measureLatency({ settings: { num: 5000, seconds, syncedWrites: 1, seed: 1 }, rate: 1000, directory })
  const brief = await measured(1)
  assert.equal(brief.operations, 1000)
  // On a machine that has much else to do a second is not long enough for a compaction.
  const figures = brief.compactions > 0 ? brief : await measured(10)
  assert.ok(figures.compactions > 0 && figures.compactingShare > 0)
  for (const { p50, p99, p999, worst } of [figures.put, figures.get])
    assert.ok(p50 > 0 && p50 <= p99 && p99 <= p999 && p999 <= worst)
  const run = { latency: figures, command: '', machine: ['a machine'], day: '2026-01-31' }
  assert.match(latencyText(run), /\| put +\|[\s\S]*1,000 operations a second for 10? s/)
})

test('blocks and memory are held against what is promised', () => {
  const none = { p50: 0, p99: 0, p999: 0, worst: 0 }
  const figures = {
    keys: 1,
    rate: 1,
    seconds: 1,
    operations: 1,
    put: none,
    get: none,
    blocked: { ...none, p999: 4.9, worst: 50.1 },
    timerDelay: none,
    compactingShare: 1,
    compactions: 1,
    flushes: 1,
    stalledSeconds: 0,
    configuredBytes: 2 ** 20,
    peakResidentBytes: 151 * 2 ** 20,
  }
  assert.deepEqual(
    verdicts(figures).map(({ isKept }) => isKept),
    [true, false, true],
  )
})

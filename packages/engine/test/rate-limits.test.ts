/** What a rate limiter bounds: the bytes of flushes and compactions, of all databases that share it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SimulatedDisk } from '@varve/testkit/disk'
import { simulatedRuntime } from '@varve/testkit/simulation'
import { open, RateLimiter } from '../index.ts'
import { nodeRuntime } from '../internal.ts'
import {
  failsWith,
  failureOf,
  freshPath,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
  worldWith,
} from './support.ts'

const KIB = 1024
const MIB = 1024 * KIB
const plain = { compression: 'none', disableAutoCompactions: true } as const

test('two databases in threads write no more than the rate that they share, and say how much it was', async t => {
  const rateLimiter = new RateLimiter({ bytesPerSecond: MIB, refillPeriodMs: 20 })
  const options = { ...plain, rateLimiter }
  const databases = await Promise.all(
    [1, 2].map(() => openFor(t, freshPath(t), options, nodeRuntime({ workers: 1 }))),
  )
  const rows = numberedRows(400, 'x'.repeat(1000))
  for (const db of databases) await db.write(rows.map(([key, value]) => ({ type: 'put', key, value })))
  const started = performance.now()
  await Promise.all(databases.map(db => db.flush()))
  const milliseconds = performance.now() - started
  const written = databases.reduce((sum, db) => sum + db.statistics().flushBytesWritten, 0)
  const { bytesThrough, bytesByPriority, waitMicros } = rateLimiter.statistics()
  assert.equal(bytesThrough, written)
  assert.equal(bytesByPriority.high, written)
  assert.ok(milliseconds > (written / MIB) * 1000 - 100, `${written} bytes in ${milliseconds} ms`)
  assert.ok(waitMicros > 500_000, `${waitMicros}`)
  assert.equal(databases[0].property('varve.rate-limiter-bytes-through'), String(written))
  assert.equal(databases[0].property('varve.rate-limiter-wait-micros'), String(waitMicros))
  await databases[0].compact()
  assert.ok(rateLimiter.statistics().bytesByPriority.low > 400_000)
})

test('a compaction that waits for its rate can be stopped, or be let go faster', async t => {
  const rateLimiter = new RateLimiter({ bytesPerSecond: 1000 * MIB })
  const db = await openFor(t, freshPath(t), { ...plain, rateLimiter }, nodeRuntime({ workers: 1 }))
  for (const value of ['a', 'b']) {
    await db.write(numberedRows(400, value.repeat(1000)).map(([key, value]) => ({ type: 'put', key, value })))
    await db.flush()
  }
  rateLimiter.setBytesPerSecond(KIB)
  const control = new AbortController()
  const stopped = failureOf(db.compact({ signal: control.signal }))
  await sleep(300)
  control.abort()
  const outcome = await Promise.race([stopped.then(({ code }) => code), sleep(2000, 'still waiting')])
  rateLimiter.setBytesPerSecond(1000 * MIB)
  assert.equal(outcome, 'ABORTED')
  rateLimiter.setBytesPerSecond(KIB)
  const compaction = db.compact()
  await sleep(300)
  assert.equal(db.property('rocksdb.num-running-compactions'), '1')
  rateLimiter.setBytesPerSecond(1000 * MIB)
  await compaction
  assert.equal((await rowsOf(db)).length, 400)
})

test('reads of compactions count where the mode says so, and writes where it does', async t => {
  for (const mode of ['reads', 'writes', 'all'] as const) {
    const rateLimiter = new RateLimiter({ bytesPerSecond: 1000 * MIB, mode })
    const db = await openFor(t, freshPath(t), { ...plain, rateLimiter })
    for (const value of ['a', 'b']) {
      await putAll(db, numberedRows(100, value.repeat(500)))
      await db.flush()
    }
    const flushed = rateLimiter.statistics().bytesThrough
    await db.compact()
    const { flushBytesWritten, compactionBytesWritten, compactionBytesRead } = db.statistics()
    const through = rateLimiter.statistics().bytesThrough
    if (mode === 'writes') assert.equal(through, flushBytesWritten + compactionBytesWritten)
    if (mode === 'reads') assert.ok(through - flushed >= compactionBytesRead)
    if (mode === 'all') assert.ok(through - flushed >= compactionBytesRead + compactionBytesWritten)
  }
})

test('jobs of the main thread do not block it: the next one waits until the rate is kept again', async () => {
  const disk = new SimulatedDisk()
  const world = simulatedRuntime(disk, 3)
  const rateLimiter = new RateLimiter({ bytesPerSecond: 64 * KIB })
  const options = { compression: 'none', level0FileNumCompactionTrigger: 2, rateLimiter } as const
  const db = await open('/db', options, world)
  const started = world.clock.monotonic()
  for (let i = 0; i < 10; i++) {
    await putAll(db, numberedRows(50, `${i}`.repeat(500)))
    await db.flush()
  }
  const seconds = (world.clock.monotonic() - started) / 1000
  const { bytesThrough } = rateLimiter.statistics()
  const last = db.statistics().flushBytesWritten / 10
  assert.ok(
    bytesThrough - last <= seconds * 64 * KIB + 2 * 6.4 * KIB,
    `${bytesThrough} bytes in ${seconds} s`,
  )
  assert.ok(seconds > 3)
  await db.close()
})

test('what no rate limiter can be is refused', async t => {
  for (const options of [
    { bytesPerSecond: 0 },
    { bytesPerSecond: Number.NaN },
    { bytesPerSecond: 1, refillPeriodMs: 0 },
    { bytesPerSecond: 1, fairness: 0 },
    { bytesPerSecond: 1, mode: 'some' as 'all' },
  ])
    assert.throws(() => new RateLimiter(options), failsWith('INVALID_ARGUMENT'))
  assert.throws(
    () => new RateLimiter({ bytesPerSecond: 1 }).setBytesPerSecond(-1),
    failsWith('INVALID_ARGUMENT'),
  )
  const wrong = { rateLimiter: { bytesPerSecond: 1 } as RateLimiter }
  await assert.rejects(
    openFor(t, freshPath(t), wrong, worldWith()),
    failsWith('INVALID_ARGUMENT', /must be a RateLimiter/),
  )
})

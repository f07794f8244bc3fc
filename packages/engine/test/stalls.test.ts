import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, type OpenOptions, type StallEvent, WriteBufferManager } from '../index.ts'
import type { Runtime } from '../runtime/index.ts'
import { HeldRunner } from './faulty-world.ts'
import { failureOf, freshPath, openFor, rowsOf, worldWith } from './support.ts'

const VALUE = 'x'.repeat(1000)

async function openHeld(t: TestContext, options: OpenOptions) {
  const jobs = new HeldRunner()
  // However the test ends, closing must not wait for ever.
  t.after(() => jobs.release())
  const stalls: StallEvent[] = []
  const db = await openFor(
    t,
    freshPath(t),
    { writeBufferSize: 65536, listeners: { stall: event => stalls.push(event) }, ...options },
    worldWith({ jobs }),
  )
  return { db, jobs, stalls }
}

/** Puts until a write does not come back at once; gives that write and the number of rows acknowledged. */
async function putUntilStopped(db: Database) {
  for (let rows = 0; rows < 1000; rows++) {
    const write = db.put(`key ${String(rows).padStart(4, '0')}`, VALUE)
    write.catch(() => undefined)
    const isStopped = () => db.property('rocksdb.is-write-stopped') === '1'
    const outcome = write.then(
      () => 'done',
      () => 'waits',
    )
    const first = await Promise.race([outcome, sleep(isStopped() ? 30 : 2000, 'waits')])
    if (first === 'waits') return { write, rows }
  }
  throw new Error('writes never stopped')
}

/** Makes tables that cannot be moved down without being merged. */
async function flushOverlapping(db: Database, tables: number): Promise<void> {
  for (let i = 0; i < tables; i++) {
    await db.put('a', `${i}`)
    await db.put('z', `${i}`)
    await db.flush()
  }
}

test('writes stop when flushes do not keep up, say why, and go on when they do', async t => {
  const { db, jobs, stalls } = await openHeld(t, { maxWriteBufferNumber: 3 })
  jobs.hold('flush')
  const { write, rows } = await putUntilStopped(db)
  assert.equal(db.property('rocksdb.num-immutable-mem-table'), '3')
  assert.equal(stalls.at(-1)?.state, 'stopped')
  assert.equal(stalls.at(-1)?.columnFamily, 'default')
  assert.match(stalls.at(-1)?.reason ?? '', /3 memtables.*maxWriteBufferNumber/)
  assert.match(db.property('rocksdb.stats') ?? '', /Stall: stopped: 3 memtables/)
  assert.equal((await rowsOf(db)).length, rows, 'what was acknowledged can be read meanwhile')
  jobs.release()
  await write
  assert.equal((await rowsOf(db)).length, rows + 1)
  assert.equal(stalls.at(-1)?.state, 'ended')
  assert.equal(db.property('rocksdb.is-write-stopped'), '0')
  assert.ok(db.statistics().stallMicros > 0)
})

test('writes slow and stop when level 0 has too many files, and go on after a compaction', async t => {
  const { db, jobs, stalls } = await openHeld(t, {
    level0FileNumCompactionTrigger: 2,
    level0SlowdownWritesTrigger: 3,
    level0StopWritesTrigger: 5,
  })
  jobs.hold('compaction')
  await flushOverlapping(db, 5)
  assert.deepEqual(
    stalls.map(({ state }) => state),
    ['slowed', 'stopped'],
  )
  assert.match(stalls[0].reason, /3 files \(level0SlowdownWritesTrigger\)/)
  assert.match(stalls[1].reason, /5 files \(level0StopWritesTrigger\)/)
  const write = db.put('key 5', 'value')
  assert.equal(await Promise.race([write, sleep(30, 'waits')]), 'waits')
  jobs.release()
  await write
  assert.equal((await rowsOf(db)).length, 3)
  await db.compact()
  assert.equal(stalls.at(-1)?.state, 'ended')
})

test('a slowed write passes at delayedWriteRate', async t => {
  const { db, jobs } = await openHeld(t, {
    level0FileNumCompactionTrigger: 2,
    level0SlowdownWritesTrigger: 2,
    delayedWriteRate: 100_000,
  })
  jobs.hold('compaction')
  await flushOverlapping(db, 2)
  assert.equal(db.property('rocksdb.actual-delayed-write-rate'), '100000')
  const before = performance.now()
  for (let i = 0; i < 10; i++) await db.put(`slow ${i}`, VALUE)
  // 10 kB at 100 kB/s.
  assert.ok(performance.now() - before > 70, `${performance.now() - before} ms`)
})

test('a stopped write gives up after writeStallTimeoutMs, is not done, and harms no later one', async t => {
  const { db, jobs } = await openHeld(t, { maxWriteBufferNumber: 2, writeStallTimeoutMs: 40 })
  jobs.hold('flush')
  const { write, rows } = await putUntilStopped(db)
  const error = await failureOf(write)
  assert.equal(error.code, 'STALLED')
  assert.match(error.message, /40 ms/)
  assert.match(String(error.details.reason), /maxWriteBufferNumber/)
  assert.equal(db.backgroundError, undefined)
  assert.equal((await rowsOf(db)).length, rows)
  jobs.release()
  await db.flush()
  await db.put('later', 'value')
  assert.equal((await rowsOf(db)).length, rows + 1)
})

for (const [what, options] of [
  ['a flush', { maxWriteBufferNumber: 2 }],
  ['memory', { writeBufferManager: new WriteBufferManager({ bufferSize: 65536, allowStall: true }) }],
] as const) {
  test(`a process does not end while a write waits for ${what}, and is to give up`, async t => {
    const jobs = new HeldRunner()
    t.after(() => jobs.release())
    jobs.hold('flush')
    const world = worldWith({ jobs })
    const timers: boolean[] = []
    const setTimer: Runtime['setTimer'] = (milliseconds, callback, keepAlive = false) => {
      if (milliseconds > 30 && milliseconds <= 60) timers.push(keepAlive)
      return world.setTimer(milliseconds, callback, keepAlive)
    }
    const opened = { writeBufferSize: 65536, writeStallTimeoutMs: 60, ...options }
    const db = await openFor(t, freshPath(t), opened, { ...world, setTimer })
    const writes = async () => {
      for (;;) await db.put('key', VALUE)
    }
    assert.equal((await failureOf(writes())).code, 'STALLED')
    assert.deepEqual(new Set(timers), new Set([true]))
    jobs.release()
  })
}

test('closing does not wait for ever behind writes that are stopped', async t => {
  const { db, jobs } = await openHeld(t, { maxWriteBufferNumber: 2 })
  jobs.hold('flush')
  const { write, rows } = await putUntilStopped(db)
  const closing = db.close()
  assert.equal(await Promise.race([closing, sleep(20, 'waits')]), 'waits')
  jobs.release()
  await closing
  const outcome = await write.then(
    () => 'done',
    error => error.code,
  )
  const reopened = await openFor(t, db.path)
  assert.equal((await rowsOf(reopened)).length, outcome === 'done' ? rows + 1 : rows)
})

test('with disableAutoCompactions level 0 grows and writes go on', async t => {
  const { db, stalls } = await openHeld(t, {
    disableAutoCompactions: true,
    level0FileNumCompactionTrigger: 2,
    level0SlowdownWritesTrigger: 2,
    level0StopWritesTrigger: 3,
  })
  await flushOverlapping(db, 6)
  assert.equal(db.property('rocksdb.num-files-at-level0'), '6')
  assert.deepEqual(stalls, [])
  await db.compact()
  assert.equal(db.property('rocksdb.num-files-at-level0'), '0')
})

/** Memtables of several families and databases under one bound. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, type OpenOptions, type StallEvent, WriteBufferManager } from '../index.ts'
import { FaultyFileSystem, HeldRunner } from './faulty-world.ts'
import { failsWith, failureOf, freshPath, openFor, worldWith } from './support.ts'

const KIB = 1024
const VALUE = 'x'.repeat(4000)

async function putMany(db: Database, count: number, columnFamily = 'default'): Promise<void> {
  for (let i = 0; i < count; i++) await db.put(`key ${i}`, VALUE, { columnFamily })
}

async function openTwo(t: TestContext, options: OpenOptions) {
  return Promise.all([1, 2].map(() => openFor(t, freshPath(t), options)))
}

const memoryOf = (db: Database) => db.statistics().memtableUsage

test('the memtables of two databases stay within the bound, and the oldest of all is flushed first', async t => {
  const writeBufferManager = new WriteBufferManager({ bufferSize: 512 * KIB })
  const flushed: string[] = []
  const note = (db: Database, name: string) =>
    db.on('flushBegin', ({ columnFamily }) => flushed.push(`${name} ${columnFamily}`))
  const [a, b] = await openTwo(t, { writeBufferManager, columnFamilies: { users: {} } })
  note(a, 'a')
  note(b, 'b')
  await putMany(b, 20, 'users')
  await putMany(a, 30)
  await putMany(b, 30)
  assert.deepEqual(flushed, [])
  let most = 0
  for (let i = 0; i < 200; i++) {
    await putMany(a, 1)
    most = Math.max(most, writeBufferManager.mutableMemoryUsage)
    assert.equal(writeBufferManager.memoryUsage, memoryOf(a) + memoryOf(b))
    if (i % 20 === 0) await sleep(5)
  }
  for (let i = 0; i < 500 && flushed.length < 4; i++) await sleep(1)
  assert.deepEqual(flushed.slice(0, 3), ['b users', 'a default', 'b default'])
  assert.ok(most <= (512 * KIB * 7) / 8 + 10 * KIB, `${most}`)
  assert.equal(a.property('varve.write-buffer-manager-usage'), String(writeBufferManager.memoryUsage))
})

test('with allowStall writes wait for memory, say why, and go on when a flush has given some back', async t => {
  const jobs = new HeldRunner()
  t.after(() => jobs.release())
  const writeBufferManager = new WriteBufferManager({ bufferSize: 256 * KIB, allowStall: true })
  const stalls: StallEvent[] = []
  const options = { writeBufferManager, maxWriteBufferNumber: 10, minWriteBufferNumberToMerge: 4 }
  const db = await openFor(
    t,
    freshPath(t),
    { ...options, listeners: { stall: event => stalls.push(event) } },
    worldWith({ jobs }),
  )
  jobs.hold('flush')
  let written = 0
  const writer = (async () => {
    for (; written < 150; written++) await db.put(`key ${written}`, VALUE)
  })()
  while (db.property('rocksdb.is-write-stopped') !== '1') await sleep(1)
  const before = written
  await sleep(20)
  assert.equal(written, before)
  assert.ok(writeBufferManager.memoryUsage <= 256 * KIB + 16 * KIB, `${writeBufferManager.memoryUsage}`)
  assert.match(
    stalls.at(-1)?.reason ?? '',
    /memtables of 1 databases hold \d+ of 262144 bytes \(writeBufferManager\)/,
  )
  jobs.release()
  await writer
  assert.equal(stalls.at(-1)?.state, 'ended')
  assert.ok(db.statistics().stalls > 0)
})

test('a database that cannot flush is named, and does not hold up the others', async t => {
  const writeBufferManager = new WriteBufferManager({ bufferSize: 4096 * KIB, allowStall: true })
  const fs = new FaultyFileSystem()
  const failed = await openFor(t, freshPath(t), { writeBufferManager }, worldWith({}, fs))
  const paused = await openFor(t, freshPath(t), { writeBufferManager })
  const healthy = await openFor(t, freshPath(t), { writeBufferManager })
  await putMany(failed, 100)
  await putMany(paused, 60)
  fs.fail({ operation: 'create', path: /\.sst$/ })
  await failureOf(failed.flush())
  await paused.pauseBackgroundWork()
  // Less than what those two hold.
  writeBufferManager.setBufferSize(512 * KIB)
  await putMany(healthy, 300)
  assert.ok(healthy.statistics().flushes >= 1)
  assert.ok(memoryOf(healthy) < 200 * KIB)
  assert.match(
    writeBufferManager.describe(),
    new RegExp(`${failed.path}: it stopped writing: .*as the test wants it`),
  )
  assert.match(writeBufferManager.describe(), new RegExp(`${paused.path}: its background work is paused`))
  assert.ok(healthy.statistics().flushes < 40, 'not a table for every write')
  fs.heal()
  await failed.resume()
  paused.continueBackgroundWork()
  for (const db of [failed, paused, healthy]) await putMany(db, 100)
  assert.ok(writeBufferManager.memoryUsage < 600 * KIB)
})

test('all writers that wait for memory go on, whichever of them has the oldest memtable', async t => {
  const writeBufferManager = new WriteBufferManager({ bufferSize: 128 * KIB, allowStall: true })
  const databases = await Promise.all(
    Array.from({ length: 4 }, () =>
      openFor(t, freshPath(t), { writeBufferManager, columnFamilies: { users: {} } }),
    ),
  )
  await Promise.all(databases.flatMap(db => [putMany(db, 60), putMany(db, 60, 'users')]))
  for (const db of databases) assert.equal((await db.keys({ columnFamily: 'users' }).toArray()).length, 60)
})

test('who waits for memory fails with STALLED after writeStallTimeoutMs, and closing waits for nobody', async t => {
  const jobs = new HeldRunner()
  t.after(() => jobs.release())
  const writeBufferManager = new WriteBufferManager({ bufferSize: 128 * KIB, allowStall: true })
  const options = { writeBufferManager, maxWriteBufferNumber: 10, writeStallTimeoutMs: 30 }
  const db = await openFor(t, freshPath(t), options, worldWith({ jobs }))
  jobs.hold('flush')
  await assert.rejects(putMany(db, 100), failsWith('STALLED', /30 ms and gave up: memtables of 1 databases/))
  const patient = await openFor(t, freshPath(t), { ...options, writeStallTimeoutMs: 0 }, worldWith({ jobs }))
  const writes = putMany(patient, 100).catch(failsWith('NOT_OPEN'))
  while (patient.property('rocksdb.is-write-stopped') !== '1') await sleep(1)
  const closed = patient.close()
  jobs.release()
  await closed
  await writes
})

test('a bound that is changed holds at once, and a closed database holds nothing', async t => {
  const writeBufferManager = new WriteBufferManager({ bufferSize: 100 * 1024 * KIB })
  const [a, b] = await openTwo(t, { writeBufferManager })
  await putMany(a, 100)
  await putMany(b, 100)
  assert.equal(a.statistics().flushes, 0)
  writeBufferManager.setBufferSize(256 * KIB)
  await putMany(b, 2)
  while (a.statistics().flushes === 0) await sleep(1)
  await a.close()
  assert.equal(writeBufferManager.memoryUsage, memoryOf(b))
  await b.close()
  assert.equal(writeBufferManager.memoryUsage, 0)
})

test('what no manager can be is refused', async t => {
  for (const bufferSize of [0, -1, 1.5, Number.NaN])
    assert.throws(() => new WriteBufferManager({ bufferSize }), failsWith('INVALID_ARGUMENT', /bufferSize/))
  const wrong = { writeBufferManager: {} as WriteBufferManager }
  await assert.rejects(
    openFor(t, freshPath(t), wrong),
    failsWith('INVALID_ARGUMENT', /must be a WriteBufferManager/),
  )
})

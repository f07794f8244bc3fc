import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedDisk } from '@varve/testkit/disk'
import { simulatedRuntime } from '@varve/testkit/simulation'
import { type Database, open } from '../index.ts'
import {
  failsWith,
  failureOf,
  freshPath,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
  runProgram,
} from './support.ts'

test('closing twice, or many times at once, is closing once', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  let closes = 0
  db.on('close', () => closes++)
  await Promise.all([db.close(), db.close(), db[Symbol.asyncDispose]()])
  await db.close()
  assert.equal(closes, 1)
  assert.equal(db.isOpen, false)
  await openFor(t, path)
})

test('writes that were made before the close are done', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  const writes = numberedRows(300).map(([key, value], i) => db.put(key, value, { sync: i % 100 === 0 }))
  const closing = db.close()
  await Promise.all(writes)
  await closing
  assert.deepEqual(await rowsOf(await openFor(t, path)), numberedRows(300))
})

test('nothing is asked of the disk once it is closed, also when a timed sync was under way', async () => {
  for (let seed = 0; seed < 60; seed++) {
    const disk = new SimulatedDisk()
    const world = simulatedRuntime(disk, seed)
    const db = await open('/db', { writeBufferSize: 65536, walSync: { everyMs: 10 } }, world)
    await db.put('a', '1')
    await world.sleep(10 + seed / 100)
    await db.close()
    const operations = disk.operationCount
    await world.sleep(1000)
    assert.equal(disk.operationCount, operations, `seed ${seed}`)
    assert.equal(disk.openHandles, 0, `seed ${seed}`)
  }
})

test('a closed database has no file open, whatever it has flushed and compacted', async () => {
  const disk = new SimulatedDisk()
  const db = await open('/db', {}, simulatedRuntime(disk, 1))
  for (const key of ['a', 'b', 'a']) {
    await db.put(key, '1')
    await db.flush()
  }
  await db.compact()
  await db.close()
  assert.equal(disk.openHandles, 0)
})

test('closing makes room for the writes that still wait', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { writeBufferSize: 65536, maxWriteBatchGroupSizeBytes: 16384 })
  const rows = numberedRows(1500, 'x'.repeat(400))
  const writes = rows.map(([key, value]) => db.put(key, value))
  await db.close()
  await Promise.all(writes)
  assert.deepEqual(await rowsOf(await openFor(t, path)), rows)
})

test('flushes and compactions that run when it is closed leave a database that is whole', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { writeBufferSize: 65536, level0FileNumCompactionTrigger: 2 })
  const rows = numberedRows(1000, 'x'.repeat(300))
  await Promise.all(rows.map(([key, value]) => db.put(key, value)))
  const jobs = Promise.allSettled([db.flush(), db.compact()])
  await db.close()
  for (const outcome of await jobs)
    if (outcome.status === 'rejected') assert.match(outcome.reason.code, /NOT_OPEN|ABORTED/)
  assert.deepEqual(await rowsOf(await openFor(t, path)), rows)
})

test('every method of a closed database fails with NOT_OPEN, as a promise where it gives one', async t => {
  const db = await openFor(t, freshPath(t))
  const family = await db.columnFamily('family')
  const entries = db.entries()
  await db.close()
  const promising: (() => Promise<unknown>)[] = [
    () => db.put('a', '1'),
    () => db.delete('a'),
    () => db.write([{ type: 'put', key: 'a', value: '1' }]),
    () => db.get('a'),
    () => db.getMany(['a']),
    () => db.has('a'),
    () => db.columnFamily('family'),
    () => db.columnFamily('new'),
    () => db.dropColumnFamily('family'),
    () => db.flush(),
    () => db.compact(),
    () => db.resume(),
    () => family.put('a', '1'),
    () => family.get('a'),
    () => family.flush(),
    () => entries.toArray(),
  ]
  for (const call of promising) await assert.rejects(call(), failsWith('NOT_OPEN'), `${call}`)
  const throwing: ((db: Database) => unknown)[] = [
    () => db.getSync('a'),
    () => db.cursor(),
    () => db.snapshot(),
    () => db.approximateSizes([{ start: 'a', end: 'b' }]),
    () => db.property('rocksdb.stats'),
    () => [...entries],
    () => family.getSync('a'),
  ]
  for (const call of throwing) assert.throws(() => call(db), failsWith('NOT_OPEN'), `${call}`)
  assert.deepEqual(db.backgroundError, undefined)
})

test('closing closes cursors and ends scans with NOT_OPEN', async t => {
  const db = await openFor(t, freshPath(t))
  await putAll(db, numberedRows(3000))
  await db.flush()
  const cursor = db.cursor()
  cursor.first()
  const scan = db.entries()[Symbol.asyncIterator]()
  await scan.next()
  const rest = failureOf(
    (async () => {
      while (!(await scan.next()).done);
    })(),
  )
  await db.close()
  assert.equal(cursor.valid, false)
  assert.equal(cursor.key.length, 0)
  assert.throws(() => cursor.next(), failsWith('NOT_OPEN'))
  assert.throws(() => cursor.first(), failsWith('NOT_OPEN'))
  cursor.close()
  assert.equal((await rest).code, 'NOT_OPEN')
})

test('a process whose database is closed ends by itself, also after flushes and compactions', t => {
  const { output, signal } = runProgram(
    freshPath(t),
    `const db = await open(path, { walSync: { everyMs: 60000 } })
     await db.put('a', '1')
     await db.flush()
     await db.compact()
     await db.close()
     print('closed')`,
  )
  assert.deepEqual([output, signal], ['closed', null])
})

test('a process that forgets to close ends all the same, and loses nothing', async t => {
  const path = freshPath(t)
  const { output } = runProgram(
    path,
    `const db = await open(path)
     await db.put('a', '1')
     await db.flush()
     await db.put('b', '2')
     print('put')`,
  )
  assert.equal(output, 'put')
  assert.equal((await rowsOf(await openFor(t, path))).length, 2)
})

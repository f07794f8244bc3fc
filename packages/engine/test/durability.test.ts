import assert from 'node:assert/strict'
import { existsSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { Random } from '@varve/testkit'
import { SimulatedDisk } from '@varve/testkit/disk'
import { plainRuntime, simulatedRuntime } from '@varve/testkit/simulation'
import { type OpenOptions, open } from '../index.ts'
import {
  filesOf,
  freshPath,
  killedCopy,
  newestFileOf,
  numberedKey,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
  runProgram,
  textOf,
} from './support.ts'

test('every write that was acknowledged survives a kill -9', async t => {
  const path = freshPath(t)
  const { output, signal } = runProgram(
    path,
    `const db = await open(path)
     for (let i = 0; ; i++) {
       await db.put('key' + String(i).padStart(4, '0'), 'value ' + i, { sync: i % 50 === 0 })
       print(i)
       if (i === 199) die()
     }`,
  )
  assert.equal(signal, 'SIGKILL')
  assert.equal(output.split('\n').length, 200)
  const db = await openFor(t, path)
  assert.deepEqual(await rowsOf(db), numberedRows(200))
})

test('writes that were acknowledged across flushes and compactions survive a kill -9', async t => {
  const path = freshPath(t)
  const { signal } = runProgram(
    path,
    `const db = await open(path, { writeBufferSize: 65536, level0FileNumCompactionTrigger: 2 })
     const key = i => 'key' + String(i % 500).padStart(4, '0')
     for (let i = 0; i < 3000; i++) {
       await db.put(key(i), 'x'.repeat(200) + i)
       if (i % 7 === 0) await db.delete(key(i))
     }
     die()`,
  )
  assert.equal(signal, 'SIGKILL')
  const expected = Array.from({ length: 500 }, (_, i) => 2500 + i)
    .filter(i => i % 7 !== 0)
    .map(i => [numberedKey(i % 500), `${'x'.repeat(200)}${i}`])
  const db = await openFor(t, path)
  assert.ok(db.liveFiles().length > 0)
  assert.deepEqual(await rowsOf(db), expected)
})

test('a batch across column families survives whole or not at all, wherever the log ends', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { columnFamilies: { other: {} } })
  for (let i = 0; i < 3; i++) {
    await db.write([
      { type: 'put', key: `key ${i}`, value: `${i}` },
      { type: 'put', key: `key ${i}`, value: `${i}`, columnFamily: 'other' },
    ])
  }
  const log = newestFileOf(path, /\.log$/)
  const { size } = statSync(log)
  for (let cut = 1; cut < 120; cut += 13) {
    const copy = killedCopy(t, path)
    truncateSync(log.replace(path, copy), size - cut)
    const reopened = await openFor(t, copy)
    const rows = await rowsOf(reopened)
    assert.deepEqual(rows, await rowsOf(reopened, { columnFamily: 'other' }))
    assert.ok(rows.length < 3)
    await reopened.close()
  }
})

test('a batch stays atomic when one of its families was flushed before the crash', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { columnFamilies: { other: {} } })
  await db.write([
    { type: 'put', key: 'a', value: '1' },
    { type: 'put', key: 'a', value: '1', columnFamily: 'other' },
  ])
  await db.flush({ columnFamily: 'other' })
  await db.put('a', '2', { columnFamily: 'other' })
  const reopened = await openFor(t, killedCopy(t, path))
  assert.deepEqual(await rowsOf(reopened), [['a', '1']])
  assert.deepEqual(await rowsOf(reopened, { columnFamily: 'other' }), [['a', '2']])
})

test('a log stays as long as one column family needs it, and goes then', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { columnFamilies: { slow: {} } })
  await db.put('only', 'in the log', { columnFamily: 'slow' })
  for (let i = 0; i < 4; i++) {
    await db.put(`key ${i}`, 'value')
    await db.flush({ columnFamily: 'default' })
  }
  const logs = filesOf(path, /\.log$/)
  assert.ok(logs.length > 1)
  const crashed = await openFor(t, killedCopy(t, path))
  assert.equal((await rowsOf(crashed, { columnFamily: 'slow' })).length, 1)
  assert.equal((await rowsOf(crashed)).length, 4)
  await db.flush()
  await db.close()
  assert.equal(filesOf(path, /\.log$/).length, 1)
})

test('a write that is in no log is there after a flush, and only then', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await db.put('flushed', '1', { disableWAL: true })
  await db.flush()
  await db.put('not flushed', '1', { disableWAL: true })
  assert.equal((await rowsOf(db)).length, 2)
  const crashed = await openFor(t, killedCopy(t, path))
  assert.deepEqual(await rowsOf(crashed), [['flushed', '1']])
})

test('closing flushes what is in no log, unless that was not wanted', async t => {
  for (const avoidFlushDuringShutdown of [false, true]) {
    const path = freshPath(t)
    const db = await openFor(t, path, { avoidFlushDuringShutdown })
    await db.put('a', '1', { disableWAL: true })
    await db.close()
    const reopened = await openFor(t, path)
    assert.deepEqual(await rowsOf(reopened), avoidFlushDuringShutdown ? [] : [['a', '1']])
  }
})

test('sequence numbers of writes that were in no log are not given out twice', async t => {
  const path = freshPath(t)
  let db = await openFor(t, path)
  for (let i = 0; i < 5; i++) await db.put('a', `${i}`, { disableWAL: true })
  await db.flush()
  await db.put('a', 'lost', { disableWAL: true })
  db = await openFor(t, killedCopy(t, path)).finally(() => db.close())
  await db.put('a', 'newest')
  assert.equal(await textOf(db, 'a'), 'newest')
  await db.flush()
  assert.equal(await textOf(db, 'a'), 'newest')
  await db.compact()
  assert.equal(await textOf(db, 'a'), 'newest')
  await db.close()
})

test('walSync decides how often the log is synced', async t => {
  const syncsOf = async (options: OpenOptions, count: number, pause = 0) => {
    const db = await openFor(t, freshPath(t), options)
    const before = db.statistics().walSyncs
    for (let i = 0; i < count; i++) await db.put(`key ${i}`, 'x'.repeat(1000))
    if (pause > 0) await new Promise(resolve => setTimeout(resolve, pause))
    return db.statistics().walSyncs - before
  }
  assert.equal(await syncsOf({}, 20), 0)
  assert.equal(await syncsOf({ walSync: 'always' }, 20), 20)
  assert.equal(await syncsOf({ walSync: { everyBytes: 5000 } }, 20), 4)
  const timed = await syncsOf({ walSync: { everyMs: 20 } }, 5, 150)
  assert.ok(timed >= 1 && timed <= 5, `${timed} syncs`)
})

test('writes made together share one sync', async t => {
  const db = await openFor(t, freshPath(t))
  const before = db.statistics()
  await Promise.all(Array.from({ length: 100 }, (_, i) => db.put(`key ${i}`, 'value', { sync: true })))
  const after = db.statistics()
  assert.equal(after.writesDone - before.writesDone, 100)
  assert.ok(after.walSyncs - before.walSyncs <= 2)
})

test('two crashes in a row lose nothing, with and without a flush at recovery', async t => {
  for (const avoidFlushDuringRecovery of [false, true]) {
    const options = { avoidFlushDuringRecovery, columnFamilies: { other: {} } }
    let path = freshPath(t)
    for (let crash = 0; crash < 3; crash++) {
      const db = await openFor(t, path, options)
      assert.deepEqual(await rowsOf(db), numberedRows(crash))
      assert.deepEqual(await rowsOf(db, { columnFamily: 'other' }), numberedRows(crash))
      for (const columnFamily of ['default', 'other'])
        await putAll(db, [numberedRows(crash + 1)[crash]], columnFamily)
      path = killedCopy(t, path)
    }
    const db = await openFor(t, path, options)
    assert.deepEqual(await rowsOf(db), numberedRows(3))
    assert.equal(existsSync(join(path, 'lost')), false)
  }
})

test('with avoidFlushDuringRecovery the writes stay in their log until something flushes them', async t => {
  const path = freshPath(t)
  const first = await openFor(t, path)
  await putAll(first, numberedRows(10))
  const copy = killedCopy(t, path)
  const db = await openFor(t, copy, { avoidFlushDuringRecovery: true })
  assert.deepEqual(filesOf(copy, /\.sst$/), [])
  assert.equal(filesOf(copy, /\.log$/).length, 2)
  await db.flush()
  await db.close()
  assert.equal(filesOf(copy, /\.sst$/).length, 1)
  assert.equal(filesOf(copy, /\.log$/).length, 1)
  assert.deepEqual(await rowsOf(await openFor(t, copy)), numberedRows(10))
})

test('large values survive a crash like small ones', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { writeBufferSize: 65536 })
  const large = new Uint8Array(3_000_000).map((_, i) => (i * 2654435761) >>> 24)
  await Promise.all([db.put('large', large), db.put('small', '1'), db.put('larger', large)])
  const crashed = await openFor(t, killedCopy(t, path))
  assert.deepEqual(await crashed.get('large'), large)
  assert.deepEqual(await crashed.get('larger'), large)
  assert.equal(await textOf(crashed, 'small'), '1')
})

test('a synced write survives in a log that nothing else has brought to the disk', async () => {
  // A memtable that is full is sealed, which starts a log, and waits for another before they are flushed.
  const options = { writeBufferSize: 65536, minWriteBufferNumberToMerge: 2, maxWriteBufferNumber: 4 }
  for (let order = 1; order <= 8; order++) {
    const disk = new SimulatedDisk()
    const db = await open('/db', options, simulatedRuntime(disk, order))
    await db.put('before', 'x'.repeat(70_000))
    await db.put('after', 'value', { sync: true })
    const found = await open('/db', options, plainRuntime(disk.crash('loseAll', new Random(order)), 1))
    assert.deepEqual(await found.keys().toArray(), ['after', 'before'].map(encodeUtf8))
    await found.close()
    await db.close()
  }
})

test('a crash that loses the name of a log loses the names of later ones too', async () => {
  const options = { writeBufferSize: 65536, disableAutoCompactions: true, columnFamilies: { kept: {} } }
  // In two of three orders a name is on disk before the next log begins, whoever waits for it.
  for (let order = 1; order <= 6; order++) await loseNames(options, order)
})

async function loseNames(options: OpenOptions, order: number): Promise<void> {
  const disk = new SimulatedDisk()
  const db = await open('/db', options, simulatedRuntime(disk, order))
  const moments: SimulatedDisk[] = []
  disk.observe(({ kind }) => {
    if (kind === 'create' || kind === 'write') moments.push(disk.copy())
  })
  // Logs are switched faster than flushes end; a family that is not flushed needs every log.
  const flushes: Promise<void>[] = []
  for (let i = 0; i < 3; i++) {
    await db.put(`key ${i}`, 'value', { columnFamily: 'kept' })
    await db.put(`key ${i}`, 'value')
    flushes.push(db.flush({ columnFamily: 'default' }))
  }
  await Promise.all(flushes)
  for (const [index, moment] of moments.entries()) {
    for (let seed = 0; seed < 5; seed++) {
      const after = moment.crash('directoryAnomalies', new Random(seed))
      const reopened = await open('/db', options, plainRuntime(after, 1))
      const keys = (await rowsOf(reopened, { columnFamily: 'kept' })).map(([key]) => key)
      assert.deepEqual(
        keys,
        ['key 0', 'key 1', 'key 2'].slice(0, keys.length),
        `order ${order}, moment ${index}, seed ${seed}`,
      )
      await reopened.close()
    }
  }
  await db.close()
}

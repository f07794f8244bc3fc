import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8 } from '@varve/format/bytes'
import { HeldRunner } from './faulty-world.ts'
import {
  failsWith,
  filesOf,
  freshPath,
  killedCopy,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
  worldWith,
} from './support.ts'

test('column families are apart from each other', async t => {
  const db = await openFor(t, freshPath(t))
  const users = await db.columnFamily('users')
  await db.put('key', 'default')
  await users.put('key', 'users')
  assert.deepEqual(await rowsOf(db), [['key', 'default']])
  assert.deepEqual(await rowsOf(db, { columnFamily: 'users' }), [['key', 'users']])
  assert.equal((await users.entries().toArray()).length, 1)
  await users.delete('key')
  assert.equal(await db.has('key'), true)
  assert.equal(await users.has('key'), false)
})

test('families are listed, found again after a reopen and a crash, and keep their rows', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { columnFamilies: { first: {} } })
  await (await db.columnFamily('second')).put('a', '1')
  await db.put('a', '2', { columnFamily: 'first' })
  await db.flush({ columnFamily: 'first' })
  assert.deepEqual(db.columnFamilyNames(), ['default', 'first', 'second'])
  const crashed = killedCopy(t, path)
  await db.close()
  for (const again of [path, crashed]) {
    const reopened = await openFor(t, again)
    assert.deepEqual(reopened.columnFamilyNames(), ['default', 'first', 'second'])
    assert.deepEqual(await rowsOf(reopened, { columnFamily: 'second' }), [['a', '1']])
    assert.deepEqual(await rowsOf(reopened, { columnFamily: 'first' }), [['a', '2']])
  }
})

test('asking for a family that exists gives it; of two who ask for a new one both get it', async t => {
  const db = await openFor(t, freshPath(t))
  const [one, two] = await Promise.all([db.columnFamily('new'), db.columnFamily('new')])
  assert.equal(one.id, two.id)
  assert.equal((await db.columnFamily('default')).id, 0)
  assert.deepEqual(db.columnFamilyNames(), ['default', 'new'])
})

test('changes of families that are asked for at once are made one after another', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  const names = Array.from({ length: 6 }, (_, i) => `family ${i}`)
  await Promise.all(names.map(name => db.columnFamily(name)))
  assert.deepEqual(db.columnFamilyNames(), ['default', ...names])
  const drops = await Promise.allSettled([db.dropColumnFamily(names[0]), db.dropColumnFamily(names[0])])
  assert.deepEqual(
    drops.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  )
  const last = db.columnFamily('last')
  await db.close()
  await last
  const reopened = await openFor(t, path)
  assert.deepEqual(reopened.columnFamilyNames(), ['default', ...names.slice(1), 'last'])
})

test('a dropped family is gone with its files, for good, and its name may be used again', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  const doomed = await db.columnFamily('doomed')
  await putAll(db, numberedRows(50), 'doomed')
  await db.flush()
  await putAll(db, numberedRows(60), 'doomed')
  assert.equal(filesOf(path, /\.sst$/).length, 1)
  await db.dropColumnFamily('doomed')
  assert.deepEqual(filesOf(path, /\.sst$/), [])
  await assert.rejects(doomed.get('a'), failsWith('NOT_FOUND'))
  await assert.rejects(doomed.put('a', ''), failsWith('NOT_FOUND'))
  await assert.rejects(db.get('a', { columnFamily: 'doomed' }), failsWith('NOT_FOUND', /doomed/))
  const again = await db.columnFamily('doomed')
  assert.notEqual(again.id, doomed.id)
  assert.deepEqual(await rowsOf(db, { columnFamily: 'doomed' }), [])
  const crashed = await openFor(t, killedCopy(t, path))
  assert.deepEqual(await rowsOf(crashed, { columnFamily: 'doomed' }), [])
})

test('a cursor over a family that is dropped goes on to its end; then the files go', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await db.columnFamily('doomed')
  await putAll(db, numberedRows(50), 'doomed')
  await db.flush()
  const cursor = db.cursor({ columnFamily: 'doomed' })
  cursor.first()
  await db.dropColumnFamily('doomed')
  let rows = 1
  while (cursor.next()) rows++
  assert.equal(rows, 50)
  assert.equal(filesOf(path, /\.sst$/).length, 1)
  cursor.close()
  for (let tries = 0; filesOf(path, /\.sst$/).length > 0 && tries < 100; tries++)
    await new Promise(resolve => setTimeout(resolve, 5))
  assert.deepEqual(filesOf(path, /\.sst$/), [])
})

test('a job that ends when its family is dropped gives no memory back a second time', async t => {
  for (const kind of ['flush', 'compaction'] as const) {
    const jobs = new HeldRunner()
    const db = await openFor(t, freshPath(t), { disableAutoCompactions: true }, worldWith({ jobs }))
    const dropped = await db.columnFamily('dropped')
    await dropped.put('key', 'value')
    if (kind === 'compaction') await dropped.flush()
    jobs.hold(kind)
    const job = Promise.allSettled([kind === 'flush' ? dropped.flush() : dropped.compact()])
    await new Promise(resolve => setTimeout(resolve, 20))
    await db.dropColumnFamily('dropped')
    jobs.release()
    await job
    // Memory that was given back twice would be taken twice: the rows of one would be seen in the other.
    for (const name of ['a', 'b', 'c', 'd']) await (await db.columnFamily(name)).put('key', name)
    for (const name of ['a', 'b', 'c', 'd'])
      assert.equal(decodeUtf8((await db.get('key', { columnFamily: name })) ?? new Uint8Array()), name, kind)
  }
})

test('the default family cannot be dropped, nor one that there is not', async t => {
  const db = await openFor(t, freshPath(t))
  await assert.rejects(db.dropColumnFamily('default'), failsWith('INVALID_ARGUMENT'))
  await assert.rejects(db.dropColumnFamily('nowhere'), failsWith('NOT_FOUND'))
  for (const name of ['', 'x'.repeat(2000), 7 as never])
    await assert.rejects(db.columnFamily(name), failsWith('INVALID_ARGUMENT'))
  await db.put('still', 'writable')
})

test('each family has the options that it was given', async t => {
  const path = freshPath(t)
  const options = {
    compression: 'none',
    columnFamilies: { small: { writeBufferSize: 65536 }, packed: { compression: 'zstd' } },
  } as const
  const db = await openFor(t, path, options)
  const text = 'the same words again and again '.repeat(10)
  for (let i = 0; i < 300; i++) {
    await db.write(
      ['default', 'small', 'packed'].map(columnFamily => ({
        type: 'put',
        key: `key ${i}`,
        value: text,
        columnFamily,
      })),
    )
  }
  assert.equal(db.property('rocksdb.num-files-at-level0'), '0')
  await db.flush()
  const size = (name: string) => {
    const files = db.liveFiles().filter(file => file.columnFamily === name)
    return files.reduce((sum, file) => sum + file.size, 0)
  }
  assert.ok(size('packed') < size('default') / 4, `${size('packed')} of ${size('default')}`)
  const files = (name: string) => db.liveFiles().filter(file => file.columnFamily === name).length
  assert.ok(files('small') > 1)
  assert.equal(files('default'), 1)
})

test('a batch over families is seen whole by every reader', async t => {
  const db = await openFor(t, freshPath(t), { columnFamilies: { a: {}, b: {} } })
  const writing = (async () => {
    for (let i = 0; i < 300; i++) {
      await db.write([
        { type: 'put', key: 'k', value: `${i}`, columnFamily: 'a' },
        { type: 'put', key: 'k', value: `${i}`, columnFamily: 'b' },
      ])
      if (i % 100 === 50) await db.flush({ columnFamily: 'a' })
    }
  })()
  let compared = 0
  let isDone = false
  void writing.finally(() => (isDone = true))
  while (!isDone) {
    using snapshot = db.snapshot()
    const [a, b] = await Promise.all(['a', 'b'].map(columnFamily => db.get('k', { columnFamily, snapshot })))
    assert.deepEqual(a, b)
    compared++
    if (compared % 10 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  await writing
  assert.ok(compared > 10)
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { type Database, type OpenOptions, type Snapshot, WriteBatch } from '../index.ts'
import { type Clock, nodeRuntime } from '../internal.ts'
import { failsWith, freshPath, killedCopy, openFor, rowsOf, textOf, worldWith } from './support.ts'

/** A time that goes on when the test says so. */
class TestClock implements Clock {
  time = 1_700_000_000_000
  now(): number {
    return this.time
  }
  monotonic(): number {
    return performance.now()
  }
  pass(seconds: number): void {
    this.time += seconds * 1000
  }
}

const expiring: OpenOptions = {
  expiringKeys: true,
  mergeOperator: 'stringappend',
  disableAutoCompactions: true,
}

interface Place {
  path: string
  clock: TestClock
  db: Database
}

async function openExpiring(t: TestContext, options: OpenOptions = expiring): Promise<Place> {
  const path = freshPath(t)
  const clock = new TestClock()
  return { path, clock, db: await openFor(t, path, options, worldWith({ clock })) }
}

/** What every way of reading says of the keys. */
async function seen(db: Database, keys: readonly string[], snapshot?: Snapshot): Promise<string[]> {
  const options = snapshot === undefined ? {} : { snapshot }
  const rows = (await db.entries(options).toArray()).map(
    ([key, value]) => `${decodeUtf8(key)}=${decodeUtf8(value)}`,
  )
  const back = await db.entries({ ...options, reverse: true }).toArray()
  assert.deepEqual(
    back.map(([key, value]) => `${decodeUtf8(key)}=${decodeUtf8(value)}`),
    rows.toReversed(),
  )
  const many = await db.getMany(keys, options)
  for (const [index, key] of keys.entries()) {
    const row = rows.find(text => text.startsWith(`${key}=`))
    const value = db.getSync(key, options)
    const shown = value && `${key}=${decodeUtf8(value)}`
    assert.equal(shown, row, key)
    assert.deepEqual(await db.get(key, options), value)
    assert.deepEqual(many[index], value)
    assert.equal(await db.has(key, options), value !== undefined)
    assert.deepEqual((await db.getLiving(key, options))?.value, value)
    using cursor = db.cursor(options)
    assert.equal(cursor.seek(key) && decodeUtf8(cursor.key) === key, value !== undefined)
    assert.equal(cursor.seekForPrev(key) && decodeUtf8(cursor.key) === key, value !== undefined)
  }
  return rows
}

test('a key is there until its time is over, to every way of reading and wherever it lies', async t => {
  const { db, clock } = await openExpiring(t)
  const keys = ['a', 'b', 'c', 'd']
  await db.put('a', '1', { ttl: 10 })
  await db.put('b', '2')
  await db.put('c', '3', { expiresAt: clock.time + 20_000 })
  await db.put('d', '4', { expiresAt: new Date(clock.time + 5000) })
  for (const step of ['memtable', 'table', 'compacted']) {
    assert.deepEqual(await seen(db, keys), ['a=1', 'b=2', 'c=3', 'd=4'], step)
    if (step === 'memtable') await db.flush()
    if (step === 'table') await db.compact()
  }
  clock.pass(5)
  assert.deepEqual(await seen(db, keys), ['a=1', 'b=2', 'c=3'])
  clock.pass(4.999)
  assert.deepEqual(await seen(db, keys), ['a=1', 'b=2', 'c=3'])
  clock.pass(0.001)
  assert.deepEqual(await seen(db, keys), ['b=2', 'c=3'])
  clock.pass(100)
  assert.deepEqual(await seen(db, keys), ['b=2'])
})

test('an entry says when it is over', async t => {
  const { db, clock } = await openExpiring(t)
  await db.put('a', '1', { ttl: 0.5 })
  await db.put('b', '2')
  const value = (text: string) => Buffer.from(text)
  const plain = (bytes: Uint8Array) => Buffer.from(bytes)
  const rows = await db.livingEntries().toArray()
  assert.deepEqual(
    rows.map(row => ({ ...row, key: plain(row.key), value: plain(row.value) })),
    [
      { key: value('a'), value: value('1'), expiresAt: clock.time + 500 },
      { key: value('b'), value: value('2'), expiresAt: undefined },
    ],
  )
  assert.equal((await db.getLiving('a'))?.expiresAt, clock.time + 500)
  assert.equal((await db.getLiving('b'))?.expiresAt, undefined)
  assert.equal(await db.getLiving('c'), undefined)
  using cursor = db.cursor()
  cursor.last()
  assert.equal(cursor.expiresAt, undefined)
  cursor.prev()
  assert.equal(cursor.expiresAt, clock.time + 500)
})

test('the space of what is over comes back, and nothing older with it', async t => {
  const { db, clock } = await openExpiring(t)
  await db.put('a', 'old')
  await db.compact()
  await db.put('a', 'x'.repeat(10_000), { ttl: 1 })
  await db.put('b', 'x'.repeat(10_000), { ttl: 1 })
  await db.flush()
  clock.pass(2)
  assert.deepEqual(await seen(db, ['a', 'b']), [])
  await db.compact({ rewriteBottommost: false })
  assert.deepEqual(await seen(db, ['a', 'b']), [])
  await db.compact()
  assert.deepEqual(db.liveFiles(), [])
})

test('a snapshot sees what it saw, however late it is read and whatever is compacted', async t => {
  const { db, clock } = await openExpiring(t)
  await db.put('a', '1', { ttl: 10 })
  await db.merge('b', '1', { ttl: 10 })
  await db.merge('b', '2')
  const before = db.snapshot()
  clock.pass(20)
  const after = db.snapshot()
  await db.compact()
  for (let turn = 0; turn < 2; turn++) {
    assert.deepEqual(await seen(db, ['a', 'b'], before), ['a=1', 'b=1,2'])
    assert.deepEqual(await seen(db, ['a', 'b'], after), ['b=2'])
    assert.deepEqual(await seen(db, ['a', 'b']), ['b=2'])
    await db.compact()
  }
  before.close()
  after.close()
  await db.compact()
  assert.deepEqual(await seen(db, ['a', 'b']), ['b=2'])
})

test('an iteration sees the moment at which it began', async t => {
  const { db, clock } = await openExpiring(t)
  await db.put('a', '1', { ttl: 10 })
  await db.put('b', '2', { ttl: 10 })
  using cursor = db.cursor()
  const rows = db.entries()[Symbol.asyncIterator]()
  assert.equal((await rows.next()).done, false)
  clock.pass(20)
  assert.equal(cursor.first() && cursor.next(), true)
  assert.equal((await rows.next()).done, false)
})

test('each merge operand counts as long as it lives', async t => {
  const { db, clock } = await openExpiring(t)
  await db.put('a', 'base', { ttl: 30 })
  await db.merge('a', '1', { ttl: 10 })
  await db.merge('a', '2')
  await db.merge('a', '3', { ttl: 20 })
  await db.merge('b', '1', { ttl: 10 })
  await db.merge('b', '2', { ttl: 10 })
  const expected = [
    [0, ['a=base,1,2,3', 'b=1,2']],
    [10, ['a=base,2,3']],
    [20, ['a=base,2']],
    [30, ['a=2']],
    [1000, ['a=2']],
  ] as const
  const start = clock.time
  for (const mode of ['in memory', 'in a table', 'compacted', 'compacted when it is over']) {
    if (mode === 'in a table') await db.flush()
    if (mode === 'compacted') await db.compact()
    for (const [seconds, rows] of expected) {
      clock.time = start + seconds * 1000
      if (mode === 'compacted when it is over') await db.compact()
      assert.deepEqual(await seen(db, ['a', 'b']), rows, `${mode}, after ${seconds} s`)
    }
    clock.time = start
  }
})

test('an operand above a value that is over, and was compacted away, is alone', async t => {
  const { db, clock } = await openExpiring(t)
  await db.put('a', 'older')
  await db.compact()
  await db.put('a', 'over', { ttl: 1 })
  await db.flush()
  clock.pass(5)
  await db.compact({ rewriteBottommost: false })
  await db.merge('a', 'new')
  assert.deepEqual(await seen(db, ['a']), ['a=new'])
  await db.compact()
  assert.deepEqual(await seen(db, ['a']), ['a=new'])
})

test('batches carry a time to live for each operation, counted from when they are written', async t => {
  const { db, clock } = await openExpiring(t, {
    ...expiring,
    columnFamilies: { plain: { expiringKeys: false } },
  })
  await db.write([
    { type: 'put', key: 'a', value: '1', ttl: 10 },
    { type: 'put', key: 'b', value: '2' },
    { type: 'merge', key: 'c', operand: '3', expiresAt: clock.time + 10_000 },
    { type: 'put', key: 'a', value: 'plain', columnFamily: 'plain' },
    { type: 'delete', key: 'd' },
    { type: 'deleteRange', start: 'e', end: 'f' },
    { type: 'singleDelete', key: 'g' },
  ])
  assert.deepEqual(await seen(db, ['a', 'b', 'c']), ['a=1', 'b=2', 'c=3'])
  assert.deepEqual(await rowsOf(db, { columnFamily: 'plain' }), [['a', 'plain']])
  clock.pass(10)
  assert.deepEqual(await seen(db, ['a', 'b', 'c']), ['b=2'])
  const batch = new WriteBatch().put('x', '1', undefined, { ttl: 5 }).merge('y', '2', undefined, { ttl: 5 })
  clock.pass(100)
  await db.write(batch)
  clock.pass(4)
  assert.deepEqual(await seen(db, ['x', 'y']), ['b=2', 'x=1', 'y=2'])
  await db.write(batch)
  clock.pass(4)
  assert.equal(await textOf(db, 'x'), '1')
  assert.equal(await textOf(db, 'y'), '2', 'one operand is over, the other not')
  await assert.rejects(
    db.write([{ type: 'put', key: 'a', value: '1', ttl: 1, columnFamily: 'plain' }]),
    failsWith('INVALID_ARGUMENT', /no expiringKeys/),
  )
})

test('what survives a kill lives as long as before, and the family stays what it is', async t => {
  const { db, clock, path } = await openExpiring(t)
  await db.put('a', '1', { ttl: 10 })
  await db.flush()
  await db.put('b', '2', { ttl: 10 })
  await db.put('c', '3')
  for (const options of [{}, { expiringKeys: true }, { readOnly: true }]) {
    const killed = await openFor(t, killedCopy(t, path), options, worldWith({ clock }))
    assert.deepEqual(await seen(killed, ['a', 'b', 'c']), ['a=1', 'b=2', 'c=3'])
    clock.pass(10)
    assert.deepEqual(await seen(killed, ['a', 'b', 'c']), ['c=3'])
    clock.pass(-10)
    await killed.close()
  }
  await assert.rejects(
    openFor(t, killedCopy(t, path), { ttlDatabase: 10 }, worldWith({ clock })),
    failsWith(
      'INVALID_ARGUMENT',
      /ttlDatabase is not for the column family "default", which has expiringKeys/,
    ),
  )
})

test('a column family is made with it, and dropped and made without it', async t => {
  const clock = new TestClock()
  const path = freshPath(t)
  const db = await openFor(t, path, {}, worldWith({ clock }))
  const family = await db.columnFamily('cache', { expiringKeys: true })
  await family.put('a', '1', { ttl: 1 })
  await db.close()
  const reopened = await openFor(t, path, {}, worldWith({ clock }))
  const again = await reopened.columnFamily('cache')
  assert.equal((await again.getLiving('a'))?.expiresAt, clock.time + 1000)
  await reopened.dropColumnFamily('cache')
  const plain = await reopened.columnFamily('cache')
  await plain.put('a', 'plain')
  await assert.rejects(plain.put('a', '1', { ttl: 1 }), failsWith('INVALID_ARGUMENT', /no expiringKeys/))
  await reopened.close()
  const last = await openFor(t, path, {}, worldWith({ clock }))
  assert.deepEqual(await rowsOf(last, { columnFamily: 'cache' }), [['a', 'plain']])
})

test('a family stays what it is also while it is empty, however often it is opened', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await db.columnFamily('cache', { expiringKeys: true })
  await db.close()
  for (let turn = 0; turn < 3; turn++) {
    const again = await openFor(t, path)
    assert.equal(again.hasExpiringKeys({ columnFamily: 'cache' }), true)
    assert.equal(again.hasExpiringKeys(), false)
    await again.close()
  }
})

test('a family that has values without stamps does not get expiringKeys', async t => {
  for (const flushed of [true, false]) {
    const path = freshPath(t)
    const db = await openFor(t, path)
    await db.put('a', 'twelve bytes')
    if (flushed) await db.flush()
    await db.close()
    for (const options of [{ expiringKeys: true }, { ttlDatabase: 3600 }]) {
      await assert.rejects(
        openFor(t, path, options),
        failsWith('INVALID_ARGUMENT', /holds values that were written without it/),
      )
    }
    assert.deepEqual(await rowsOf(await openFor(t, path)), [['a', 'twelve bytes']])
  }
})

test('what is no time is refused', async t => {
  const { db } = await openExpiring(t)
  for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '10' as never, 2 ** 50]) {
    await assert.rejects(db.put('a', '1', { ttl }), failsWith('INVALID_ARGUMENT', /ttl must be/))
  }
  for (const expiresAt of [0, -1, Number.NaN, new Date(Number.NaN), '2030' as never, 2 ** 49]) {
    await assert.rejects(db.put('a', '1', { expiresAt }), failsWith('INVALID_ARGUMENT', /expiresAt must be/))
  }
  await assert.rejects(
    db.put('a', '1', { ttl: 1, expiresAt: 1 }),
    failsWith('INVALID_ARGUMENT', /exclude each other/),
  )
  const plain = await openFor(t, freshPath(t))
  await assert.rejects(plain.put('a', '1', { ttl: 1 }), failsWith('INVALID_ARGUMENT', /no expiringKeys/))
  await assert.rejects(plain.merge('a', '1', { ttl: 1 }), failsWith('INVALID_ARGUMENT'))
  await assert.rejects(
    openFor(t, freshPath(t), { expiringKeys: true, ttlDatabase: 1 }),
    failsWith('INVALID_ARGUMENT', /exclude each other/),
  )
  assert.deepEqual(await rowsOf(db), [])
})

test("a user's filter sees values without their stamps, and what it makes of them lives as long", async t => {
  const seenByFilter: string[] = []
  const { db, clock } = await openExpiring(t, {
    ...expiring,
    compactionFilter: (_key, value) => {
      seenByFilter.push(decodeUtf8(value))
      return { value: encodeUtf8('changed') }
    },
  })
  await db.put('a', '1', { ttl: 10 })
  await db.put('b', '2', { ttl: 1 })
  clock.pass(5)
  await db.compact()
  assert.deepEqual(seenByFilter, ['1'])
  assert.deepEqual(await seen(db, ['a', 'b']), ['a=changed'])
  clock.pass(5)
  assert.deepEqual(await seen(db, ['a', 'b']), [])
})

test('threads remove what is over, by the time of whoever asks them', async t => {
  const clock = new TestClock()
  const world = { ...nodeRuntime({ workers: 1 }), clock }
  const db = await openFor(t, freshPath(t), expiring, world)
  await db.put('a', '1', { ttl: 10 })
  await db.put('b', '2')
  clock.pass(10)
  await db.compact()
  assert.equal(db.liveFiles()[0].entries, 1)
  assert.deepEqual(await seen(db, ['a', 'b']), ['b=2'])
})

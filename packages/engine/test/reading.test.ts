import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Database, type Snapshot, WriteBatch } from '../index.ts'
import {
  failsWith,
  freshPath,
  numberedKey,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
  textOf,
} from './support.ts'

/** Every way the same moment can be read, as rows. */
async function everyView(db: Database, snapshot: Snapshot): Promise<unknown[]> {
  const decode = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)
  const rows = await rowsOf(db, { snapshot })
  const backwards = (await rowsOf(db, { snapshot, reverse: true })).reverse()
  const keys = numberedRows(60).map(([key]) => key)
  const many = await db.getMany(keys, { snapshot })
  const found = keys.flatMap((key, i) => (many[i] === undefined ? [] : [[key, decode(many[i])]]))
  const single: unknown[] = []
  for (const key of keys) {
    const value = db.getSync(key, { snapshot })
    if (value !== undefined) single.push([key, decode(value)])
  }
  for (const view of [backwards, found, single]) assert.deepEqual(view, rows)
  return rows
}

test('a snapshot shows its moment through overwrites, deletes, flushes and compactions', async t => {
  const db = await openFor(t, freshPath(t), { level0FileNumCompactionTrigger: 2 })
  const snapshots: { snapshot: Snapshot; rows: unknown[] }[] = []
  for (let round = 0; round < 5; round++) {
    for (let i = round; i < 60; i += round + 1) await db.put(numberedKey(i), `round ${round}`)
    for (let i = 0; i < 60; i += 7) await db.delete(numberedKey(i + round))
    const snapshot = db.snapshot()
    snapshots.push({ snapshot, rows: await everyView(db, snapshot) })
    await db.flush()
    if (round % 2 === 1) await db.compact()
    for (const { snapshot, rows } of snapshots) assert.deepEqual(await everyView(db, snapshot), rows)
  }
  for (const { snapshot } of snapshots.splice(0, 3)) snapshot.close()
  await db.compact()
  for (const { snapshot, rows } of snapshots) assert.deepEqual(await everyView(db, snapshot), rows)
})

test('a snapshot that was closed is refused', async t => {
  const db = await openFor(t, freshPath(t))
  const snapshot = db.snapshot()
  snapshot.close()
  snapshot.close()
  await assert.rejects(db.get('a', { snapshot }), failsWith('INVALID_ARGUMENT', /snapshot/))
  assert.throws(() => db.cursor({ snapshot }), failsWith('INVALID_ARGUMENT', /snapshot/))
})

test('a scan shows the moment at which it began, whatever happens meanwhile', async t => {
  const db = await openFor(t, freshPath(t))
  await putAll(db, numberedRows(100))
  await db.flush()
  const seen: string[] = []
  for await (const key of db.keys()) {
    seen.push(new TextDecoder().decode(key))
    if (seen.length === 10) {
      for (let i = 0; i < 100; i++) await db.delete(numberedKey(i))
      await db.put('zzz', 'new')
      await db.compact()
    }
  }
  assert.deepEqual(
    seen,
    numberedRows(100).map(([key]) => key),
  )
  assert.deepEqual(await rowsOf(db), [['zzz', 'new']])
})

test('ranges: bounds of every kind, prefix, limit and reverse', async t => {
  const db = await openFor(t, freshPath(t))
  for (const [i, letter] of [...'abcdefgh'].entries()) {
    await db.put(letter, `${i}`)
    if (i === 3) await db.flush()
  }
  const keys = async (range: Parameters<Database['keys']>[0]) => {
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
    const forward = (await db.keys(range).toArray()).map(text).join('')
    assert.equal([...db.keys(range)].map(text).join(''), forward)
    const batches: string[] = []
    for await (const batch of db.keys(range).batches()) batches.push(...batch.map(text))
    assert.equal(batches.join(''), forward)
    return forward
  }
  assert.equal(await keys({}), 'abcdefgh')
  assert.equal(await keys({ start: 'c', end: 'f' }), 'cde')
  assert.equal(await keys({ gt: 'c', lte: 'f' }), 'def')
  assert.equal(await keys({ gte: 'c', lt: 'f' }), 'cde')
  assert.equal(await keys({ gt: 'c', reverse: true }), 'hgfed')
  assert.equal(await keys({ lt: 'd', reverse: true, limit: 2 }), 'cb')
  assert.equal(await keys({ limit: 3 }), 'abc')
  assert.equal(await keys({ start: 'cc' }), 'defgh')
  await putAll(db, [
    ['ca', ''],
    ['cb', ''],
    ['c\u00ff', ''],
  ])
  assert.equal((await rowsOf(db, { prefix: 'c' })).length, 4)
  assert.equal((await rowsOf(db, { prefix: 'c', gt: 'ca', reverse: true })).length, 2)
  assert.equal(await keys({ prefix: '' }), await keys({}))
  await db.put(Uint8Array.of(255, 255), 'last')
  assert.equal((await db.keys({ prefix: Uint8Array.of(255) }).toArray()).length, 1)
})

test('a cursor goes where it is sent', async t => {
  const db = await openFor(t, freshPath(t))
  await putAll(db, numberedRows(40))
  await db.flush()
  for (let i = 1; i < 40; i += 2) await db.delete(numberedKey(i))
  using cursor = db.cursor()
  const at = () => (cursor.valid ? Number(new TextDecoder().decode(cursor.key).slice(3)) : undefined)
  assert.equal(cursor.valid, false)
  assert.deepEqual([cursor.first(), at()], [true, 0])
  assert.deepEqual([cursor.prev(), at()], [false, undefined])
  assert.deepEqual([cursor.last(), at()], [true, 38])
  assert.deepEqual([cursor.next(), at()], [false, undefined])
  assert.deepEqual([cursor.seek(numberedKey(11)), at()], [true, 12])
  assert.deepEqual([cursor.next(), at(), cursor.next(), at()], [true, 14, true, 16])
  assert.deepEqual([cursor.prev(), at()], [true, 14])
  assert.deepEqual([cursor.seekForPrev(numberedKey(11)), at()], [true, 10])
  assert.deepEqual([cursor.next(), at()], [true, 12])
  assert.deepEqual([cursor.seek('zzz'), at()], [false, undefined])
  assert.deepEqual([cursor.seekForPrev('zzz'), at()], [true, 38])
  assert.deepEqual([cursor.seekForPrev('a'), at()], [false, undefined])
  using part = db.cursor({ gte: numberedKey(10), lt: numberedKey(20) })
  assert.deepEqual([part.seek('a'), new TextDecoder().decode(part.key)], [true, numberedKey(10)])
  assert.deepEqual([part.last(), new TextDecoder().decode(part.key)], [true, numberedKey(18)])
  assert.equal(part.seek(numberedKey(20)), false)
})

test('what a read returned is the caller’s own', async t => {
  const db = await openFor(t, freshPath(t))
  await db.put('key', 'value')
  for (const place of ['memtable', 'table']) {
    if (place === 'table') await db.flush()
    const values = [
      await db.get('key'),
      db.getSync('key'),
      (await db.getMany(['key']))[0],
      ...(await db.entries().toArray()).flat(),
      ...[...db.values()],
    ]
    for (const value of values) {
      assert.ok(value)
      assert.ok(value.buffer instanceof ArrayBuffer, 'not shared with anybody')
      value.fill(0)
    }
    assert.deepEqual(await rowsOf(db), [['key', 'value']])
    assert.equal(await textOf(db, 'key'), 'value')
  }
})

test('a caller may use its buffers again as soon as the call has returned', async t => {
  const db = await openFor(t, freshPath(t))
  const key = new Uint8Array(8)
  const value = new Uint8Array(100)
  const pending: Promise<void>[] = []
  for (let i = 0; i < 50; i++) {
    key.fill(i)
    value.fill(i)
    pending.push(i % 2 === 0 ? db.put(key, value) : db.write(new WriteBatch().put(key, value)))
  }
  key.fill(255)
  value.fill(255)
  await Promise.all(pending)
  const rows = await db.entries().toArray()
  assert.deepEqual(
    rows,
    Array.from({ length: 50 }, (_, i) => [new Uint8Array(8).fill(i), new Uint8Array(100).fill(i)]),
  )
})

test('getMany answers in the order of its keys, all of one moment', async t => {
  const db = await openFor(t, freshPath(t), { blockCacheSize: 0, blockSize: 256 })
  await putAll(db, numberedRows(200))
  await db.flush()
  await putAll(db, numberedRows(20, 'newer'))
  const order = Array.from({ length: 300 }, (_, i) => (i * 7919) % 250)
  const reading = db.getMany(order.map(numberedKey))
  const writing = Promise.all(order.map(i => db.put(numberedKey(i), 'too late')))
  const values = (await reading).map(value => value && new TextDecoder().decode(value))
  await writing
  const expected = (i: number) => (i < 20 ? `newer ${i}` : i < 200 ? `value ${i}` : undefined)
  assert.deepEqual(values, order.map(expected))
  assert.deepEqual(await db.getMany([]), [])
})

test('writes take effect in the order of their calls', async t => {
  const db = await openFor(t, freshPath(t), { writeBufferSize: 65536 })
  const writes: Promise<void>[] = []
  for (let i = 0; i < 2000; i++) {
    writes.push(i % 5 === 4 ? db.delete(`k${i % 3}`) : db.put(`k${i % 3}`, `${i} ${'x'.repeat(100)}`))
  }
  await Promise.all(writes)
  const last = (k: number) => Array.from({ length: 2000 }, (_, i) => i).findLast(i => i % 3 === k) ?? 0
  for (const k of [0, 1, 2]) {
    const value = await textOf(db, `k${k}`)
    assert.equal(value?.split(' ')[0], last(k) % 5 === 4 ? undefined : `${last(k)}`)
  }
})

test('a write is seen by whoever asks after it was acknowledged, and by nobody before', async t => {
  const db = await openFor(t, freshPath(t))
  const writing = db.put('a', '1', { sync: true })
  assert.equal(db.getSync('a'), undefined)
  await writing
  assert.equal(await textOf(db, 'a'), '1')
})

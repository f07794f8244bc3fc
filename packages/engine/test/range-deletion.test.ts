import assert from 'node:assert/strict'
import { test } from 'node:test'
import { playHistory, small } from './random-history.ts'
import {
  failsWith,
  freshPath,
  killedCopy,
  numberedKey,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
} from './support.ts'

test('a range of keys is gone at once, and what is written after that is there', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await putAll(db, numberedRows(10))
  await db.flush()
  const before = db.snapshot()
  await db.deleteRange(numberedKey(2), numberedKey(8))
  await db.put(numberedKey(5), 'new')
  const left = [0, 1, 5, 8, 9].map(number => numberedKey(number))
  const keys = async (options = {}) => (await rowsOf(db, options)).map(([key]) => key)
  assert.deepEqual(await keys(), left)
  assert.equal((await keys({ snapshot: before })).length, 10)
  const killed = await openFor(t, killedCopy(t, path))
  assert.deepEqual(
    (await rowsOf(killed)).map(([key]) => key),
    left,
  )
  await db.flush()
  assert.deepEqual(await keys(), left)
  assert.equal(db.getSync(numberedKey(3)), undefined)
  await db.compact()
  assert.deepEqual(await keys(), left)
  assert.equal((await keys({ snapshot: before })).length, 10)
  before.close()
  await db.compact()
  assert.deepEqual(await keys(), left)
})

test('a range that ends before it starts is refused, an empty one does nothing', async t => {
  const db = await openFor(t, freshPath(t))
  await putAll(db, numberedRows(3))
  await assert.rejects(db.deleteRange('b', 'a'), failsWith('INVALID_ARGUMENT', /before its start/))
  await assert.rejects(
    db.write([{ type: 'deleteRange', start: 'b', end: 'a' }]),
    failsWith('INVALID_ARGUMENT', /before its start/),
  )
  await db.deleteRange('k', 'k')
  assert.equal((await rowsOf(db)).length, 3)
})

test('in a batch a range deletes what stands before it, also of the same batch, and nothing behind it', async t => {
  const db = await openFor(t, freshPath(t), { columnFamilies: { other: {} } })
  await db.put('b', 'old')
  await db.put('b', 'other', { columnFamily: 'other' })
  await db.write([
    { type: 'put', key: 'a', value: '1' },
    { type: 'deleteRange', start: 'a', end: 'c' },
    { type: 'put', key: 'c', value: '3' },
    { type: 'put', key: 'a', value: '4' },
  ])
  assert.deepEqual(await rowsOf(db), [
    ['a', '4'],
    ['c', '3'],
  ])
  assert.deepEqual(await rowsOf(db, { columnFamily: 'other' }), [['b', 'other']])
})

test('a scan that leaps over a deleted range leaps over nothing that was written into it later', async t => {
  const db = await openFor(t, freshPath(t))
  await putAll(db, numberedRows(100))
  await db.flush()
  await db.deleteRange(numberedKey(10), numberedKey(90))
  await db.flush()
  for (const number of [20, 50, 51]) await db.put(numberedKey(number), 'new')
  const expected = Array.from({ length: 100 }, (_, i) => i).filter(
    i => i < 10 || i >= 90 || [20, 50, 51].includes(i),
  )
  const keys = expected.map(numberedKey)
  assert.deepEqual(
    (await rowsOf(db)).map(([key]) => key),
    keys,
  )
  assert.deepEqual(
    (await rowsOf(db, { reverse: true })).map(([key]) => key),
    keys.toReversed(),
  )
})

test('compaction frees what ranges hide, and the tombstones with it', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, small)
  await putAll(db, numberedRows(2000))
  await db.compact()
  await db.deleteRange(numberedKey(0), numberedKey(1999))
  await db.compact()
  assert.deepEqual(
    (await rowsOf(db)).map(([key]) => key),
    [numberedKey(1999)],
  )
  assert.equal(db.liveFiles().length, 1)
  assert.ok(db.liveFiles()[0].size < 2000, String(db.liveFiles()[0].size))
})

test('ranges, keys, merges and snapshots give the same at every moment, however they are spread', async t => {
  const weights = { put: 40, merge: 10, delete: 10, deleteRange: 15 }
  const options = { mergeOperator: { name: 'stringappend', delimiter: '' } } as const
  for (let seed = 1; seed <= 12; seed++) await playHistory(t, seed, 500, weights, options)
})

test('the same with tables that are opened and closed all the time and nothing cached', async t => {
  const weights = { put: 40, merge: 5, delete: 10, deleteRange: 10 }
  const options = {
    mergeOperator: { name: 'stringappend', delimiter: '' },
    maxOpenFiles: 0,
    blockCacheSize: 0,
  } as const
  for (let seed = 101; seed <= 103; seed++) await playHistory(t, seed, 400, weights, options)
})

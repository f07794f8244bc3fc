import assert from 'node:assert/strict'
import { test } from 'node:test'
import { valueBytes } from '../db/arguments.ts'
import { type Database, type OpenOptions, WriteBatch } from '../index.ts'
import { failsWith, failureOf, freshPath, openFor, rowsOf, textOf } from './support.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB

test('empty keys and values are legal', async t => {
  const path = freshPath(t)
  let db = await openFor(t, path)
  await db.put('', 'of the empty key')
  await db.put('empty', '')
  const check = async () => {
    assert.equal(await textOf(db, ''), 'of the empty key')
    assert.deepEqual(await db.get('empty'), new Uint8Array(0))
    assert.equal(await db.has('empty'), true)
    assert.deepEqual(await rowsOf(db), [
      ['', 'of the empty key'],
      ['empty', ''],
    ])
  }
  await check()
  await db.compact()
  await check()
  await db.close()
  db = await openFor(t, path)
  await check()
  await db.delete('')
  assert.equal(await db.get(''), undefined)
})

test('keys of every byte come back in the order of their bytes', async t => {
  const db = await openFor(t, freshPath(t))
  const bytes = Array.from({ length: 256 }, (_, i) => Uint8Array.of(i))
  for (const key of bytes.toReversed()) await db.put(key, key)
  assert.deepEqual(await db.keys().toArray(), bytes)
  await db.flush()
  assert.deepEqual(await db.values().toArray(), bytes)
})

test('strings are their UTF-8', async t => {
  const db = await openFor(t, freshPath(t))
  await db.put('Grüße 🐘', 'naïve')
  const utf8 = (text: string) => new TextEncoder().encode(text)
  assert.deepEqual(await db.get(utf8('Grüße 🐘')), utf8('naïve'))
  assert.deepEqual(await db.get(Buffer.from('Grüße 🐘')), utf8('naïve'))
})

test('a key of 8 MiB is taken, one byte more is refused, and nothing else is harmed', async t => {
  const db = await openFor(t, freshPath(t))
  const largest = new Uint8Array(8 * MIB).fill(65)
  const tooLarge = new Uint8Array(8 * MIB + 1).fill(65)
  await db.put(largest, 'fits')
  assert.equal(new TextDecoder().decode(await db.get(largest)), 'fits')
  const batch = new WriteBatch()
  const attempts: (() => unknown)[] = [
    () => db.put(tooLarge, ''),
    () => db.delete(tooLarge),
    () => db.get(tooLarge),
    () => db.getMany(['a', tooLarge]),
    () => db.has(tooLarge),
    () => db.write([{ type: 'put', key: tooLarge, value: '' }]),
    () => db.getSync(tooLarge),
    () => batch.put(tooLarge, ''),
  ]
  for (const attempt of attempts) {
    const error = await failureOf((async () => attempt())())
    assert.equal(error.code, 'INVALID_ARGUMENT')
    assert.equal(error.details.option, 'key')
    assert.match(error.message, /8388609.*8388608/)
  }
  await db.flush()
  assert.equal((await db.keys().toArray()).length, 1)
})

// The system commits a page when it is first touched, so these zeros cost no memory as long as nobody reads them.
test('a value of 3 GiB is taken, one byte more is refused before any of it is read', async t => {
  const before = process.memoryUsage.rss()
  // Made by growing: the system reserves nothing for such a buffer, so a machine with less memory has it, too.
  const zeros = new ArrayBuffer(0, { maxByteLength: 3 * GIB + 1 })
  zeros.resize(3 * GIB + 1)
  const largest = new Uint8Array(zeros, 0, 3 * GIB)
  const tooLarge = new Uint8Array(zeros)
  assert.equal(valueBytes(largest), largest, 'no copy: to put one would take 3 GiB in log and memtable')
  assert.throws(() => valueBytes(tooLarge), failsWith('INVALID_ARGUMENT', /3221225473.*3221225472/))
  const db = await openFor(t, freshPath(t))
  const batch = new WriteBatch()
  const attempts: (() => unknown)[] = [
    () => db.put('key', tooLarge),
    () => db.write([{ type: 'put', key: 'key', value: tooLarge }]),
    () => batch.put('key', tooLarge),
  ]
  for (const attempt of attempts) {
    const error = await failureOf((async () => attempt())())
    assert.equal(error.code, 'INVALID_ARGUMENT')
    assert.equal(error.details.option, 'value')
  }
  assert.equal(batch.count, 0)
  assert.deepEqual(await rowsOf(db), [])
  const touched = process.memoryUsage.rss() - before
  assert.ok(touched < 256 * MIB, `${Math.round(touched / MIB)} MiB were touched`)
})

test('what is neither bytes nor a string is refused by name', async t => {
  const db = await openFor(t, freshPath(t))
  for (const wrong of [undefined, null, 7, true, {}, ['a'], new Uint16Array(2), new ArrayBuffer(2)]) {
    const value = wrong as string
    await assert.rejects(db.put(value, 'x'), failsWith('INVALID_ARGUMENT', /a key must be/))
    await assert.rejects(db.put('x', value), failsWith('INVALID_ARGUMENT', /a value must be/))
    await assert.rejects(db.delete(value), failsWith('INVALID_ARGUMENT', /a key must be/))
    await assert.rejects(db.get(value), failsWith('INVALID_ARGUMENT', /a key must be/))
    await assert.rejects(
      db.write([{ type: 'put', key: 'x', value }]),
      failsWith('INVALID_ARGUMENT', /a value must be/),
    )
  }
  assert.deepEqual(await rowsOf(db), [])
})

test('a batch with one wrong operation does nothing', async t => {
  const db = await openFor(t, freshPath(t))
  const operations: unknown[][] = [
    [
      { type: 'put', key: 'a', value: '1' },
      { type: 'merge', key: 'a', value: '1' },
    ],
    [
      { type: 'put', key: 'a', value: '1' },
      { type: 'put', key: 'a' },
    ],
    [{ type: 'put', key: 'a', value: '1' }, null],
    [{ type: 'put', key: 'a', value: '1' }, { type: 'delete' }],
  ]
  for (const list of operations)
    await assert.rejects(db.write(list as Parameters<Database['write']>[0]), failsWith('INVALID_ARGUMENT'))
  await assert.rejects(
    db.write([
      { type: 'put', key: 'a', value: '1' },
      { type: 'put', key: 'a', value: '1', columnFamily: 'nowhere' },
    ]),
    failsWith('NOT_FOUND', /nowhere/),
  )
  await assert.rejects(db.write(7 as never), failsWith('INVALID_ARGUMENT'))
  assert.deepEqual(await rowsOf(db), [])
  await db.write([])
})

test('unknown options and wrong values are refused before anything is made', async t => {
  const path = freshPath(t)
  const wrong: [unknown, RegExp][] = [
    [{ writeBufferSiez: 1 }, /writeBufferSiez/],
    [{ writeBufferSize: '64M' }, /writeBufferSize.*whole number/],
    [{ compression: 'brotli' }, /compression.*snappy/],
    [{ walRecoveryMode: 'lenient' }, /walRecoveryMode/],
    [{ walSync: { everyBytes: 0 } }, /walSync/],
    [{ columnFamilies: { a: { blockSize: -1 } } }, /blockSize/],
  ]
  for (const [options, message] of wrong)
    await assert.rejects(openFor(t, path, options as OpenOptions), failsWith('INVALID_ARGUMENT', message))
  await assert.rejects(openFor(t, path, { createIfMissing: false }), failsWith('NOT_FOUND', /does not exist/))
})

test('a range that cannot be is refused, one that holds nothing is empty', async t => {
  const db = await openFor(t, freshPath(t))
  await db.put('b', '1')
  assert.deepEqual(await rowsOf(db, { start: 'c', end: 'a' }), [])
  assert.deepEqual(await rowsOf(db, { limit: 0 }), [])
  for (const limit of [-1, 1.5, Number.NaN, '3' as never])
    assert.throws(() => db.entries({ limit }), failsWith('INVALID_ARGUMENT', /limit/))
  assert.throws(() => db.entries({ start: 7 as never }), failsWith('INVALID_ARGUMENT'))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { bytes, type Codec, json, tuple, uint64, utf8, ViewBatch } from '../index.ts'
import { openPeople, type Person, type PersonKey, person } from './people.ts'
import { failsWith, freshPath, openFor } from './support.ts'

test('rows go in and come out with their types, in the order of their keys', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await db.view('people', { key: tuple<PersonKey>(), value: json<Person>() })
  const rows: [PersonKey, Person][] = [
    [['de', 2], person('Bo', 30)],
    [['pt', -1], person('Cy', 31)],
    [['pt', 10], person('Di', 32)],
  ]
  for (const [key, value] of rows.toReversed()) await people.put(key, value)
  assert.deepEqual(await people.get(['pt', 10]), person('Di', 32))
  assert.deepEqual(people.getSync(['pt', -1]), person('Cy', 31))
  assert.deepEqual(
    await people.getMany([
      ['pt', 10],
      ['xx', 1],
      ['de', 2],
    ]),
    [rows[2][1], undefined, rows[0][1]],
  )
  assert.deepEqual([await people.has(['de', 2]), await people.has(['de', 3])], [true, false])
  assert.deepEqual(await people.entries().toArray(), rows)
  assert.deepEqual([...people.entries({ reverse: true })], rows.toReversed())
  assert.deepEqual(await people.keys({ prefix: ['pt'] }).toArray(), [
    ['pt', -1],
    ['pt', 10],
  ])
  assert.deepEqual(await people.keys({ gt: ['de', 2], lte: ['pt', -1] }).toArray(), [['pt', -1]])
  assert.deepEqual(await people.values({ limit: 1, reverse: true }).toArray(), [rows[2][1]])
  const seen: PersonKey[] = []
  for await (const [key] of people.entries()) seen.push(key)
  assert.deepEqual(
    seen,
    rows.map(([key]) => key),
  )
  await people.delete(['pt', -1])
  assert.equal(await people.get(['pt', -1]), undefined)
})

test('a view reads the moment of a snapshot', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  await people.put(['pt', 1], person('Ada', 36))
  using snapshot = db.snapshot()
  await people.put(['pt', 1], person('Ada', 37))
  await people.put(['pt', 2], person('Bo', 36))
  assert.equal((await people.get(['pt', 1], { snapshot }))?.age, 36)
  assert.equal((await people.entries({ snapshot }).toArray()).length, 1)
  assert.deepEqual(await people.query('byAge', { eq: 36, snapshot }).toArray(), [
    [['pt', 1], person('Ada', 36)],
  ])
  assert.deepEqual(await people.query('byAge', { eq: 36, keysOnly: true }).toArray(), [['pt', 2]])
})

test('a codec of the user is used for keys and values', async t => {
  const db = await openFor(t, freshPath(t))
  const upper: Codec<string> = {
    encode: text => encodeUtf8(text.toUpperCase()),
    decode: stored => decodeUtf8(stored).toLowerCase(),
  }
  const words = await db.view('words', {
    key: uint64,
    value: upper,
    indexes: { byWord: { on: word => word } },
  })
  await words.put(1, 'Mixed')
  assert.equal(await words.get(1), 'mixed')
  assert.deepEqual(await words.query('byWord', { eq: 'mixed' }).toArray(), [[1, 'mixed']])
  assert.deepEqual(
    await words.query('byWord', { eq: 'Mixed' }).toArray(),
    [],
    'an index holds what will be read',
  )
})

test('an index holds what JSON keeps, not what was handed in', async t => {
  const db = await openFor(t, freshPath(t))
  const rows = await db.view('rows', {
    key: utf8,
    value: json<unknown>(),
    indexes: { byA: { on: (row: unknown) => aOf(row) } },
  })
  const fields = await db.view('fields', {
    key: utf8,
    value: json<{ a?: unknown }>(),
    indexes: { byA: { on: 'a' } },
  })
  const aOf = (row: unknown) => (row as { a?: string | null }).a
  const moment = new Date(5)
  class Point {
    get a(): number {
      return 7
    }
  }
  const hidden = Object.defineProperty({}, 'a', { value: 'hidden', enumerable: false })
  for (const view of [rows, fields]) {
    await view.put('date', { a: moment })
    await view.put('getter', new Point())
    await view.put('hidden', hidden as { a?: unknown })
    await view.put('replaced', { a: 1, toJSON: () => ({ a: 'other' }) } as { a?: unknown })
    await view.put('zero', { a: -0 })
    await view.put('null', { a: null })
    const found = async (a: unknown) => view.query('byA', { eq: a as never, keysOnly: true }).toArray()
    assert.deepEqual(await found(moment.toJSON()), ['date'])
    assert.deepEqual(await found('other'), ['replaced'])
    assert.deepEqual(await found(0), ['zero'])
    assert.deepEqual(await found(null), ['null'])
    for (const nothing of [moment, 7, 'hidden', 1]) assert.deepEqual(await found(nothing), [])
    assert.equal((await view.verify()).problemCount, 0)
  }
})

test('a batch over several views is made whole or not at all', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  const names = await db.view('names', { key: utf8, value: bytes })
  await new ViewBatch()
    .put(people, ['pt', 1], person('Ada', 36, { email: 'a' }))
    .put(names, 'Ada', Uint8Array.of(1))
    .write()
  assert.deepEqual(await names.get('Ada'), Uint8Array.of(1))
  const refused = new ViewBatch()
    .put(names, 'Bo', Uint8Array.of(2))
    .delete(names, 'Ada')
    .put(people, ['pt', 2], person('Bo', 30))
    .put(people, ['pt', 3], person('Bo', 30, { email: 'a' }))
  assert.equal(refused.count, 4)
  await assert.rejects(refused.write(), failsWith('CONFLICT'))
  assert.deepEqual(await names.keys().toArray(), ['Ada'])
  assert.deepEqual(await people.keys().toArray(), [['pt', 1]])
  assert.equal((await people.verify()).entries, 3)
  // What was refused has left nothing behind in the round either.
  await Promise.all([
    assert.rejects(refused.write(), failsWith('CONFLICT')),
    people.put(['pt', 4], person('Di', 30, { email: 'd' })),
    people.write([
      { type: 'delete', key: ['pt', 1] },
      { type: 'put', key: ['pt', 5], value: person('Ed', 1, { email: 'a' }) },
    ]),
  ])
  assert.deepEqual(await people.keys().toArray(), [
    ['pt', 4],
    ['pt', 5],
  ])
  assert.equal((await people.verify()).problemCount, 0)
})

test('writes take effect in the order of their calls, whether they have indexes to keep or not', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  const names = await db.view('names', { key: utf8, value: utf8 })
  await Promise.all([
    new ViewBatch().put(people, ['a', 1], person('A', 1)).put(names, 'x', 'first').write(),
    names.put('x', 'second'),
    names.delete('y'),
    new ViewBatch().put(names, 'y', 'third').write(),
    people.put(['a', 1], person('B', 2)),
    people.delete(['a', 1]),
    people.put(['a', 1], person('C', 3)),
  ])
  assert.deepEqual(await names.entries().toArray(), [
    ['x', 'second'],
    ['y', 'third'],
  ])
  assert.deepEqual(await people.query('byAge').toArray(), [[['a', 1], person('C', 3)]])
})

test('what cannot be opened as a view is refused by name', async t => {
  const db = await openFor(t, freshPath(t))
  const plain = { key: utf8, value: json<{ a: number }>() }
  await db.view('open', plain)
  await assert.rejects(db.view('open', plain), failsWith('ALREADY_EXISTS', /open/))
  await assert.rejects(db.view('a.index.b', plain), failsWith('INVALID_ARGUMENT', /index/))
  await assert.rejects(
    db.view('a', { key: utf8 } as typeof plain),
    failsWith('INVALID_ARGUMENT', /codec for its values/),
  )
  const bad = [
    { on: 3 },
    { on: [] },
    { on: 'a', kind: 'fast' },
    { on: 'a', kind: 'hash', unique: true },
    { on: 'a', kind: 'hash', covering: ['a'] },
    { on: ['a'], multiEntry: true },
    { on: 'a', version: 0.5 },
  ]
  for (const definition of bad) {
    const indexes = { byA: definition as { on: 'a' } }
    await assert.rejects(db.view('a', { ...plain, indexes }), failsWith('INVALID_ARGUMENT', /byA/))
  }
  await assert.rejects(
    db.view('a', { ...plain, indexes: { 'b.c': { on: 'a' } } }),
    failsWith('INVALID_ARGUMENT', /b\.c/),
  )
  await (await db.view('a', plain)).close()
})

test('a closed view refuses, and can be opened again', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  const written = people.put(['pt', 1], person('Ada', 36))
  await people.close()
  await written
  assert.equal(people.isOpen, false)
  await assert.rejects(people.put(['pt', 2], person('Bo', 1)), failsWith('NOT_OPEN'))
  await assert.rejects(people.get(['pt', 1]), failsWith('NOT_OPEN'))
  assert.throws(() => people.query('byAge'), failsWith('NOT_OPEN'))
  const again = await openPeople(db)
  assert.deepEqual(await again.query('byAge').toArray(), [[['pt', 1], person('Ada', 36)]])
})

test('what was written through a view before the database closed is there', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  const people = await openPeople(db)
  const written = Array.from({ length: 600 }, (_, i) => people.put(['pt', i], person('A', i)))
  await db.close()
  await Promise.all(written)
  const again = await openPeople(await openFor(t, path))
  assert.equal((await again.query('byAge', { keysOnly: true }).toArray()).length, 600)
})

test('bytes that the codec did not write are corrupt, and named so', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  await db.put(Uint8Array.of(0xff), '{}', { columnFamily: 'people' })
  await assert.rejects(people.entries().toArray(), failsWith('CORRUPTION'))
})

test('a prefix takes whole elements: no string that goes on, with a zero or otherwise', async t => {
  const db = await openFor(t, freshPath(t))
  const names = await db.view('names', { key: tuple(), value: utf8 })
  for (const name of ['a', 'a\0', 'a\0b', 'a\x01', 'ab']) await names.put([name, 1], name)
  assert.deepEqual(await names.values({ prefix: ['a'] }).toArray(), ['a'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeTuple } from '@varve/format/tuple'
import { ConflictError, json, utf8 } from '../index.ts'
import { openPeople, type Person, type PersonKey, person } from './people.ts'
import { failsWith, freshPath, openFor } from './support.ts'

const bo = person('Bo', 30, { city: 'Lagos', email: 'bo@example.org', tags: ['x', 'y', 'x'] })

test('an index answers ranges in its order, rows of one key in the order of their own', async t => {
  const people = await openPeople(await openFor(t, freshPath(t)))
  const ages: [PersonKey, number][] = [
    [['a', 1], 40],
    [['b', 1], 30],
    [['a', 2], 30],
    [['c', 1], -5],
    [['d', 1], 39.5],
  ]
  for (const [key, age] of ages)
    await people.put(key, person('P', age, { city: age === 30 ? 'Lagos' : 'Lima' }))
  const keys = async (range: object) => people.query('byAge', { ...range, keysOnly: true }).toArray()
  assert.deepEqual(await keys({}), [
    ['c', 1],
    ['a', 2],
    ['b', 1],
    ['d', 1],
    ['a', 1],
  ])
  assert.deepEqual(await keys({ gte: 30, lt: 40 }), [
    ['a', 2],
    ['b', 1],
    ['d', 1],
  ])
  assert.deepEqual(await keys({ gt: 30, lte: 40 }), [
    ['d', 1],
    ['a', 1],
  ])
  assert.deepEqual(await keys({ eq: 30 }), [
    ['a', 2],
    ['b', 1],
  ])
  assert.deepEqual(await keys({ lt: 40, reverse: true, limit: 2 }), [
    ['d', 1],
    ['b', 1],
  ])
  const lagos = people.query('byCity', { prefix: ['Lagos'], keysOnly: true })
  assert.deepEqual(await lagos.toArray(), [
    ['a', 2],
    ['b', 1],
  ])
  assert.deepEqual(
    [...people.query('byCity', { eq: ['Lima', 40] })],
    [[['a', 1], person('P', 40, { city: 'Lima' })]],
  )
  assert.deepEqual(
    await people.query('byCity', { gt: ['Lagos', 30], lt: ['Lima', 39], keysOnly: true }).toArray(),
    [['c', 1]],
  )
})

test('a covering query gives its fields and reads no rows', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  await people.put(['a', 1], bo)
  const read = () => db.statistics().keysRead
  const before = read()
  assert.deepEqual(await people.query('byAge', { covering: true }).toArray(), [[['a', 1], { name: 'Bo' }]])
  assert.deepEqual(
    [...people.query('byEmail', { eq: 'bo@example.org', covering: true })],
    [[['a', 1], { age: 30 }]],
  )
  assert.equal(read(), before)
  await people.put(['a', 1], { ...bo, name: 'Bob' })
  assert.deepEqual(await people.query('byAge', { covering: true }).toArray(), [[['a', 1], { name: 'Bob' }]])
  const uncovered: 'byAge' = 'byCity' as 'byAge'
  assert.throws(
    () => people.query(uncovered, { covering: true }),
    failsWith('INVALID_ARGUMENT', /covers no fields/),
  )
})

test('a multi-entry index has a row once for each item', async t => {
  const people = await openPeople(await openFor(t, freshPath(t)))
  await people.put(['a', 1], bo)
  await people.put(['a', 2], person('Cy', 1, { tags: ['y', 'z'] }))
  const tagged = async (tag: string) => people.query('byTag', { eq: tag, keysOnly: true }).toArray()
  assert.deepEqual(
    [await tagged('x'), await tagged('y')],
    [
      [['a', 1]],
      [
        ['a', 1],
        ['a', 2],
      ],
    ],
  )
  await people.put(['a', 1], { ...bo, tags: ['z'] })
  assert.deepEqual(
    [await tagged('x'), await tagged('y'), await tagged('z')],
    [
      [],
      [['a', 2]],
      [
        ['a', 1],
        ['a', 2],
      ],
    ],
  )
  const untagged: unknown = { name: 'No', age: 1, tags: 'x' }
  await assert.rejects(people.put(['a', 3], untagged as Person), failsWith('INVALID_ARGUMENT', /byTag/))
})

test('a hash index answers equality, and no other key with the same hash', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  await people.put(['a', 1], bo)
  await people.put(['a', 2], person('bea', 31))
  await people.put(['a', 3], person('Cy', 32))
  const entries = db.entries({ columnFamily: 'people.index.byInitial' })
  const [[ofBo]] = await entries.toArray()
  // As if the hash of another key were the same.
  const collision = Buffer.concat([ofBo.subarray(0, 9), encodeTuple(['a', 3])])
  await db.put(collision, '', { columnFamily: 'people.index.byInitial' })
  const found = people.query('byInitial', { eq: 'B', keysOnly: true })
  assert.deepEqual(await found.toArray(), [
    ['a', 1],
    ['a', 2],
  ])
  assert.deepEqual(
    [...found],
    [
      ['a', 1],
      ['a', 2],
    ],
  )
  assert.deepEqual(
    await people.query('byInitial', { eq: 'B', reverse: true, limit: 1, keysOnly: true }).toArray(),
    [['a', 2]],
  )
  assert.throws(() => people.query('byInitial', {} as { eq: string }), failsWith('INVALID_ARGUMENT', /eq/))
})

test('a unique index refuses a second row, with its name and the key', async t => {
  const people = await openPeople(await openFor(t, freshPath(t)))
  await people.put(['a', 1], bo)
  const second = people.put(['a', 2], person('Bo', 3, { email: 'bo@example.org' }))
  await assert.rejects(second, error => {
    assert.ok(error instanceof ConflictError)
    assert.deepEqual([error.code, error.index, error.key], ['CONFLICT', 'byEmail', ['bo@example.org']])
    assert.doesNotMatch(error.message + JSON.stringify(error.details), /example/)
    return true
  })
  assert.equal(await people.get(['a', 2]), undefined)
  await people.put(['a', 1], { ...bo, age: 31 })
  await people.put(['a', 1], { ...bo, email: undefined })
  await people.put(['a', 2], person('Bo', 3, { email: 'bo@example.org' }))
  assert.deepEqual(await people.query('byEmail', { keysOnly: true }).toArray(), [['a', 2]])
})

test('of many who want one key of a unique index at once, one has it', async t => {
  const people = await openPeople(await openFor(t, freshPath(t)))
  for (let round = 0; round < 20; round++) {
    const email = `round ${round}`
    const outcomes = await Promise.allSettled(
      Array.from({ length: 300 }, async (_, i) => {
        if (i % 3 === 0) await people.get(['a', i])
        await people.put(['a', 1000 * round + i], person('P', i, { email }))
      }),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await people.query('byEmail', { eq: email }).toArray()).length, 1)
  }
  assert.equal((await people.verify()).problemCount, 0)
})

test('writers of one row leave the entries of the last and no others', async t => {
  const people = await openPeople(await openFor(t, freshPath(t)))
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        if (i % 7 === 0) await people.has(['a', 1])
        if (i % 11 === 0) return people.delete(['a', 1])
        return people.put(['a', 1], person(`N${i}`, i, { city: `city ${i % 5}`, tags: [`${i}`, 'all'] }))
      }),
    )
    const row = await people.get(['a', 1])
    const rows = row === undefined ? [] : [[['a', 1], row]]
    assert.deepEqual(await people.query('byAge').toArray(), rows)
    assert.deepEqual(await people.query('byCity').toArray(), rows)
    assert.equal((await people.verify()).problemCount, 0)
  }
})

test('a value that an index cannot take is refused, and changes nothing', async t => {
  const db = await openFor(t, freshPath(t))
  const view = await db.view('v', {
    key: utf8,
    value: json<{ a: unknown }>(),
    indexes: { byA: { on: 'a' as 'a' }, byB: { on: row => (row.a as { b?: { c: string } }).b?.c } },
  })
  await assert.rejects(view.put('x', { a: { not: 'a scalar' } }), failsWith('INVALID_ARGUMENT', /byA/))
  await assert.rejects(view.put('x', { a: null }), failsWith('INVALID_ARGUMENT', /byB.*threw/))
  await assert.rejects(view.put('x', { a: 1 }, { disableWAL: true }), failsWith('INVALID_ARGUMENT', /log/))
  assert.equal(await view.has('x'), false)
  await view.put('x', { a: 1 })
  assert.deepEqual(await view.query('byA').toArray(), [['x', { a: 1 }]])
})

test('rows that change while a query goes on are read as they were', async t => {
  const people = await openPeople(await openFor(t, freshPath(t)))
  for (let i = 0; i < 2000; i++) people.put(['a', i], person('P', i))
  await people.put(['a', 2000], person('P', 2000))
  let count = 0
  for await (const [[, number], { age }] of people.query('byAge')) {
    assert.equal(age, number)
    count++
    // Moves a row that has not come yet behind all others.
    if (count % 50 === 0) await people.put(['a', 2000 - count], person('P', 10_000 + count))
  }
  assert.equal(count, 2001)
})

test('writes around the view are found by verify, and repaired', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  for (let i = 0; i < 5; i++) await people.put(['a', i], person('P', i, { city: 'Lima', email: `${i}` }))
  assert.deepEqual(await people.verify(), {
    rows: 5,
    entries: 20,
    problems: [],
    problemCount: 0,
    indexes: ['byAge', 'byCity', 'byEmail', 'byTag', 'byInitial'],
    repaired: [],
  })
  const around = { columnFamily: 'people' }
  await db.delete(encodeTuple(['a', 0]), around)
  await db.put(encodeTuple(['a', 1]), JSON.stringify(person('P', 100, { city: 'Lima', email: '1' })), around)
  await db.put(encodeTuple(['a', 9]), JSON.stringify(person('Q', 9)), around)
  const { problems, problemCount } = await people.verify()
  const told = problems.map(({ kind, index, key, indexKey }) => [kind, index, key[1], ...indexKey].join(' '))
  assert.deepEqual(told.toSorted(), [
    'different byEmail 1 1',
    'missing byAge 1 100',
    'missing byAge 9 9',
    'missing byCity 1 Lima 100',
    'missing byInitial 9',
    'stale byAge 0 0',
    'stale byAge 1 1',
    'stale byCity 0 Lima 0',
    'stale byCity 1 Lima 1',
    'stale byEmail 0 0',
    'stale byInitial 0',
  ])
  assert.equal(problemCount, told.length)
  await assert.rejects(people.query('byAge').toArray(), failsWith('CORRUPTION', /verify/))
  assert.throws(() => [...people.query('byAge')], failsWith('CORRUPTION', /verify/))
  assert.deepEqual((await people.verify({ repair: true })).repaired.toSorted(), [
    'byAge',
    'byCity',
    'byEmail',
    'byInitial',
  ])
  assert.equal((await people.verify()).problemCount, 0)
  const aborted = AbortSignal.abort()
  await assert.rejects(people.verify({ signal: aborted }), failsWith('ABORTED'))
})

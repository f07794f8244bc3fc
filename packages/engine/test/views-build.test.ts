import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Database, type IndexProgress, json, utf8 } from '../index.ts'
import { codecs, indexes, openPeople, type PersonKey, person } from './people.ts'
import { failsWith, freshPath, openFor } from './support.ts'

const ROWS = 1000

/** A view with rows and without indexes, closed again. */
async function fill(db: Database, rows = ROWS): Promise<void> {
  const people = await db.view('people', codecs)
  await people.write(
    Array.from({ length: rows }, (_, i) => ({
      type: 'put' as const,
      key: ['a', i] as PersonKey,
      value: person('P', i % 90, { email: `${i}` }),
    })),
  )
  await people.close()
}

test('an index over rows that are there is built while writes go on, and tells how far it is', async t => {
  const db = await openFor(t, freshPath(t))
  await fill(db)
  const told: IndexProgress[] = []
  const people = await db.view('people', { ...codecs, indexes, onProgress: progress => told.push(progress) })
  assert.equal(people.indexes()[0].state, 'building')
  assert.throws(() => people.query('byAge'), failsWith('NOT_READY', /being built: \d+ of about 1000/))
  const written: Promise<void>[] = []
  for (let i = 0; people.indexes().some(({ state }) => state === 'building'); i++) {
    written.push(people.put(['a', (i * 37) % ROWS], person('Q', 100 + (i % 50), { email: `new ${i}` })))
    written.push(people.delete(['a', (i * 41) % ROWS]))
    if (i % 5 === 0) await Promise.all(written)
  }
  await Promise.all([...written, people.ready()])
  assert.deepEqual(
    people.indexes().map(({ state }) => state),
    ['ready', 'ready', 'ready', 'ready', 'ready'],
  )
  assert.equal((await people.verify()).problemCount, 0)
  const [first, second] = told.filter(({ index }) => index === 'byAge')
  assert.ok(first.rowsBuilt > 0 && second.rowsBuilt > first.rowsBuilt, JSON.stringify(told.slice(0, 3)))
  assert.equal(first.rowsTotal, ROWS)
})

test('the event loop turns while an index is built', async t => {
  const db = await openFor(t, freshPath(t))
  await fill(db, 5000)
  let turns = 0
  const people = await db.view('people', { ...codecs, indexes: { byAge: indexes.byAge } })
  const count = () => {
    turns++
    if (people.indexes()[0].state === 'building') setImmediate(count)
  }
  count()
  await people.ready()
  assert.ok(turns > 20, `${turns} turns`)
})

test('a snapshot from before an index was whole is refused, not answered in part', async t => {
  const db = await openFor(t, freshPath(t))
  await fill(db)
  const people = await db.view('people', { ...codecs, indexes })
  using early = db.snapshot()
  await people.ready()
  assert.throws(() => people.query('byAge', { snapshot: early }), failsWith('NOT_READY', /snapshot/))
  using late = db.snapshot()
  assert.equal((await people.query('byAge', { snapshot: late }).toArray()).length, ROWS)
})

test('a build that was aborted stops where it is, and goes on when asked', async t => {
  const db = await openFor(t, freshPath(t))
  await fill(db)
  const stop = new AbortController()
  const onProgress = ({ rowsBuilt }: IndexProgress) => {
    if (rowsBuilt >= 256) stop.abort()
  }
  const people = await db.view('people', {
    ...codecs,
    indexes: { byAge: indexes.byAge },
    signal: stop.signal,
    onProgress,
  })
  while (people.indexes()[0].state === 'building') await db.nextTurn()
  const [{ state, error, progress }] = people.indexes()
  assert.equal(state, 'stopped')
  assert.ok(failsWith('ABORTED')(error))
  assert.equal(progress.rowsBuilt, 256)
  assert.throws(() => people.query('byAge'), failsWith('NOT_READY', /stopped|end/))
  await people.put(['a', 0], person('Q', 500))
  await people.ready('byAge')
  assert.equal((await people.query('byAge', { keysOnly: true }).toArray()).length, ROWS)
  assert.equal((await people.verify()).problemCount, 0)
})

test('a build that the end of the process cut off goes on at the next opening', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await fill(db)
  const people = await db.view('people', { ...codecs, indexes })
  await db.close()
  assert.equal(people.indexes()[0].state, 'stopped')
  const again = await openFor(t, path)
  const resumed = await again.view('people', { ...codecs, indexes })
  await resumed.ready()
  const built = resumed.indexes()[0].progress.rowsBuilt
  assert.ok(built > 0 && built < ROWS, `${built} rows were built again`)
  assert.equal((await resumed.verify()).problemCount, 0)
})

test('two rows with one key stop the build of a unique index, until one of them is gone', async t => {
  const db = await openFor(t, freshPath(t))
  await fill(db)
  const writer = await db.view('people', codecs)
  await writer.put(['a', 700], person('P', 1, { email: '3' }))
  await writer.close()
  const people = await db.view('people', { ...codecs, indexes })
  await assert.rejects(people.ready(), failsWith('CONFLICT', /byEmail/))
  assert.throws(() => people.query('byEmail'), failsWith('NOT_READY', /cause/))
  await people.ready('byAge')
  assert.equal((await people.query('byAge').toArray()).length, ROWS)
  await people.delete(['a', 700])
  await people.ready('byEmail')
  assert.equal((await people.query('byEmail').toArray()).length, ROWS - 1)
})

test('an index stays as it is from opening to opening, and is built anew when its definition changes', async t => {
  const path = freshPath(t)
  const words = { key: utf8, value: json<{ word: string }>() }
  const on = (row: { word: string }) => row.word.length
  const lengths = async (version: number, make = on) => {
    const db = await openFor(t, path)
    const view = await db.view('words', { ...words, indexes: { byLength: { on: make, version } } })
    await view.ready()
    const rows = await view.query('byLength', { keysOnly: true }).toArray()
    const { rowsBuilt } = view.indexes()[0].progress
    if (rows.length === 0)
      await view.write(['ccc', 'bb', 'a'].map(word => ({ type: 'put', key: word, value: { word } })))
    await db.close()
    return [rows.join(' '), rowsBuilt]
  }
  assert.deepEqual(await lengths(1), ['', 0])
  assert.deepEqual(await lengths(1), ['a bb ccc', 0])
  assert.deepEqual(await lengths(2, ({ word }) => -word.length), ['ccc bb a', 3])
  assert.deepEqual(
    await lengths(2),
    ['ccc bb a', 0],
    'a function without a new version is taken for the same',
  )
  assert.deepEqual(await lengths(3), ['a bb ccc', 3])
})

test('an index that was not declared while rows were written is built anew', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  await people.put(['a', 1], person('Ada', 36))
  await people.close()
  const fewer = await db.view('people', { ...codecs, indexes: { byCity: indexes.byCity } })
  await fewer.put(['a', 1], person('Ada', 37))
  await fewer.put(['a', 2], person('Bo', 30))
  await fewer.close()
  const again = await openPeople(db)
  assert.deepEqual(await again.query('byAge', { keysOnly: true }).toArray(), [
    ['a', 2],
    ['a', 1],
  ])
  assert.equal((await again.verify()).problemCount, 0)
})

test('an index of rows that were dropped with their family is not taken for one of those that came after', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  await people.put(['a', 1], person('Ada', 36))
  await people.close()
  await db.dropColumnFamily('people')
  const again = await openPeople(db)
  assert.deepEqual(await again.query('byAge').toArray(), [])
})

test('a dropped index is gone, with its column family, and the others go on', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  await people.put(['a', 1], person('Ada', 36, { email: 'a' }))
  // In the order of the calls: what is behind the drop is unique no more.
  const before = assert.rejects(people.put(['a', 2], person('Bo', 30, { email: 'a' })), failsWith('CONFLICT'))
  const dropped = people.dropIndex('byEmail')
  const after = people.put(['a', 3], person('Cy', 31, { email: 'a' }))
  await Promise.all([before, dropped, after])
  await people.put(['a', 4], person('Di', 32, { email: 'a' }))
  assert.throws(() => people.query('byEmail'), failsWith('NOT_FOUND', /dropped/))
  assert.equal(db.columnFamilyNames().includes('people.index.byEmail'), false)
  assert.equal((await people.query('byAge').toArray()).length, (await people.keys().toArray()).length)
  assert.equal((await people.verify()).problemCount, 0)
  await people.close()
  const without = await db.view('people', codecs)
  await without.dropIndex('byAge')
  await assert.rejects(without.dropIndex('byAge'), failsWith('NOT_FOUND'))
})

test('a database that is read only answers with the indexes that are built, and refuses others', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  const people = await openPeople(db)
  await people.put(['a', 1], person('Ada', 36))
  await db.close()
  const reader = await openFor(t, path, { readOnly: true })
  const view = await openPeople(reader)
  assert.deepEqual(await view.query('byAge', { keysOnly: true }).toArray(), [['a', 1]])
  await assert.rejects(view.put(['a', 2], person('Bo', 1)), failsWith('READ_ONLY'))
  await view.close()
  const more = { ...indexes, byName: { on: 'name' } } as const
  await assert.rejects(reader.view('people', { ...codecs, indexes: more }), failsWith('READ_ONLY', /byName/))
  const changed = { byAge: { on: 'name' } } as const
  await assert.rejects(
    reader.view('people', { ...codecs, indexes: changed }),
    failsWith('READ_ONLY', /byAge/),
  )
})

test('an index is emptied and built anew on request', async t => {
  const db = await openFor(t, freshPath(t))
  const people = await openPeople(db)
  for (let i = 0; i < 300; i++) await people.put(['a', i], person('P', i))
  const rebuilt = people.rebuildIndex('byAge')
  await people.put(['a', 5], person('Q', 1000))
  await rebuilt
  assert.equal((await people.query('byAge').toArray()).length, 300)
  assert.equal((await people.verify()).problemCount, 0)
})

test('rows of any size are indexed and found, a few at a time', async t => {
  const db = await openFor(t, freshPath(t))
  const texts = { key: utf8, value: json<{ text: string }>() }
  const plain = await db.view('texts', texts)
  for (let i = 0; i < 30; i++) await plain.put(`${i}`, { text: `${i}`.repeat(200_000) })
  await plain.close()
  const steps: number[] = []
  const onProgress = ({ rowsBuilt }: IndexProgress) => steps.push(rowsBuilt)
  const on = ({ text }: { text: string }) => text.length
  const view = await db.view('texts', { ...texts, indexes: { byLength: { on } }, onProgress })
  await view.ready()
  assert.ok(steps.length > 5 && steps.at(-1) === 30, steps.join())
  assert.equal((await view.query('byLength', { eq: 400_000 }).toArray()).length, 20)
  assert.equal((await view.verify()).problemCount, 0)
})

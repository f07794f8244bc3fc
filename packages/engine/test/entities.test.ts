/** Values of named columns: every read sees its part of them, wherever they lie, and merging leaves the other columns alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Column, type Columns, type Database, open, verifyDatabase, WriteBatch } from '../index.ts'
import { failsWith, freshPath, killedCopy, openFor, rowsOf, textOf } from './support.ts'

type Text = [name: string, value: string]

function texts(columns: readonly Column[] | undefined): Text[] | undefined {
  return columns?.map(([name, value]): Text => [Buffer.from(name).toString(), Buffer.from(value).toString()])
}

/** As the log, a memtable, a table, and a compacted table have it. */
async function everywhere(db: Database, check: () => Promise<void>): Promise<void> {
  await check()
  await db.flush()
  await check()
  await db.compact()
  await check()
}

const person: Columns = { '': 'Ada', mail: 'ada@example.org', born: '1815' }
const sortedPerson: Text[] = [
  ['', 'Ada'],
  ['born', '1815'],
  ['mail', 'ada@example.org'],
]

test('get sees the default column, getEntity all of them, in memtables and tables', async t => {
  const db = await openFor(t, freshPath(t))
  await db.putEntity('user:1', person)
  await db.putEntity('user:2', [['mail', 'grace@example.org']])
  await db.putEntity('user:3', [])
  await db.put('user:4', 'plain')
  await everywhere(db, async () => {
    assert.equal(await textOf(db, 'user:1'), 'Ada')
    assert.equal(Buffer.from(db.getSync('user:1') ?? []).toString(), 'Ada')
    assert.deepEqual(texts(await db.getEntity('user:1')), sortedPerson)
    assert.deepEqual(texts(await db.getEntity('user:2')), [['mail', 'grace@example.org']])
    assert.deepEqual(texts(await db.getEntity('user:3')), [])
    assert.deepEqual(texts(await db.getEntity('user:4')), [['', 'plain']])
    assert.equal(await db.getEntity('user:5'), undefined)
    assert.equal(await db.has('user:2'), true)
    const many = await db.getMany(['user:1', 'user:2', 'user:3', 'user:4', 'user:5'])
    assert.deepEqual(
      many.map(value => value && Buffer.from(value).toString()),
      ['Ada', '', '', 'plain', undefined],
    )
  })
})

test('scans and cursors see the default column as the value, and give the others', async t => {
  const db = await openFor(t, freshPath(t))
  await db.putEntity('a', person)
  await db.put('b', 'plain')
  await db.putEntity('c', { x: '1' })
  const rows = [
    ['a', 'Ada'],
    ['b', 'plain'],
    ['c', ''],
  ]
  const columns = [sortedPerson, [['', 'plain']], [['x', '1']]]
  await everywhere(db, async () => {
    assert.deepEqual(await rowsOf(db), rows)
    assert.deepEqual(await rowsOf(db, { reverse: true }), rows.toReversed())
    for (const reverse of [false, true]) {
      const found = (await db.entities({ reverse }).toArray()).map(([, own]) => texts(own))
      assert.deepEqual(found, reverse ? columns.toReversed() : columns)
    }
    using cursor = db.cursor()
    cursor.last()
    cursor.prev()
    cursor.prev()
    assert.deepEqual(texts(cursor.columns), sortedPerson)
    assert.equal(Buffer.from(cursor.value).toString(), 'Ada')
    cursor.next()
    assert.deepEqual(texts(cursor.columns), [['', 'plain']])
    cursor.next()
    cursor.next()
    assert.deepEqual(cursor.columns, [])
  })
})

test('an entity replaces and is replaced, deleted, and seen by snapshots', async t => {
  const db = await openFor(t, freshPath(t))
  await db.put('k', 'before')
  await db.putEntity('k', person)
  using snapshot = db.snapshot()
  await db.put('k', 'after')
  await everywhere(db, async () => {
    assert.deepEqual(texts(await db.getEntity('k')), [['', 'after']])
    assert.deepEqual(texts(await db.getEntity('k', { snapshot })), sortedPerson)
    assert.deepEqual(await rowsOf(db, { snapshot, reverse: true }), [['k', 'Ada']])
    const [[, columns]] = await db.entities({ snapshot, reverse: true }).toArray()
    assert.deepEqual(texts(columns), sortedPerson)
  })
  await db.putEntity('k', person)
  await db.delete('k')
  assert.equal(await db.getEntity('k'), undefined)
  await db.putEntity('k', person)
  await db.deleteRange('a', 'z')
  assert.equal(await db.getEntity('k'), undefined)
})

test('operands are merged into the default column, which an entity gets if it has none', async t => {
  const db = await openFor(t, freshPath(t), { mergeOperator: 'stringappend' })
  await db.putEntity('with', person)
  await db.putEntity('without', { x: '1' })
  await db.flush()
  for (const key of ['with', 'without']) {
    await db.merge(key, 'one')
    await db.merge(key, 'two')
  }
  const merged = [['', 'Ada,one,two'], ...sortedPerson.slice(1)]
  const added = [
    ['', ',one,two'],
    ['x', '1'],
  ]
  await everywhere(db, async () => {
    assert.deepEqual(texts(await db.getEntity('with')), merged)
    assert.deepEqual(texts(await db.getEntity('without')), added)
    assert.equal(await textOf(db, 'with'), 'Ada,one,two')
    for (const reverse of [false, true]) {
      const found = (await db.entities({ reverse }).toArray()).map(([, own]) => texts(own))
      assert.deepEqual(found, reverse ? [added, merged] : [merged, added])
    }
  })
  assert.equal(db.statistics().compactions > 0, true)
})

test('entities survive a kill, a batch, and a reopening', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  const family = await db.columnFamily('people')
  await family.putEntity('1', person)
  await db.write(new WriteBatch().putEntity('2', person).put('3', 'plain'))
  await db.write([{ type: 'putEntity', key: '4', columns: { x: 'y' }, columnFamily: 'people' }])
  const again = await openFor(t, killedCopy(t, path))
  assert.deepEqual(texts(await (await again.columnFamily('people')).getEntity('1')), sortedPerson)
  assert.deepEqual(texts(await again.getEntity('2')), sortedPerson)
  assert.deepEqual((await again.entities({ columnFamily: 'people' }).toArray()).length, 2)
  await db.close()
  assert.deepEqual((await verifyDatabase(path, { deep: true })).problems, [])
})

test('what are no columns is refused', async t => {
  const db = await openFor(t, freshPath(t))
  const twice = [
    ['a', '1'],
    ['a', '2'],
  ] as const
  await assert.rejects(db.putEntity('k', twice), failsWith('INVALID_ARGUMENT', /same name/))
  for (const wrong of [undefined, null, 7, 'text', Buffer.from('x'), [['a']], ['ab'], { a: 1 }]) {
    await assert.rejects(db.putEntity('k', wrong as never), failsWith('INVALID_ARGUMENT'))
  }
  assert.equal(await db.get('k'), undefined)
  await assert.rejects(open(''), failsWith('INVALID_ARGUMENT'))
})

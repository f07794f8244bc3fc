import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { json, utf8, ViewBatch } from '../index.ts'
import type { Clock } from '../internal.ts'
import { failsWith, freshPath, openFor, worldWith } from './support.ts'

interface User {
  email: string
  age: number
}

const indexes = {
  byAge: { on: (user: User) => user.age, version: 1 },
  byEmail: { on: (user: User) => user.email, version: 1, unique: true },
} as const

async function openUsers(t: TestContext) {
  const path = freshPath(t)
  let time = 1_700_000_000_000
  const clock: Clock = { now: () => time, monotonic: () => performance.now() }
  const db = await openFor(t, path, {}, worldWith({ clock }))
  const users = await db.view('users', {
    key: utf8,
    value: json<User>(),
    indexes,
    columnFamily: { expiringKeys: true },
  })
  const pass = (seconds: number): void => {
    time += seconds * 1000
  }
  return { db, users, pass, path, clock }
}

test('a row and its index entries are over at the same moment, and a unique key is free again', async t => {
  const { db, users, pass } = await openUsers(t)
  await users.put('ada', { email: 'a@x', age: 36 }, { ttl: 10 })
  await users.put('bob', { email: 'b@x', age: 36 })
  const aged = async () => (await users.query('byAge', { eq: 36 }).toArray()).map(([key]) => key)
  assert.deepEqual(await aged(), ['ada', 'bob'])
  await assert.rejects(users.put('eve', { email: 'a@x', age: 1 }), failsWith('CONFLICT'))
  const snapshot = db.snapshot()
  pass(10)
  assert.deepEqual(await aged(), ['bob'])
  assert.equal(await users.get('ada'), undefined)
  assert.deepEqual((await users.query('byAge', { eq: 36, snapshot }).toArray()).length, 2)
  await users.put('eve', { email: 'a@x', age: 1 })
  assert.deepEqual((await users.verify()).problems, [])
  snapshot.close()
  await db.compact()
  assert.deepEqual((await users.verify()).problems, [])
})

test('a row that is put again lives as long as it is put the last time, in the indexes too', async t => {
  const { users, pass } = await openUsers(t)
  await users.put('ada', { email: 'a@x', age: 36 }, { ttl: 10 })
  await users.put('ada', { email: 'a@x', age: 36 })
  await users.put('bob', { email: 'b@x', age: 36 })
  await users.put('bob', { email: 'b@x', age: 36 }, { ttl: 10 })
  await new ViewBatch().put(users, 'eve', { email: 'e@x', age: 36 }, { ttl: 5 }).write()
  await users.write([{ type: 'put', key: 'dan', value: { email: 'd@x', age: 36 }, ttl: 5 }])
  const aged = async () => (await users.query('byAge', { eq: 36 }).toArray()).map(([key]) => key)
  assert.deepEqual(await aged(), ['ada', 'bob', 'dan', 'eve'])
  pass(5)
  assert.deepEqual(await aged(), ['ada', 'bob'])
  pass(5)
  assert.deepEqual(await aged(), ['ada'])
  assert.deepEqual((await users.verify()).problems, [])
})

test('an index that is built over rows which expire has entries that expire', async t => {
  const { users, pass } = await openUsers(t)
  await users.put('ada', { email: 'a@x', age: 36 }, { ttl: 10 })
  await users.put('bob', { email: 'b@x', age: 36 })
  await users.rebuildIndex('byAge')
  pass(10)
  assert.deepEqual((await users.query('byAge', { eq: 36 }).toArray()).length, 1)
  assert.deepEqual((await users.verify()).problems, [])
})

test('a view without expiring keys refuses them', async t => {
  const db = await openFor(t, freshPath(t))
  const users = await db.view('users', { key: utf8, value: json<User>(), indexes })
  await assert.rejects(
    users.put('ada', { email: 'a@x', age: 36 }, { ttl: 10 }),
    failsWith('INVALID_ARGUMENT', /no expiringKeys/),
  )
  assert.equal(await users.get('ada'), undefined)
})

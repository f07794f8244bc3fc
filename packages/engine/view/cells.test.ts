import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { type Cell, type CellOwner, Cells } from './cells.ts'

type Read = (key: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>

/** All that cells want of a view: reading its rows. */
function ownerReading(getPromptly: Read = () => undefined): CellOwner {
  return { family: { getPromptly } }
}

const keyOf = (i: number) => encodeUtf8(`key ${i}`)

test('a key of an owner has one cell, however many there are', () => {
  const owners = [ownerReading(), ownerReading()]
  const cells = new Cells<CellOwner>(7)
  const made: Cell<CellOwner>[] = []
  for (let i = 0; i < 3000; i++) made.push(cells.at(owners[i % 2], keyOf(i >> 1)))
  assert.equal(new Set(made).size, 3000)
  assert.deepEqual(cells.all, made)
  for (let i = 0; i < 3000; i++) {
    assert.equal(cells.at(owners[i % 2], keyOf(i >> 1)), made[i])
    assert.equal(cells.find(owners[i % 2], keyOf(i >> 1)), made[i])
  }
  assert.equal(cells.find(ownerReading(), keyOf(0)), undefined)
})

test('a table that was emptied knows nothing', () => {
  const owner = ownerReading()
  for (const count of [1, 2000]) {
    const cells = new Cells<CellOwner>(7)
    for (let i = 0; i < count; i++) cells.at(owner, keyOf(i)).value = keyOf(i)
    cells.clear()
    assert.equal(cells.all.length, 0)
    assert.equal(cells.find(owner, keyOf(0)), undefined)
    assert.equal(cells.at(owner, keyOf(0)).value, undefined)
  }
})

test('what is in memory is read without a promise', () => {
  const cells = new Cells<CellOwner>(7)
  const there = cells.at(
    ownerReading(key => key),
    keyOf(1),
  )
  const missing = cells.at(ownerReading(), keyOf(2))
  assert.equal(cells.read(), undefined)
  assert.deepEqual(there.value, keyOf(1))
  assert.equal(missing.value, undefined)
})

test('an error waits for those that are being read', async () => {
  const cells = new Cells<CellOwner>(7)
  const slow = Promise.withResolvers<Uint8Array>()
  const waiting = cells.at(
    ownerReading(() => slow.promise),
    keyOf(1),
  )
  cells.at(
    ownerReading(() => {
      throw new Error('no disk')
    }),
    keyOf(2),
  )
  const read = cells.read()
  let isOver = false
  const noted = assert
    .rejects(async () => read, /no disk/)
    .then(() => {
      isOver = true
    })
  await new Promise(setImmediate)
  assert.equal(isOver, false)
  slow.resolve(keyOf(3))
  await noted
  assert.deepEqual(waiting.value, keyOf(3))
})

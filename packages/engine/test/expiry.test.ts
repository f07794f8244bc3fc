/** Time passes at the test's word: tables that are older than `ttl`. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Database, OpenOptions } from '../index.ts'
import type { Runtime, Timer } from '../internal.ts'
import { freshPath, openFor, rowsOf, worldWith } from './support.ts'

/** A clock that stands still, and timers that go off when it is moved past them. */
class StillWorld {
  milliseconds = 1_700_000_000_000
  readonly timers = new Map<Timer, { at: number; callback: () => void }>()
  readonly runtime: Runtime = worldWith({
    clock: { now: () => this.milliseconds, monotonic: () => this.milliseconds },
    setTimer: (milliseconds, callback) => this.setTimer(milliseconds, callback),
  })

  pass(seconds: number): void {
    this.milliseconds += seconds * 1000
    for (const [timer, { at, callback }] of [...this.timers]) {
      if (at > this.milliseconds) continue
      this.timers.delete(timer)
      callback()
    }
  }

  private setTimer(milliseconds: number, callback: () => void): Timer {
    const timer: Timer = { cancel: () => this.timers.delete(timer) }
    this.timers.set(timer, { at: this.milliseconds + milliseconds, callback })
    return timer
  }
}

async function openAged(t: TestContext, options: OpenOptions) {
  const world = new StillWorld()
  const db = await openFor(t, freshPath(t), { ttl: 60, ...options }, world.runtime)
  const flush = async (key: string) => {
    await db.put(key, 'value')
    await db.flush()
  }
  return { db, world, flush }
}

async function settled(db: Database): Promise<void> {
  while (db.property('rocksdb.num-running-compactions') !== '0')
    await new Promise(resolve => setImmediate(resolve))
}

const keysOf = async (db: Database) => (await rowsOf(db)).map(([key]) => key)

test('fifo: tables go when they are older than the ttl, though nobody writes any more', async t => {
  const { db, world, flush } = await openAged(t, { compactionStyle: 'fifo' })
  await flush('a')
  world.pass(30)
  await flush('b')
  world.pass(30)
  await settled(db)
  assert.deepEqual(await keysOf(db), ['a', 'b'])
  world.pass(1)
  await settled(db)
  assert.deepEqual(await keysOf(db), ['b'])
  world.pass(30)
  await settled(db)
  assert.deepEqual(await keysOf(db), [])
  assert.deepEqual(db.liveFiles(), [])
  assert.equal(world.timers.size, 0, 'nothing is waited for any more')
})

test('fifo: a table that expired while the database was closed goes when it is opened', async t => {
  const { db, world, flush } = await openAged(t, { compactionStyle: 'fifo' })
  await flush('a')
  await db.close()
  assert.equal(world.timers.size, 0)
  world.pass(61)
  const reopened = await openFor(t, db.path, { compactionStyle: 'fifo', ttl: 60 }, world.runtime)
  await settled(reopened)
  assert.deepEqual(await keysOf(reopened), [])
})

test('fifo: a merged table stays until its newest entry is old enough', async t => {
  const { db, world, flush } = await openAged(t, {
    compactionStyle: 'fifo',
    level0FileNumCompactionTrigger: 2,
    compactionOptionsFifo: { allowCompaction: true },
  })
  await flush('a')
  world.pass(50)
  await flush('b')
  await settled(db)
  assert.equal(db.liveFiles().length, 1)
  world.pass(60)
  await settled(db)
  assert.deepEqual(await keysOf(db), ['a', 'b'])
  world.pass(1)
  await settled(db)
  assert.deepEqual(await keysOf(db), [])
})

test('universal: everything is merged again when a part of it is older than the ttl', async t => {
  const { db, world, flush } = await openAged(t, { compactionStyle: 'universal' })
  await flush('a')
  world.pass(30)
  await flush('a')
  world.pass(31)
  await settled(db)
  const [file, ...others] = db.liveFiles()
  assert.deepEqual([others.length, file.level, file.entries], [0, 6, 1])
  assert.deepEqual(await keysOf(db), ['a'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from 'varve'
import { SimulatedDisk } from '../disk/index.ts'
import { Random } from '../random.ts'
import { type SimulatedRuntime, simulatedRuntime } from './index.ts'

const options = {
  writeBufferSize: 65_536,
  level0FileNumCompactionTrigger: 2,
  maxManifestFileSize: 1024,
  blockCacheSize: 65_536,
  compression: 'none',
} as const

/** Writers at the same time, flushes, compactions, scans and timers. */
async function load(seed: number): Promise<{ world: SimulatedRuntime; disk: SimulatedDisk; rows: number }> {
  const disk = new SimulatedDisk()
  const world = simulatedRuntime(disk, seed)
  const db = await open('/db', { ...options, walSync: { everyMs: 20 } }, world)
  const writers = [1, 2, 3].map(async writer => {
    const random = new Random(seed).fork(writer)
    for (let i = 0; i < 40; i++) {
      await db.put(`key ${random.below(50)}`, random.bytes(random.between(10, 4000)), {
        sync: random.chance(0.2),
      })
      if (random.chance(0.1)) await world.sleep(random.below(30))
      if (random.chance(0.05)) await db.flush()
    }
  })
  await Promise.all(writers)
  const rows = (await db.entries().toArray()).length
  await db.close()
  return { world, disk, rows }
}

test('the same seed gives the same trace, and another seed another one', async () => {
  const hashes = new Set<string>()
  for (const seed of [1, 2, 3]) {
    const first = await load(seed)
    const second = await load(seed)
    assert.equal(first.world.trace.hash, second.world.trace.hash)
    assert.equal(first.world.trace.events, second.world.trace.events)
    assert.ok(first.world.trace.events > 200)
    assert.deepEqual(first.disk.filesBelow(), second.disk.filesBelow())
    assert.equal(first.disk.openHandles, 0)
    hashes.add(first.world.trace.hash)
  }
  assert.equal(hashes.size, 3)
})

test('what is asked for together happens in an order that the seed decides', async () => {
  const orders = new Set<string>()
  for (let seed = 0; seed < 20; seed++) {
    const world = simulatedRuntime(new SimulatedDisk(), seed)
    const order: string[] = []
    const note = (name: string) => () => order.push(name)
    world.setTimer(0.02, note('timer'))
    await Promise.all([
      world.nextTurn().then(note('turn')),
      world.fs.open('/a', 'create').then(note('a')),
      world.fs.open('/b', 'create').then(note('b')),
    ])
    orders.add(order.join(' '))
  }
  assert.ok(orders.size > 5, [...orders].join('; '))
})

test('time is virtual: an hour passes at once, timers in their order, and a cancelled one not at all', async () => {
  const world = simulatedRuntime(new SimulatedDisk(), 1)
  const started = performance.now()
  const calls: number[] = []
  for (const minutes of [50, 10, 30]) world.setTimer(minutes * 60_000, () => calls.push(minutes))
  world.setTimer(1, () => calls.push(0)).cancel()
  const before = world.clock.now()
  await world.sleep(3_600_000)
  assert.deepEqual(calls, [10, 30, 50])
  assert.equal(world.clock.now() - before, 3_600_000)
  assert.ok(performance.now() - started < 1000)
})

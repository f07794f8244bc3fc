import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DataBlock } from '@varve/format/block'
import fc from 'fast-check'
import { BlockCache, BlockSlots } from './block-cache.ts'

function makeBlock(length: number): DataBlock {
  const bytes = new Uint8Array(length)
  bytes[length - 4] = 1
  return new DataBlock(bytes)
}

test('a cache never charges more than its capacity, and finds what it says it holds', () => {
  const steps = fc.array(
    fc.record({
      table: fc.nat(2),
      ordinal: fc.nat(9),
      length: fc.integer({ min: 8, max: 400 }),
      drop: fc.nat(30),
    }),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(steps, steps => {
      const cache = new BlockCache(2000)
      const tables = [new BlockSlots(10), new BlockSlots(10), new BlockSlots(10)]
      for (const { table, ordinal, length, drop } of steps) {
        if (drop === 0) cache.drop(tables[table])
        else if (cache.find(tables[table], ordinal) === undefined) {
          cache.insert(tables[table], ordinal, makeBlock(length))
        }
        const held = tables.flatMap(table => table.blocks).filter(block => block !== undefined)
        assert.equal(held.length, cache.blockCount)
        assert.equal(
          held.reduce((bytes, block) => bytes + block.charge, 0),
          cache.usage,
        )
        assert.ok(cache.usage <= cache.capacity)
      }
    }),
  )
})

test('a block that is used stays while a scan passes through', () => {
  const slots = new BlockSlots(1000)
  const cache = new BlockCache(20 * makeBlock(100).charge)
  cache.insert(slots, 0, makeBlock(100))
  for (let ordinal = 1; ordinal < 1000; ordinal++) {
    assert.ok(cache.find(slots, 0), `lost when block ${ordinal} came`)
    cache.insert(slots, ordinal, makeBlock(100))
  }
  assert.equal(cache.blockCount, 20)
})

test('a block larger than the cache is not kept, and a cache of nothing keeps nothing', () => {
  const slots = new BlockSlots(1)
  for (const capacity of [0, 500]) {
    const cache = new BlockCache(capacity)
    cache.insert(slots, 0, makeBlock(600))
    assert.equal(cache.blockCount, 0)
    assert.equal(cache.find(slots, 0), undefined)
  }
})

test('the blocks of a table that is dropped leave their memory to those of the next', () => {
  const cache = new BlockCache(8 * 2 ** 20)
  const fill = (): Set<ArrayBufferLike> => {
    const slots = new BlockSlots(100)
    for (let ordinal = 0; ordinal < 100; ordinal++) {
      const block = new DataBlock(cache.memory.copyOf(makeBlock(65_536).bytes, 0, 65_536))
      cache.memory.own(block)
      cache.insert(slots, ordinal, block)
    }
    const buffers = new Set(slots.blocks.map(block => block!.bytes.buffer))
    cache.drop(slots)
    return buffers
  }
  const first = fill()
  assert.equal(first.size, 100)
  assert.equal(fill().intersection(first).size, 100)
})

test('what is reserved and what tables hold leave less for blocks, at once, and never more than there is', () => {
  const cache = new BlockCache({ capacity: 4000, highPriorityPoolRatio: 0.5 })
  const slots = new BlockSlots(20)
  for (let ordinal = 0; ordinal < 20; ordinal++) cache.insert(slots, ordinal, makeBlock(100))
  const full = cache.blockCount
  const memtables = {}
  cache.reserve(memtables, 2000)
  assert.ok(cache.usage <= 4000 && cache.blockCount < full)
  assert.equal(cache.pinnedUsage, 2000)
  let evicted = 0
  const holder = (memoryUsage: number, isPinned = false) => ({
    memoryUsage,
    used: false,
    isPinned,
    evict: () => evicted++,
  })
  cache.addContents(holder(800, true))
  cache.addContents(holder(800))
  assert.equal(evicted, 0)
  cache.addContents(holder(900))
  assert.equal(evicted, 1, 'what is pinned and what came last stay')
  assert.equal(cache.pinnedUsage, 3700)
  assert.ok(cache.usage <= 4000)
  cache.reserve(memtables, 0)
  cache.setCapacity(100)
  assert.equal(cache.blockCount, 0)
  assert.equal(evicted, 2)
  cache.insert(slots, 0, makeBlock(8))
  assert.equal(cache.blockCount, 0, 'pinned contents take all of it')
})

test('tables that are used stay while others pass through', () => {
  const cache = new BlockCache({ capacity: 2000, highPriorityPoolRatio: 0.5 })
  const evicted: number[] = []
  const holders = Array.from({ length: 100 }, (_, i) => {
    return { memoryUsage: 100, used: false, isPinned: false, evict: () => evicted.push(i) }
  })
  for (const holder of holders) {
    holders[0].used = true
    cache.addContents(holder)
  }
  assert.equal(evicted.length, 90)
  assert.ok(!evicted.includes(0))
})

test('what no cache can be is refused', () => {
  for (const options of [{ capacity: -1 }, { capacity: 1.5 }, { capacity: 1, highPriorityPoolRatio: 2 }])
    assert.throws(() => new BlockCache(options), { code: 'INVALID_ARGUMENT' })
})

test('memory of blocks is used again while another uses the cache, and not when nobody does', () => {
  const cache = new BlockCache(2 * 2 ** 20)
  const reused = (): boolean => {
    const buffer = cache.memory.copyOf(makeBlock(65_536).bytes, 0, 65_536)
    const block = new DataBlock(buffer)
    cache.memory.own(block)
    cache.memory.retire(block)
    return cache.memory.copyOf(block.bytes, 0, 65_536).buffer === buffer.buffer
  }
  cache.attach()
  cache.attach()
  assert.equal(reused(), true)
  cache.detach()
  assert.equal(reused(), true)
  cache.detach()
  assert.equal(reused(), false)
  cache.attach()
  assert.equal(reused(), true)
})

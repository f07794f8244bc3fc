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

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DataBlock } from '@varve/format/block'
import { BlockPool, hold, letGo } from './block-pool.ts'

/** An empty block of so many bytes, with its contents in the pool. */
function pooledBlock(pool: BlockPool, length = 4000): DataBlock {
  const source = new Uint8Array(length + 2)
  source[length - 3] = 1
  const block = new DataBlock(pool.copyOf(source, 1, length + 1))
  pool.own(block)
  return block
}

test('the memory of a block that nobody holds is used again when the cache gives it up', () => {
  const pool = new BlockPool()
  const block = pooledBlock(pool)
  assert.notEqual(pooledBlock(pool).bytes.buffer, block.bytes.buffer)
  pool.retire(block)
  assert.equal(pooledBlock(pool, 4001).bytes.buffer, block.bytes.buffer)
  assert.notEqual(pooledBlock(pool).bytes.buffer, block.bytes.buffer)
})

test('a block that is held keeps its memory until the last holder lets go', () => {
  const pool = new BlockPool()
  const block = pooledBlock(pool)
  hold(block)
  hold(block)
  pool.retire(block)
  letGo(block)
  assert.notEqual(pooledBlock(pool).bytes.buffer, block.bytes.buffer)
  letGo(block)
  assert.equal(pooledBlock(pool).bytes.buffer, block.bytes.buffer)
})

test('a block that is let go while the cache has it keeps its memory', () => {
  const pool = new BlockPool()
  const block = pooledBlock(pool)
  hold(block)
  letGo(block)
  assert.notEqual(pooledBlock(pool).bytes.buffer, block.bytes.buffer)
})

test('memory that is not its own is never taken: some codecs make their own arrays', () => {
  const pool = new BlockPool()
  pooledBlock(pool)
  const block = new DataBlock(new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0]))
  pool.own(block)
  assert.equal(block.pool, undefined)
  pool.retire(block)
  assert.notEqual(pooledBlock(pool, 8).bytes.buffer, block.bytes.buffer)
})

/** How many of 100 blocks of 64 KiB leave their memory to others, after `change`. */
function countReused(pool: BlockPool, change: () => void = () => {}): number {
  const blocks = Array.from({ length: 100 }, () => pooledBlock(pool, 65_536))
  for (const block of blocks) pool.retire(block)
  change()
  const buffers = new Set(blocks.map(block => block.bytes.buffer))
  return blocks.filter(() => buffers.has(pooledBlock(pool, 65_536).bytes.buffer)).length
}

test('no more than a megabyte lies idle when the cache is full', () => {
  assert.equal(countReused(new BlockPool()), 16)
})

test('what the cache has room for lies idle, and no longer than it has', () => {
  const pool = new BlockPool()
  pool.makeRoom(3 * 2 ** 20)
  assert.equal(countReused(pool), 64)
  pool.makeRoom(100 * 2 ** 20)
  assert.equal(
    countReused(pool, () => pool.makeRoom(2 ** 20)),
    32,
  )
})

test('nothing lies idle once the pool is released', () => {
  const pool = new BlockPool()
  pool.makeRoom(100 * 2 ** 20)
  assert.equal(
    countReused(pool, () => pool.release()),
    0,
  )
  assert.equal(countReused(pool), 0)
})

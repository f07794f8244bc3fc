import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newMemory, RecycledMemory } from './block-memory.ts'

const contents = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 40 })

test('recycled memory keeps the last two blocks as they were put there', () => {
  fc.assert(
    fc.property(contents, blocks => {
      const memory = new RecycledMemory()
      let before: { copy: Uint8Array; of: Uint8Array } | undefined
      for (const block of blocks) {
        const source = new Uint8Array([7, ...block, 7])
        const copy = memory.copyOf(source, 1, 1 + block.length)
        source.fill(0)
        assert.deepEqual(copy, block)
        if (before !== undefined) assert.deepEqual(before.copy, before.of)
        before = { copy, of: block }
      }
    }),
  )
})

test('recycled memory takes no new buffers for blocks of one size', () => {
  const memory = new RecycledMemory()
  const buffers = new Set(Array.from({ length: 100 }, () => memory.take(4096).buffer))
  assert.equal(buffers.size, 2)
})

test('new memory keeps every block', () => {
  const source = new Uint8Array([1, 2, 3])
  const copies = [0, 1, 2].map(start => newMemory.copyOf(source, start, 3))
  source.fill(0)
  assert.deepEqual(copies, [new Uint8Array([1, 2, 3]), new Uint8Array([2, 3]), new Uint8Array([3])])
})

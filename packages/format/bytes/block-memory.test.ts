import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newMemory, RecycledMemory } from './block-memory.ts'

const steps = fc.array(fc.record({ block: fc.uint8Array({ maxLength: 300 }), isKept: fc.boolean() }), {
  maxLength: 40,
})

test('recycled memory leaves the block alone that is to stay', () => {
  fc.assert(
    fc.property(steps, steps => {
      const memory = new RecycledMemory()
      let kept = { copy: new Uint8Array(0), of: new Uint8Array(0) }
      for (const { block, isKept } of steps) {
        const source = new Uint8Array([7, ...block, 7])
        const copy = memory.copyOf(source, 1, 1 + block.length)
        source.fill(0)
        assert.deepEqual(copy, block)
        assert.deepEqual(kept.copy, kept.of)
        if (isKept) {
          kept = { copy, of: block }
          memory.keep(copy)
        }
      }
    }),
  )
})

test('recycled memory takes no more than two buffers for blocks of one size', () => {
  const memory = new RecycledMemory()
  const buffers = new Set<ArrayBufferLike>()
  for (let i = 0; i < 100; i++) {
    const copy = memory.copyOf(new Uint8Array(4096), 0, 4096)
    buffers.add(copy.buffer)
    memory.keep(copy)
  }
  assert.equal(buffers.size, 2)
})

test('new memory keeps every block', () => {
  const source = new Uint8Array([1, 2, 3])
  const copies = [0, 1, 2].map(start => newMemory.copyOf(source, start, 3))
  source.fill(0)
  assert.deepEqual(copies, [new Uint8Array([1, 2, 3]), new Uint8Array([2, 3]), new Uint8Array([3])])
})

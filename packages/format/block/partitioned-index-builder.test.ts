import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, encodeUtf8, toHex } from '../bytes/index.ts'
import { compareInternalKeys, makeInternalKey } from '../key/index.ts'
import { type BlockHandle, FlatIndex, IndexBuilder, PartitionedIndexBuilder } from './index.ts'

const common = { userKeys: true, deltaValues: true, restartInterval: 2, sizeDeviation: 10 }

/** Adds blocks of one key each. */
function addBlocks(index: IndexBuilder | PartitionedIndexBuilder, keys: readonly Uint8Array[]): void {
  keys.forEach((key, i) => {
    index.add(key, keys[i + 1], { offset: 105 * i, size: 100 })
  })
}

/** The partitions as they were written, and the top level. */
function finish(index: PartitionedIndexBuilder) {
  const blocks: Uint8Array[] = []
  let offset = 0
  const { payload } = index.finish(block => {
    blocks.push(block.slice())
    const handle: BlockHandle = { offset, size: block.length }
    offset += block.length + 5
    return handle
  })
  return { partitions: blocks.slice(0, -1), top: payload }
}

function userKeys(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => makeInternalKey(encodeUtf8(`key${1000 + 7 * i}`), 9, 1))
}

test('the partitions together are the index, and the top level has the last key of each', () => {
  const texts = fc.tuple(fc.string({ maxLength: 6 }), fc.integer({ min: 1, max: 3 }))
  const options = fc.record({
    userKeys: fc.boolean(),
    deltaValues: fc.boolean(),
    restartInterval: fc.integer({ min: 1, max: 4 }),
    partitionSize: fc.constantFrom(1, 30, 100, 5000),
    sizeDeviation: fc.constantFrom(0, 10, 100),
  })
  fc.assert(
    fc.property(fc.array(texts, { minLength: 1, maxLength: 80 }), options, (texts, options) => {
      const keys = texts.map(([text, sequence]) => makeInternalKey(encodeUtf8(text), sequence, 1))
      keys.sort((a, b) => compareInternalKeys(a, 0, a.length, b, 0, b.length))
      const distinct = keys.filter((key, i) => i === 0 || toHex(key) !== toHex(keys[i - 1]))
      const single = new IndexBuilder(options)
      const divided = new PartitionedIndexBuilder(options)
      addBlocks(single, distinct)
      addBlocks(divided, distinct)
      const { partitions, top } = finish(divided)
      assert.equal(divided.userKeys, single.userKeys)
      const form = { userKeys: single.userKeys, deltaValues: options.deltaValues, firstKeys: false }
      const whole = FlatIndex.unfold([single.finish()], form)
      const joined = FlatIndex.unfold(partitions, form)
      assert.deepEqual(joined, whole)
      const level = FlatIndex.unfold([top], form)
      assert.equal(level.count, partitions.length)
      let offset = 0
      partitions.forEach((partition, i) => {
        const own = FlatIndex.unfold([partition], form)
        assert.equal(toHex(level.key(i)), toHex(own.key(own.count - 1)))
        assert.deepEqual([level.offsets[i], level.sizes[i]], [offset, partition.length])
        offset += partition.length + 5
      })
    }),
  )
})

test('a partition ends when it is full, and at the next block when that is asked for', () => {
  const index = new PartitionedIndexBuilder({ ...common, partitionSize: 120 })
  addBlocks(index, userKeys(100))
  const { partitions } = finish(index)
  assert.ok(partitions.length > 5)
  for (const { length } of partitions) assert.ok(length <= 120)
  const asked = new PartitionedIndexBuilder({ ...common, partitionSize: 1 << 20 })
  userKeys(6).forEach((key, i, keys) => {
    if (i === 2) asked.requestCut()
    asked.add(key, keys[i + 1], { offset: 105 * i, size: 100 })
  })
  assert.deepEqual(
    asked.partitions.map(({ count }) => count),
    [2, 4],
  )
})

test('versions of one key in two blocks give all partitions internal keys, also those that had ended', () => {
  const index = new PartitionedIndexBuilder({ ...common, partitionSize: 1 })
  const last = [3, 2, 1].map(sequence => makeInternalKey(encodeUtf8('x'), sequence, 1))
  addBlocks(index, [...userKeys(4), ...last])
  assert.equal(index.userKeys, false)
  const { partitions } = finish(index)
  const form = { userKeys: false, deltaValues: true, firstKeys: false }
  assert.equal(toHex(FlatIndex.unfold(partitions, form).key(4)), toHex(last[0]))
  assert.equal(concatBytes(...partitions).length > 0, true)
})

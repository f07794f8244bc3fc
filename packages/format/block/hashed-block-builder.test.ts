import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeUtf8, toHex } from '../bytes/index.ts'
import { DATA_BLOCK_HASH_SEED, legacyHash } from '../checksum/index.ts'
import { makeInternalKey } from '../key/index.ts'
import { HashBucket } from './data-block.ts'
import { BlockBuilder, BlockCursor, DataBlock, HashedBlockBuilder } from './index.ts'

const noValue = new Uint8Array(0)

function fill(builder: BlockBuilder, users: readonly string[], versions = 1): Uint8Array {
  for (const user of users) {
    for (let version = versions; version > 0; version--) {
      const key = makeInternalKey(encodeUtf8(user), version, 1)
      builder.add(key, 0, key.length, noValue, 0, 0)
    }
  }
  return builder.finish().slice()
}

/** The bucket that a lookup of the user key comes to. */
function bucketOf({ bytes, bucketsStart, bucketCount }: DataBlock, user: Uint8Array): number {
  return bytes[bucketsStart + (legacyHash(user, 0, user.length, DATA_BLOCK_HASH_SEED) % bucketCount)]
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `key${String(i).padStart(5, '0')}`)
}

test('the bucket of every key names the restart point before it, or says that there are several', () => {
  const users = fc.uniqueArray(fc.string({ maxLength: 12 }), { minLength: 1, maxLength: 200 })
  const ratio = fc.constantFrom(0.1, 0.75, 1, 20)
  fc.assert(
    fc.property(users, fc.integer({ min: 1, max: 20 }), ratio, (users, interval, utilRatio) => {
      users.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      const block = new DataBlock(fill(new HashedBlockBuilder(interval, utilRatio), users))
      assert.ok(block.hashIndexed && block.bucketCount % 2 === 1)
      const cursor = new BlockCursor(block)
      for (let i = 0; cursor.valid ? cursor.next() : cursor.first(); i++) {
        const bucket = bucketOf(block, cursor.keyBytes.slice(0, cursor.keyLength - 8))
        assert.ok(bucket === HashBucket.Collision || bucket === Math.floor(i / interval), `${i}: ${bucket}`)
      }
    }),
  )
})

test('versions of a key on both sides of a restart point are a collision', () => {
  const block = new DataBlock(fill(new HashedBlockBuilder(2, 0.75), ['a'], 3))
  assert.equal(bucketOf(block, encodeUtf8('a')), HashBucket.Collision)
})

test('but for the hash index the block is as any other', () => {
  const users = numbered(100)
  const hashed = fill(new HashedBlockBuilder(16, 0.75), users)
  const plain = fill(new BlockBuilder(16), users)
  const { bucketCount, bucketsStart } = new DataBlock(hashed)
  assert.equal(bucketCount, 133)
  assert.equal(hashed.length, plain.length + bucketCount + 2)
  assert.equal(toHex(hashed.subarray(0, bucketsStart)), toHex(plain.subarray(0, plain.length - 4)))
})

test('its estimated size is the size that it gets', () => {
  const builder = new HashedBlockBuilder(4, 0.6)
  for (const user of numbered(60)) {
    const key = makeInternalKey(encodeUtf8(user), 1, 1)
    builder.add(key, 0, key.length, noValue, 0, 0)
    assert.equal(builder.finish().length, builder.estimatedSize)
  }
})

test('a block that is too long or has too many restart points has no hash index, and the next one has again', () => {
  for (const [interval, count] of [
    [1, 255],
    [16, 8000],
  ]) {
    const builder = new HashedBlockBuilder(interval, 0.75)
    const users = numbered(count)
    assert.equal(toHex(fill(builder, users)), toHex(fill(new BlockBuilder(interval), users)))
    builder.reset()
    assert.ok(new DataBlock(fill(builder, numbered(254))).hashIndexed)
  }
})

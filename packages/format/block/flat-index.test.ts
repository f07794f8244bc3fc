import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compareBytes, encodeUtf8, toHex } from '../bytes/index.ts'
import { CorruptionError } from '../errors/index.ts'
import { compareInternalKeys, makeInternalKey, trailerHigh, trailerLow, userKeyOf } from '../key/index.ts'
import { type BlockHandle, FlatIndex, IndexBuilder } from './index.ts'

const userKey = fc.oneof(
  fc.uint8Array({ maxLength: 6 }),
  fc.array(fc.constantFrom(0, 1, 254, 255), { maxLength: 8 }).map(bytes => Uint8Array.from(bytes)),
  fc.nat(999).map(n => encodeUtf8(`a/long/common/prefix/${String(n).padStart(3, '0')}`)),
)
const internalKey = fc
  .tuple(userKey, fc.nat(1000), fc.constantFrom(0, 1))
  .map(([user, sequence, type]) => makeInternalKey(user, sequence, type))
const sortedKeys = fc.array(internalKey, { minLength: 2, maxLength: 80 }).map(keys => {
  keys.sort(order)
  return keys.filter((key, i) => i === 0 || order(keys[i - 1], key) !== 0)
})
const form = fc.record({
  userKeys: fc.boolean(),
  deltaValues: fc.boolean(),
  restartInterval: fc.integer({ min: 1, max: 9 }),
})

function order(a: Uint8Array, b: Uint8Array): number {
  return compareInternalKeys(a, 0, a.length, b, 0, b.length)
}

/** Cuts the keys into blocks of `perBlock` and indexes them. */
function indexBlocks(
  keys: Uint8Array[],
  perBlock: number,
  options: { userKeys: boolean; deltaValues: boolean; restartInterval: number },
) {
  const builder = new IndexBuilder(options)
  const handles: BlockHandle[] = []
  let offset = 0
  for (let start = 0; start < keys.length; start += perBlock) {
    const last = keys[Math.min(start + perBlock, keys.length) - 1]
    const handle = { offset, size: 100 + ((start * 7919) % 5000) }
    builder.add(last, keys[start + perBlock], handle)
    handles.push(handle)
    offset += handle.size + 5
  }
  const payload = builder.finish()
  const form = { userKeys: builder.userKeys, deltaValues: options.deltaValues, firstKeys: false }
  return { index: FlatIndex.unfold([payload], form), payload: payload.slice(), form, handles }
}

describe('an index of blocks', () => {
  it('finds the block of every key, whatever its form', () => {
    fc.assert(
      fc.property(sortedKeys, fc.integer({ min: 1, max: 5 }), form, (keys, perBlock, options) => {
        const { index, handles } = indexBlocks(keys, perBlock, options)
        assert.equal(index.count, handles.length)
        handles.forEach((handle, i) => {
          assert.deepEqual({ offset: index.offsets[i], size: index.sizes[i] }, handle)
        })
        keys.forEach((key, i) => {
          const end = key.length - 8
          const view = new DataView(key.buffer, end)
          const found = index.find(key, 0, end, view.getUint32(0, true), view.getUint32(4, true))
          assert.equal(found, Math.floor(i / perBlock), toHex(key))
        })
      }),
    )
  })

  it('leads a seek for any key to the block of its successor, or to one that ends right before', () => {
    fc.assert(
      fc.property(
        sortedKeys,
        fc.integer({ min: 1, max: 5 }),
        form,
        internalKey,
        (keys, perBlock, options, target) => {
          const { index } = indexBlocks(keys, perBlock, options)
          const end = target.length - 8
          const view = new DataView(target.buffer, end)
          const found = index.find(target, 0, end, view.getUint32(0, true), view.getUint32(4, true))
          const successor = keys.findIndex(key => order(key, target) >= 0)
          if (successor < 0) {
            // A user-key index cannot tell that the target lies behind the last version of the last key.
            const sameUser = order(userKeyOf(keys[keys.length - 1]), userKeyOf(target)) === 0
            assert.ok(found === index.count || (sameUser && found === index.count - 1))
            return
          }
          const block = Math.floor(successor / perBlock)
          assert.ok(found === block || (found === block - 1 && successor % perBlock === 0))
        },
      ),
    )
  })

  it('holds internal keys as soon as one user key lies in two blocks', () => {
    const straddling = [1, 2, 3, 4].map(n => makeInternalKey(encodeUtf8('same'), 10 - n, 1))
    const options = { userKeys: true, deltaValues: true, restartInterval: 1 }
    const { index } = indexBlocks(straddling, 2, options)
    assert.equal(index.userKeys, false)
    assert.equal(index.find(encodeUtf8('same'), 0, 4, trailerLow(7, 1), trailerHigh(7)), 1)
    const apart = ['a', 'b', 'c', 'd'].map(user => makeInternalKey(encodeUtf8(user), 1, 1))
    assert.equal(indexBlocks(apart, 2, options).index.userKeys, true)
  })

  it('refuses damaged bytes or reads them, quickly', () => {
    fc.assert(
      fc.property(
        sortedKeys,
        form,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (keys, options, damages) => {
          const { payload, form } = indexBlocks(keys, 1, options)
          for (const [at, value] of damages) payload[at % payload.length] = value
          try {
            const index = FlatIndex.unfold([payload], form, 'f', 9)
            assert.ok(index.find(encodeUtf8('abc'), 0, 3, 0, 0) <= index.count)
          } catch (error) {
            assert.ok(error instanceof CorruptionError, String(error))
            assert.equal(error.file, 'f')
          }
        },
      ),
    )
  })

  it('does not unfold a hostile block beyond bounds', () => {
    // Two keys that differ at once, then entries that share nearly all of a long key.
    const long = 1 << 16
    const parts: number[] = [0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    parts.push(0, 0x80, 0x80, 4, ...new Array(long).fill(7), 0, 0)
    for (let i = 0; i < 100_000; i++) parts.push(0xff, 0xff, 3, 1, 9, 0)
    parts.push(0, 0, 0, 0, 1, 0, 0, 0)
    const payload = Uint8Array.from(parts)
    const start = performance.now()
    const form = { userKeys: true, deltaValues: true, firstKeys: false }
    assert.throws(() => FlatIndex.unfold([payload], form), CorruptionError)
    assert.ok(performance.now() - start < 300)
  })

  it('is empty for a table without data blocks', () => {
    const form = { userKeys: true, deltaValues: true, firstKeys: false }
    const payload = new IndexBuilder({ ...form, restartInterval: 1 }).finish()
    assert.equal(toHex(payload), '0000000001000000')
    const index = FlatIndex.unfold([payload], form)
    assert.equal(index.count, 0)
    assert.equal(index.find(encodeUtf8('a'), 0, 1, 0, 0), 0)
    assert.equal(compareBytes(index.prefix, 0, 0, index.keys, 0, 0), 0)
  })
})

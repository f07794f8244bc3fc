import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '../bytes/index.ts'
import { BlockBuilder } from './block-builder.ts'
import { decodeRangeDeletions } from './plain-block.ts'

const trailer = Uint8Array.of(15, 1, 0, 0, 0, 0, 0, 0)

test('range deletions that all share one key, which no writer makes, are refused before they fill the memory', () => {
  const first = concatBytes(Uint8Array.of(0, 8, 0), trailer)
  const same = new Uint8Array(300_000).map((_, i) => (i % 3 === 0 ? 8 : 0))
  const restarts = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0)
  assert.throws(() => decodeRangeDeletions(concatBytes(first, same, restarts)), {
    code: 'CORRUPTION',
    message: /unfold to far more/,
  })
})

test('the smallest range deletions there are, and those with long keys in common, are read', () => {
  for (const prefix of [new Uint8Array(0), new Uint8Array(200)]) {
    const builder = new BlockBuilder(16)
    for (let i = 0; i < 5000; i++) {
      const key = concatBytes(prefix, Uint8Array.of(i >> 8, i & 255), trailer)
      builder.add(key, 0, key.length, key, 0, key.length - trailer.length)
    }
    const deletions = decodeRangeDeletions(builder.finish())
    assert.equal(deletions.length, 5000)
    assert.deepEqual(deletions[4999].end, concatBytes(prefix, Uint8Array.of(4999 >> 8, 4999 & 255)))
  }
})

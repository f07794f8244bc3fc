import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUint32, readUint64 } from '../bytes/index.ts'
import {
  compareInternalKeys,
  MAX_SEQUENCE,
  makeInternalKey,
  sequenceOfTrailer,
  trailerHigh,
  trailerLow,
  typeOfTrailer,
  ValueType,
} from './index.ts'

const sequences = [0, 1, 2 ** 24 - 1, 2 ** 24, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, MAX_SEQUENCE]

test('a sequence number of any size comes back from its trailer, and so does the type', () => {
  for (const sequence of sequences) {
    for (const type of [ValueType.Deletion, ValueType.Value, ValueType.ValuePreferredSeqno]) {
      const low = trailerLow(sequence, type)
      const high = trailerHigh(sequence)
      assert.deepEqual([sequenceOfTrailer(low, high), typeOfTrailer(low)], [sequence, type])
    }
  }
})

test('a trailer is the sequence number above the type, as RocksDB packs them', () => {
  for (const sequence of sequences) {
    const key = makeInternalKey(Uint8Array.of(1), sequence, ValueType.Value)
    const packed = (BigInt(readUint32(key, 5)) << 32n) | BigInt(readUint32(key, 1))
    assert.equal(packed, (BigInt(sequence) << 8n) | 1n)
  }
  assert.equal(readUint64(makeInternalKey(Uint8Array.of(), 7, ValueType.Value), 0), 7 * 256 + 1)
})

test('of the versions of a key the newest comes first, whatever the size of its number', () => {
  const keys = sequences.map(sequence => makeInternalKey(Uint8Array.of(1), sequence, ValueType.Value))
  const sorted = keys.toSorted((a, b) => compareInternalKeys(a, 0, a.length, b, 0, b.length))
  assert.deepEqual(sorted, keys.toReversed())
})

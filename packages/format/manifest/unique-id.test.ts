import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { toHex } from '../bytes/index.ts'
import { loadVectors } from '../test/vectors.ts'
import { decodeSessionId, makeSessionId, uniqueIdOf } from './index.ts'

interface UniqueIdVector {
  dbId: string
  sessionId: string
  sessionUpper: string
  sessionLower: string
  origFileNumber: number
  manifestUniqueIdHex: string
}

const vectors = loadVectors<UniqueIdVector[]>('unique_id')

test('a unique id is the one that RocksDB wrote into the MANIFEST', () => {
  for (const { dbId, sessionId, origFileNumber, manifestUniqueIdHex } of vectors) {
    const id = uniqueIdOf(dbId, sessionId, origFileNumber)
    assert.ok(id)
    assert.equal(toHex(id), manifestUniqueIdHex)
  }
})

test('a session id is two numbers', () => {
  for (const { sessionId, sessionUpper, sessionLower } of vectors) {
    assert.deepEqual(decodeSessionId(sessionId), {
      upper: BigInt(`0x${sessionUpper}`),
      lower: BigInt(`0x${sessionLower}`),
    })
  }
})

test('a session id of another kind has no unique id', () => {
  for (const id of ['', 'SST Writer', 'bu763o75sng4q8miy2cc', 'BU763O75SNG4Q8MIY2C']) {
    assert.equal(uniqueIdOf('db', id, 1), undefined)
  }
})

test('session ids we make lose no bit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), random => {
      const text = makeSessionId(random)
      const session = decodeSessionId(text)
      assert.ok(session)
      const { upper, lower } = session
      const a = (upper << 2n) | (lower >> 62n)
      const b = lower & ((1n << 62n) - 1n)
      const again = a.toString(36).padStart(8, '0') + b.toString(36).padStart(12, '0')
      assert.equal(again.toUpperCase(), text)
    }),
  )
})

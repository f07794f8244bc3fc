import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  KEY_STAMP_LENGTH,
  MAX_KEY_EXPIRY,
  MIN_TTL_TIME,
  readKeyExpiry,
  readTtlTime,
  TTL_STAMP_LENGTH,
  withKeyExpiry,
  withTtlTime,
} from './index.ts'

const values = fc.uint8Array({ maxLength: 40 })

test('a stamp reads back as it was written, wherever the value lies', () => {
  const keyTimes = fc.integer({ min: 0, max: MAX_KEY_EXPIRY })
  const ttlTimes = fc.integer({ min: MIN_TTL_TIME, max: 0xffff_ffff })
  fc.assert(
    fc.property(values, keyTimes, ttlTimes, values, (value, expiry, written, before) => {
      const within = (stamped: Uint8Array) => new Uint8Array([...before, ...stamped, 1, 2])
      const start = before.length
      const key = within(withKeyExpiry(value, expiry))
      assert.equal(readKeyExpiry(key, start, start + value.length + KEY_STAMP_LENGTH), expiry)
      assert.deepEqual(key.slice(start, start + value.length), value)
      const ttl = within(withTtlTime(value, written))
      assert.equal(readTtlTime(ttl, start, start + value.length + TTL_STAMP_LENGTH), written)
      assert.deepEqual(ttl.slice(start, start + value.length), value)
    }),
  )
})

test('the bytes are these', () => {
  const key = withKeyExpiry(Buffer.from('v'), 0x010203040506)
  assert.equal(Buffer.from(key).toString('latin1'), 'v\x06\x05\x04\x03\x02\x01vx')
  assert.equal(Buffer.from(withTtlTime(Buffer.from('1'), 0x6b01c4bb)).toString('hex'), '31bbc4016b')
})

test('RocksDB has stamped a value with the time when it was written', () => {
  const bytes = Buffer.from('32bbc4016b', 'hex')
  assert.equal(readTtlTime(bytes, 0, bytes.length), 0x6b01c4bb)
})

test('what has no stamp is never taken for one: what is too short, or has no mark, or is from before 2013', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), bytes => {
      const expiry = readKeyExpiry(bytes, 0, bytes.length)
      if (bytes.length < KEY_STAMP_LENGTH || bytes.at(-1) !== 0x78) assert.equal(expiry, -1)
      const written = readTtlTime(bytes, 0, bytes.length)
      if (bytes.length < TTL_STAMP_LENGTH) assert.equal(written, -1)
      assert.ok(written === -1 || written >= MIN_TTL_TIME)
    }),
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeUtf8 } from './bytes.ts'
import { decodeShortText } from './short-text.ts'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function expected(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

test('any bytes are the text that TextDecoder makes of them, or none', () => {
  const lead = fc.constantFrom(
    0x41,
    0x7f,
    0x80,
    0xbf,
    0xc0,
    0xc1,
    0xc2,
    0xdf,
    0xe0,
    0xed,
    0xef,
    0xf0,
    0xf4,
    0xf5,
    0xff,
  )
  const follow = fc.constantFrom(0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0)
  const hostile = fc.array(fc.oneof(lead, follow, fc.nat(255)), { maxLength: 6 })
  fc.assert(
    fc.property(hostile, bytes => {
      assert.equal(decodeShortText(new Uint8Array(bytes)), expected(new Uint8Array(bytes)))
    }),
    { numRuns: 5000 },
  )
})

test('every text comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const bytes = encodeUtf8(text)
      assert.equal(decodeShortText(bytes), strict.decode(bytes))
    }),
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareBytes, encodeUtf8 } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import fc from 'fast-check'
import { bytes, type Codec, int64, json, tuple, uint64, utf8 } from './codec.ts'

const refused = (error: unknown) => isVarveError(error, 'INVALID_ARGUMENT')
const corrupt = (error: unknown) => isVarveError(error, 'CORRUPTION')

function order(a: Uint8Array, b: Uint8Array): number {
  return Math.sign(compareBytes(a, 0, a.length, b, 0, b.length))
}

test('what a codec encodes it decodes', () => {
  const check = <Value>(codec: Codec<Value>, values: fc.Arbitrary<Value>) =>
    fc.assert(fc.property(values, value => assert.deepEqual(codec.decode(codec.encode(value)), value)))
  check(utf8, fc.string({ unit: 'binary' }))
  check(
    bytes,
    fc.uint8Array().map(array => new Uint8Array(array)),
  )
  check(
    json(),
    fc.jsonValue({ noUnicodeString: false }).map(value => JSON.parse(JSON.stringify(value))),
  )
  check(tuple<[string, number]>(), fc.tuple(fc.string(), fc.integer()))
  check(uint64, fc.maxSafeNat())
  check(int64, fc.maxSafeInteger())
})

test('whole numbers sort as numbers do', () => {
  const pair = fc.tuple(
    fc.maxSafeInteger(),
    fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, 1, 2 ** 32)),
  )
  fc.assert(
    fc.property(pair, ([a, b]) => {
      assert.equal(order(int64.encode(a), int64.encode(b)), Math.sign(a - b))
      assert.equal(
        order(uint64.encode(Math.abs(a)), uint64.encode(Math.abs(b))),
        Math.sign(Math.abs(a) - Math.abs(b)),
      )
    }),
  )
})

test('what a codec cannot carry is refused, not changed', () => {
  assert.throws(() => utf8.encode('\ud800'), refused)
  assert.throws(() => json<unknown>().encode(undefined), refused)
  assert.throws(() => json<unknown>().encode(() => 1), refused)
  for (const value of [-1, 0.5, 2 ** 53, Number.NaN]) assert.throws(() => uint64.encode(value), refused)
  for (const value of [-(2 ** 53), 0.5]) assert.throws(() => int64.encode(value), refused)
})

test('bytes that no encoder has made are corrupt', () => {
  assert.throws(() => utf8.decode(Uint8Array.of(0xc3)), corrupt)
  assert.throws(() => json().decode(encodeUtf8('{"a":')), corrupt)
  assert.throws(() => json().decode(Uint8Array.of(0x22, 0xff, 0x22)), corrupt)
  assert.throws(() => tuple().decode(Uint8Array.of(0xff)), corrupt)
  assert.throws(() => uint64.decode(new Uint8Array(7)), corrupt)
  assert.throws(() => uint64.decode(new Uint8Array(8).fill(0xff)), corrupt)
  assert.throws(() => int64.decode(new Uint8Array(8)), corrupt)
})

test('a text keeps its byte order mark', () => {
  assert.equal(utf8.decode(utf8.encode('\ufeffa')), '\ufeffa')
})

test('an array that the caller changes after the call is not what was encoded', () => {
  const given = Uint8Array.of(1)
  const encoded = bytes.encode(given)
  given[0] = 2
  assert.deepEqual(encoded, Uint8Array.of(1))
})

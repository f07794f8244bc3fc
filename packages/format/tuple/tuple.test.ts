import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, encodeUtf8, fromHex, toHex } from '../bytes/index.ts'
import { isVarveError } from '../errors/index.ts'
import {
  decodeTuple,
  encodeTuple,
  findTupleEnd,
  MAX_TUPLE_DEPTH,
  MAX_TUPLE_ELEMENTS,
  type Tuple,
  type TupleElement,
} from './index.ts'

const RUNS = { numRuns: 2000 }

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(0, -0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 0.1, -0.1),
)
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\0', '\x01', 'a', 'a\0', 'a\0b', 'a\x01', 'a\x01b', 'a\x02', '\ufeffa', '\u{1f418}'),
)
const bytes = fc
  .oneof(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 4, max: 2 }))
  .map(value => new Uint8Array(value))
const flat: fc.Arbitrary<TupleElement> = fc.oneof(
  fc.constantFrom(null, true, false),
  number,
  fc.oneof(fc.bigInt(), fc.constantFrom(0n, -1n, 255n, 256n, -255n, -256n, 2n ** 70n, -(2n ** 70n))),
  fc.date({ noInvalidDate: true }),
  text,
  bytes,
)
const element: fc.Arbitrary<TupleElement> = fc.oneof(
  flat,
  fc.array(fc.oneof(flat, fc.array(flat, { maxLength: 2 })), { maxLength: 3 }),
)
const tuples = fc.array(element, { maxLength: 4 })

/** The kinds in their order, and within a kind the order of its values: what the encoding has to agree with. */
function compareElements(a: TupleElement, b: TupleElement): number {
  const kind = kindOf(a) - kindOf(b)
  if (kind !== 0) return kind
  if (Array.isArray(a)) return compareTuples(a, b as Tuple)
  if (a instanceof Uint8Array) return compareAll(a, b as Uint8Array)
  if (typeof a === 'string') return compareAll(encodeUtf8(a), encodeUtf8(b as string))
  if (a === null || a === b) return 0
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0
}

function kindOf(value: TupleElement): number {
  if (value === null) return 0
  if (typeof value === 'boolean') return value ? 2 : 1
  if (typeof value === 'object') {
    if (value instanceof Date) return 5
    return value instanceof Uint8Array ? 7 : 8
  }
  if (typeof value === 'number') return 3
  return typeof value === 'bigint' ? 4 : 6
}

function compareTuples(a: Tuple, b: Tuple): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareElements(a[i], b[i])
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareAll(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(a, 0, a.length, b, 0, b.length)
}

/** As it comes back: -0 is 0. */
function normal(value: TupleElement): TupleElement {
  if (Array.isArray(value)) return value.map(normal)
  return value === 0 ? 0 : value
}

test('every tuple comes back as it was, but for -0, which is 0', () => {
  fc.assert(
    fc.property(tuples, tuple => {
      assert.deepEqual(decodeTuple(encodeTuple(tuple)), normal(tuple))
    }),
    RUNS,
  )
})

test('the order of the bytes is the order of the tuples', () => {
  fc.assert(
    fc.property(tuples, tuples, fc.nat(4), (a, other, shared) => {
      const b = [...a.slice(0, shared), ...other]
      const natural = Math.sign(compareTuples(a, b))
      assert.equal(Math.sign(compareAll(encodeTuple(a), encodeTuple(b))), natural)
    }),
    RUNS,
  )
})

test('the bytes of a tuple begin those of another exactly when its elements do', () => {
  fc.assert(
    fc.property(tuples, tuples, fc.nat(4), (a, other, shared) => {
      const b = [...a.slice(0, shared), ...other]
      const begins = a.length <= b.length && compareTuples(a, b.slice(0, a.length)) === 0
      assert.equal(toHex(encodeTuple(b)).startsWith(toHex(encodeTuple(a))), begins)
    }),
    RUNS,
  )
})

test('the bytes of a string do not begin those of one that goes on with a zero', () => {
  const [short, long] = [['a'], ['a\0b']].map(tuple => toHex(encodeTuple(tuple)))
  assert.ok(!long.startsWith(short))
})

test('the end of a tuple is found, whatever follows it', () => {
  fc.assert(
    fc.property(tuples, fc.uint8Array({ maxLength: 8 }), (tuple, behind) => {
      const encoded = encodeTuple(tuple)
      const followed = Uint8Array.of(...encoded, 0, ...behind)
      assert.equal(findTupleEnd(followed), encoded.length)
    }),
    RUNS,
  )
})

test('the bytes are those that are drawn', () => {
  const golden: [Tuple, string][] = [
    [[], ''],
    [[null, false, true], '020304'],
    [[0], '058000000000000000'],
    [[-1], '05400fffffffffffff'],
    [[1.5], '05bff8000000000000'],
    [[0n, 255n, -256n], '068000' + '068001ff' + '067ffdfeff'],
    [[new Date(1)], '07bff0000000000000'],
    [['a\0ü'], '08610101c3bc00'],
    [[Uint8Array.of(0, 1, 2)], '09010101020200'],
    [[['a'], []], '0a08610000' + '0a00'],
  ]
  for (const [tuple, hex] of golden) assert.equal(toHex(encodeTuple(tuple)), hex)
})

test('what was not written by the encoder is refused', () => {
  const bad = {
    'an unknown element': '01',
    'an end at the top': '00',
    'a number cut off': '0580',
    'not a number': '05fff8000000000000',
    infinity: '05fff0000000000000',
    '-0': '057fffffffffffffff',
    'a date between milliseconds': '07bff8000000000000',
    'a date too late': '07ffefffffffffffff',
    'a bigint cut off': '06800201',
    'a bigint with a leading zero': '0680020001',
    'a negative zero': '067fff',
    'a string without an end': '0861',
    'an escape of what needs none': '08010300',
    'an escape of the end': '080100',
    'an escape cut off': '0801',
    'a string that is no UTF-8': '08c300',
    'half of a surrogate pair': '08eda08000',
    'a tuple without an end': '0a02',
    'a tuple too deep': '0a'.repeat(MAX_TUPLE_DEPTH + 1) + '00'.repeat(MAX_TUPLE_DEPTH + 1),
  }
  for (const [what, hex] of Object.entries(bad)) {
    assert.throws(
      () => decodeTuple(fromHex(hex)),
      error => isVarveError(error, 'CORRUPTION'),
      what,
    )
  }
  for (const hex of ['', '05', '01', '0861', '0a02']) {
    assert.throws(
      () => findTupleEnd(fromHex(hex)),
      error => isVarveError(error, 'CORRUPTION'),
      hex,
    )
  }
})

test('what no tuple may hold is refused', () => {
  let deep: TupleElement = []
  for (let i = 0; i < MAX_TUPLE_DEPTH; i++) deep = [deep]
  const bad: unknown[] = [
    undefined,
    {},
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Symbol('a'),
    () => 0,
    '\ud800',
    deep,
  ]
  for (const value of [...bad, new Date(Number.NaN), 2n ** 300_000n]) {
    assert.throws(
      () => encodeTuple([value as TupleElement]),
      error => isVarveError(error, 'INVALID_ARGUMENT'),
    )
  }
  const tooMany = new Array<TupleElement>(MAX_TUPLE_ELEMENTS + 1).fill(null)
  assert.throws(() => encodeTuple(tooMany), /65536 elements/)
  assert.throws(() => encodeTuple([tooMany.slice(1), null]), /65536 elements/)
  assert.throws(() => decodeTuple(new Uint8Array(MAX_TUPLE_ELEMENTS + 1).fill(2)), /too many/)
  const text: unknown = 'abc'
  assert.throws(
    () => encodeTuple(text as Tuple),
    error => isVarveError(error, 'INVALID_ARGUMENT'),
  )
})

/**
 * Codecs: how the keys and values of a view become bytes and come back. A codec of the user is an object with
 * `encode` and `decode`; these are the ones that are there already.
 *
 *     utf8            string                    sorts by code points
 *     bytes           Uint8Array                sorts bytewise
 *     json<T>()       whatever JSON holds       for values: its bytes have no useful order
 *     tuple<[A, B]>() arrays of scalars         sorts as the tuples do: @varve/format/tuple draws the bytes
 *     uint64, int64   whole numbers             sort as the numbers do: eight bytes, big-endian; int64's sign bit is flipped
 */
import { encodeUtf8 } from '@varve/format/bytes'
import { CorruptionError, VarveError } from '@varve/format/errors'
import { decodeTuple, encodeTuple, type Tuple } from '@varve/format/tuple'

/** A value of one type as bytes. */
export interface Codec<Value> {
  /** For messages. */
  readonly name?: string
  /**
   * The bytes of a value. They are the database's from then on: whoever returns an array that changes later spoils what
   * is written. Throws `INVALID_ARGUMENT` for what it cannot encode.
   */
  encode(value: Value): Uint8Array
  /** The value of bytes that `encode` has made. Throws `CORRUPTION` for others. The bytes may be kept. */
  decode(bytes: Uint8Array): Value
  /**
   * Whether those own fields of `value` that are strings, booleans, finite numbers, null or undefined come back from `decode`
   * as they are now. Where that is so, indexes on fields need not decode what has just been encoded.
   */
  keepsFields?(value: Value): boolean
}

/** A codec for keys. The order of its bytes is the order of the view. */
export interface KeyCodec<Key, Prefix = never> extends Codec<Key> {
  /** The bytes with which all keys begin that begin with `prefix`; absent, the view has no ranges by prefix. */
  encodePrefix?(prefix: Prefix): Uint8Array
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Strings as UTF-8. One with half of a surrogate pair is refused: it would come back as another. */
export const utf8: KeyCodec<string, string> = {
  name: 'utf8',
  encode: encodeText,
  encodePrefix: encodeText,
  decode(bytes) {
    try {
      return strictDecoder.decode(bytes)
    } catch (error) {
      throw new CorruptionError('bytes that are no UTF-8', undefined, undefined, error)
    }
  },
}

function encodeText(text: string): Uint8Array {
  if (typeof text !== 'string') throw invalid('utf8', `a string is wanted, not ${typeof text}`)
  if (text.isWellFormed()) return encodeUtf8(text)
  throw invalid('utf8', 'half of a surrogate pair has no UTF-8')
}

/** Bytes as they are. */
export const bytes: KeyCodec<Uint8Array, Uint8Array> = {
  name: 'bytes',
  encode: copyOf,
  encodePrefix: copyOf,
  decode: stored => stored,
}

/** The caller may change its array while the write waits. */
function copyOf(given: Uint8Array): Uint8Array {
  if (given instanceof Uint8Array) return new Uint8Array(given)
  throw invalid('bytes', `a Uint8Array is wanted, not ${typeof given}`)
}

const anyJson: Codec<unknown> = {
  name: 'json',
  encode(value) {
    const text: string | undefined = JSON.stringify(value)
    if (text === undefined) throw invalid('json', `JSON has no ${typeof value}`)
    return encodeUtf8(text)
  },
  decode(stored) {
    try {
      return JSON.parse(strictDecoder.decode(stored))
    } catch (error) {
      throw new CorruptionError('bytes that are no JSON', undefined, undefined, error)
    }
  },
  keepsFields(value) {
    if (typeof value !== 'object' || value === null || 'toJSON' in value) return false
    return Object.getPrototypeOf(value) === Object.prototype
  },
}

/** Values as JSON. What comes back is what `JSON.parse` makes of it: the type is the caller's word. */
export function json<Value = unknown>(): Codec<Value> {
  return anyJson as Codec<Value>
}

/** All tuples that begin as a `Whole` does: `[]`, its first element, its first two, ... */
export type TuplePrefix<Whole extends Tuple> = Whole extends readonly [
  infer First,
  ...infer Rest extends Tuple,
]
  ? readonly [] | readonly [First, ...TuplePrefix<Rest>]
  : readonly [] | Whole

const anyTuple: KeyCodec<Tuple, Tuple> = {
  name: 'tuple',
  encode: encodeTuple,
  encodePrefix: encodeTuple,
  decode: stored => decodeTuple(stored),
}

/** Tuples, in their order. Their elements: null, booleans, finite numbers, bigints, dates, strings, bytes, tuples. */
export function tuple<Whole extends Tuple>(): KeyCodec<Whole, TuplePrefix<Whole>> {
  return anyTuple as KeyCodec<Tuple, Tuple> as KeyCodec<Whole, TuplePrefix<Whole>>
}

/** Whole numbers from 0 to 2^53 - 1. */
export const uint64: KeyCodec<number> = {
  name: 'uint64',
  encode: value => encodeWhole('uint64', value, 0, 0),
  decode: stored => decodeWhole('uint64', stored, 0, 0),
}

/** Whole numbers from -(2^53 - 1) to 2^53 - 1. */
export const int64: KeyCodec<number> = {
  name: 'int64',
  encode: value => encodeWhole('int64', value, -Number.MAX_SAFE_INTEGER, SIGN_BIT),
  decode: stored => decodeWhole('int64', stored, -Number.MAX_SAFE_INTEGER, SIGN_BIT),
}

const SIGN_BIT = 0x8000_0000

function encodeWhole(name: string, value: number, least: number, flip: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < least)
    throw invalid(name, `a whole number is wanted, not ${value}`)
  const encoded = new Uint8Array(8)
  const view = new DataView(encoded.buffer)
  view.setUint32(0, (Math.floor(value / 2 ** 32) ^ flip) >>> 0)
  view.setUint32(4, value >>> 0)
  return encoded
}

function decodeWhole(name: string, stored: Uint8Array, least: number, flip: number): number {
  if (stored.length !== 8) throw new CorruptionError(`${stored.length} bytes that are no ${name}`)
  const view = new DataView(stored.buffer, stored.byteOffset, 8)
  const high = (view.getUint32(0) ^ flip) >>> 0
  const value = (flip === 0 ? high : high | 0) * 2 ** 32 + view.getUint32(4)
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new CorruptionError(`an ${name} beyond 2^53 - 1`)
}

function invalid(codec: string, message: string): VarveError {
  return new VarveError('INVALID_ARGUMENT', `the codec ${codec}: ${message}`, { option: codec })
}

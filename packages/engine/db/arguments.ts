/** Checks of what callers pass in, and the one place where strings become bytes. */
import { encodeUtf8 } from '@varve/format/bytes'
import { VarveError } from '@varve/format/errors'
import type { KeyOrder } from '@varve/format/key'

/** A key or value: bytes, or a string that stands for its UTF-8 encoding. */
export type Bytes = Uint8Array | string

/** RocksDB's limits (its FAQ): a key to 8 MiB, a value to 3 GiB. */
export const MAX_KEY_LENGTH: number = 8 * 1024 * 1024
export const MAX_VALUE_LENGTH: number = 3 * 1024 * 1024 * 1024

/** The bytes of a key. Not a copy when bytes were given. */
export function keyBytes(key: Bytes): Uint8Array {
  const bytes = toBytes(key, 'key')
  if (bytes.length > MAX_KEY_LENGTH) {
    throw new VarveError(
      'INVALID_ARGUMENT',
      `a key of ${bytes.length} bytes is over the limit of ${MAX_KEY_LENGTH}`,
      {
        option: 'key',
      },
    )
  }
  return bytes
}

/** The bytes of a value. Not a copy when bytes were given. */
export function valueBytes(value: Bytes): Uint8Array {
  const bytes = toBytes(value, 'value')
  if (bytes.length > MAX_VALUE_LENGTH) {
    throw new VarveError(
      'INVALID_ARGUMENT',
      `a value of ${bytes.length} bytes is over the limit of ${MAX_VALUE_LENGTH}`,
      {
        option: 'value',
      },
    )
  }
  return bytes
}

function toBytes(input: Bytes, what: string): Uint8Array {
  if (input instanceof Uint8Array) return input
  if (typeof input === 'string') return encodeUtf8(input)
  throw new VarveError(
    'INVALID_ARGUMENT',
    `a ${what} must be a Uint8Array or a string, not ${describe(input)}`,
    {
      option: what,
    },
  )
}

function describe(input: unknown): string {
  if (input === null) return 'null'
  if (Array.isArray(input)) return 'an array'
  return typeof input === 'object' ? `an object (${input.constructor?.name ?? 'no class'})` : typeof input
}

/** Whether there can be keys from `start` to before `end`. Throws `INVALID_ARGUMENT` when `end` is before `start`. */
export function isRange(start: Uint8Array, end: Uint8Array, by: KeyOrder): boolean {
  const order = by.compareKeys(start, end)
  if (order > 0)
    throw new VarveError('INVALID_ARGUMENT', 'the end of a range is before its start', { option: 'end' })
  return order < 0
}

/** Damage for tests: what a decoder must answer with a `CorruptionError` or a value, and nothing else. */
import assert from 'node:assert/strict'
import { VarveError } from '../errors/index.ts'

/**
 * Runs `decode` on every prefix of `bytes`, on `bytes` with each bit flipped, and on each byte set to 0xff.
 * What it throws must be a corruption, or a feature that is not supported, and must say where it is.
 */
export function surviveDamage(bytes: Uint8Array, decode: (damaged: Uint8Array) => unknown): void {
  for (let length = 0; length < bytes.length; length++) attempt(bytes.slice(0, length), decode)
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) attempt(changed(bytes, at, bytes[at] ^ (1 << bit)), decode)
    attempt(changed(bytes, at, 0xff), decode)
  }
}

/** Runs `decode` once; gives the error it answered with. */
export function attempt(bytes: Uint8Array, decode: (damaged: Uint8Array) => unknown): VarveError | undefined {
  try {
    decode(bytes)
    return undefined
  } catch (error) {
    assert.ok(error instanceof VarveError, `threw ${error}`)
    assert.ok(error.code === 'CORRUPTION' || error.code === 'NOT_SUPPORTED', error.message)
    assert.equal(typeof error.offset, 'number', error.message)
    return error
  }
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}

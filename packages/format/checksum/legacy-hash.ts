/**
 * LevelDB's 32-bit hash: legacy Bloom filters (seed 0xbc9f1d34) and hash indexes of data blocks (seed 397).
 *
 * RocksDB: util/hash.cc, Hash
 */
import { readUint32 } from '../bytes/index.ts'

export const LEGACY_BLOOM_SEED = 0xbc9f_1d34
export const DATA_BLOCK_HASH_SEED = 397

const MULTIPLIER = 0xc6a4_a793

/** Bytes of an incomplete last word, index 0 first, count as signed: an accident of the C++ that stayed. */
export function legacyHash(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed ^ Math.imul(end - start, MULTIPLIER)
  let at = start
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash + readUint32(bytes, at), MULTIPLIER)
    hash ^= hash >>> 16
  }
  if (at === end) return hash >>> 0
  for (let i = end - 1; i >= at; i--) hash = (hash + (signed(bytes[i]) << (8 * (i - at)))) | 0
  hash = Math.imul(hash, MULTIPLIER)
  return (hash ^ (hash >>> 24)) >>> 0
}

function signed(byte: number): number {
  return (byte << 24) >> 24
}

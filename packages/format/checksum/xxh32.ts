/**
 * XXH32, the block checksum of type 2. Few files have it, so it is plain TypeScript.
 *
 * RocksDB: util/xxhash.h
 */
import { readUint32 } from '../bytes/index.ts'

const PRIME_1 = 0x9e37_79b1
const PRIME_2 = 0x85eb_ca77
const PRIME_3 = 0xc2b2_ae3d
const PRIME_4 = 0x27d4_eb2f
const PRIME_5 = 0x1656_67b1

/** The hash of bytes[start..end), with seed 0. */
export function xxh32(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let at = end - ((end - start) % 16)
  let hash = at > start ? hashStripes(bytes, start, at) : PRIME_5
  hash = (hash + end - start) | 0
  for (; at + 4 <= end; at += 4) hash = addWord(hash, readUint32(bytes, at))
  for (; at < end; at++) hash = addByte(hash, bytes[at])
  return avalanche(hash)
}

function hashStripes(bytes: Uint8Array, start: number, end: number): number {
  let a = (PRIME_1 + PRIME_2) | 0
  let b = PRIME_2 | 0
  let c = 0
  let d = -PRIME_1 | 0
  for (let at = start; at < end; at += 16) {
    a = round(a, readUint32(bytes, at))
    b = round(b, readUint32(bytes, at + 4))
    c = round(c, readUint32(bytes, at + 8))
    d = round(d, readUint32(bytes, at + 12))
  }
  return rotateLeft(a, 1) + rotateLeft(b, 7) + rotateLeft(c, 12) + rotateLeft(d, 18)
}

function round(lane: number, word: number): number {
  return Math.imul(rotateLeft((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1)
}

function addWord(hash: number, word: number): number {
  return Math.imul(rotateLeft((hash + Math.imul(word, PRIME_3)) | 0, 17), PRIME_4)
}

function addByte(hash: number, byte: number): number {
  return Math.imul(rotateLeft((hash + Math.imul(byte, PRIME_5)) | 0, 11), PRIME_1)
}

function avalanche(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
  return (hash ^ (hash >>> 16)) >>> 0
}

function rotateLeft(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count))
}

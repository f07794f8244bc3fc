/**
 * XXH3: 64 bits for blocks (checksum type 4 keeps the low 32 of them), 128 bits for unique ids.
 *
 * RocksDB: util/xxhash.h
 */
import { VarveError } from '../errors/index.ts'
import { hashKernel, loadScratch, resultWords, SCRATCH_SIZE } from '../kernels/hashes.ts'
import { hashResult } from './hash-result.ts'

/** Leaves the 64-bit hash of bytes[start..end) in `hashResult`. */
export function xxh3(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
  hashResult.low = xxh3Low32(bytes, start, end)
  hashResult.high = resultWords[0] >>> 0
}

export function xxh3Low32(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  if (end - start > SCRATCH_SIZE) return xxh3Pieces(bytes, start, end)
  return hashKernel.xxh3(loadScratch(bytes, start, end)) >>> 0
}

function xxh3Pieces(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  hashKernel.xxh3First()
  for (; end - at > SCRATCH_SIZE; at += SCRATCH_SIZE) {
    loadScratch(bytes, at, at + SCRATCH_SIZE)
    hashKernel.xxh3Next()
  }
  return hashKernel.xxh3Last(loadScratch(bytes, at, end), end - start) >>> 0
}

/**
 * The 128-bit hash of bytes[start..end) as four words, least significant first. It is for short texts, such
 * as the identity of a database, and takes no more than 64 KiB.
 */
export function xxh3_128(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  seedLow = 0,
  seedHigh = 0,
): Uint32Array {
  if (end - start > SCRATCH_SIZE) {
    throw new VarveError(
      'INVALID_ARGUMENT',
      `XXH3 of 128 bits takes up to ${SCRATCH_SIZE} bytes, not ${end - start}`,
    )
  }
  const low = hashKernel.xxh3Wide(loadScratch(bytes, start, end), seedLow, seedHigh)
  return Uint32Array.of(low, resultWords[0], resultWords[2], resultWords[3])
}

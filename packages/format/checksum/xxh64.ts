/**
 * XXH64, the block checksum of type 3, which keeps its low 32 bits.
 *
 * RocksDB: util/xxhash.h
 */
import { hashKernel, loadScratch, resultWords, SCRATCH_SIZE } from '../kernels/hashes.ts'
import { hashResult } from './hash-result.ts'

/** Leaves the hash of bytes[start..end) in `hashResult`. */
export function xxh64(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
  hashResult.low = xxh64Low32(bytes, start, end)
  hashResult.high = resultWords[0] >>> 0
}

export function xxh64Low32(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  if (end - start > SCRATCH_SIZE) return xxh64Pieces(bytes, start, end)
  return hashKernel.xxh64(loadScratch(bytes, start, end)) >>> 0
}

function xxh64Pieces(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  hashKernel.xxh64First()
  for (; end - at > SCRATCH_SIZE; at += SCRATCH_SIZE) {
    loadScratch(bytes, at, at + SCRATCH_SIZE)
    hashKernel.xxh64Next()
  }
  return hashKernel.xxh64Last(loadScratch(bytes, at, end), end - start) >>> 0
}

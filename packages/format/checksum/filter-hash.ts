/**
 * The 64-bit hash of filter keys: a preview of XXH3 that RocksDB froze as XXPH3 (`GetSliceHash64`). It is
 * not the XXH3 of block checksums.
 *
 * RocksDB: util/hash.h, util/xxph3.h
 */
import { hashKernel, loadScratch, resultWords, SCRATCH_SIZE } from '../kernels/hashes.ts'
import { hashResult } from './hash-result.ts'

/** Leaves the hash of bytes[start..end) in `hashResult`. */
export function filterHash(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
  if (end - start > SCRATCH_SIZE) {
    filterHashPieces(bytes, start, end)
    return
  }
  hashResult.low = hashKernel.filterHash(loadScratch(bytes, start, end)) >>> 0
  hashResult.high = resultWords[0] >>> 0
}

function filterHashPieces(bytes: Uint8Array, start: number, end: number): void {
  let at = start
  hashKernel.xxh3First()
  for (; end - at > SCRATCH_SIZE; at += SCRATCH_SIZE) {
    loadScratch(bytes, at, at + SCRATCH_SIZE)
    hashKernel.filterHashNext()
  }
  hashResult.low = hashKernel.filterHashLast(loadScratch(bytes, at, end), end - start) >>> 0
  hashResult.high = resultWords[0] >>> 0
}

/**
 * The Bloom filter of tables before format_version 5.
 *
 *     filter := line u8[lineLength] ..., probes u8, lineCount u32le
 *
 *     h := legacy hash of the key; delta := rotr32(h, 17)
 *     line of a key := h mod lineCount
 *     bit of a probe := h mod bits of a line; then h += delta
 *
 * RocksDB: util/bloom_impl.h, LegacyLocalityBloomImpl
 */
import { LEGACY_BLOOM_SEED, legacyHash } from '../checksum/index.ts'
import type { FilterReader } from './filter-reader.ts'

export class LegacyBloom implements FilterReader {
  readonly usesFilterHash = false
  private readonly bytes: Uint8Array
  private readonly lineCount: number
  private readonly lineLength: number
  private readonly probes: number

  /** The caller has checked that `lineCount` lines of `lineLength`, a power of two, lie in `payload`. */
  constructor(payload: Uint8Array, lineCount: number, lineLength: number, probes: number) {
    this.bytes = payload
    this.lineCount = lineCount
    this.lineLength = lineLength
    this.probes = probes
  }

  mayMatch(bytes: Uint8Array, start: number, end: number): boolean {
    let hash = legacyHash(bytes, start, end, LEGACY_BLOOM_SEED)
    const delta = (hash >>> 17) | (hash << 15)
    const line = (hash % this.lineCount) * this.lineLength
    const bitMask = this.lineLength * 8 - 1
    for (let i = 0; i < this.probes; i++) {
      const bit = hash & bitMask
      if ((this.bytes[line + (bit >> 3)] & (1 << (bit & 7))) === 0) return false
      hash = (hash + delta) | 0
    }
    return true
  }

  /** Legacy filters know another hash, so the one of newer filters decides nothing. */
  mayMatchHash(_low: number, _high: number): boolean {
    return true
  }
}

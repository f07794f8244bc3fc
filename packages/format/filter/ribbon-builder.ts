/**
 * Builds a Ribbon filter, which lets as many other keys pass as a Bloom filter of `bitsPerKey` and takes about 30 % less
 * room. That Bloom filter is made instead where it is smaller, as it is for few keys, and where no seed works.
 *
 * RocksDB: table/block_based/filter_policy.cc, Standard128RibbonBitsBuilder
 */
import { bloomCapacity, bloomPayload, bloomSize, probesFor, roundMillibits } from './fast-local-bloom.ts'
import type { FilterBuilder } from './filter-builder.ts'
import { FILTER_TRAILER_LENGTH } from './filter-reader.ts'
import { KeyHashes } from './key-hashes.ts'
import { RIBBON_MARKER } from './ribbon.ts'
import { RibbonBanding } from './ribbon-banding.ts'
import { RIBBON_ROWS, ribbonQuery, ribbonSeed } from './ribbon-hash.ts'
import { bloomOneIn, keysForBytes, segmentBytes, slotsFor } from './ribbon-space.ts'

/** Below so many slots a Bloom filter may be the smaller one. */
const SMALL_SLOTS = 1024
const SEEDS = 256
/** More keys than RocksDB makes a Ribbon filter of. */
const MAX_KEYS = 950_000_000

export class RibbonBuilder extends KeyHashes implements FilterBuilder {
  private readonly millibitsPerKey: number
  private readonly oneIn: number

  constructor(bitsPerKey: number) {
    super()
    this.millibitsPerKey = roundMillibits(bitsPerKey)
    const bits = Math.min(Math.max(bitsPerKey, 1), 100)
    this.oneIn = bloomOneIn(bits, probesFor(this.millibitsPerKey))
  }

  capacityOf(bytes: number): number {
    if (this.millibitsPerKey === 0) return 0
    const keys = keysForBytes(bytes - FILTER_TRAILER_LENGTH, this.oneIn)
    return slotsFor(Math.max(keys, 1)) < SMALL_SLOTS
      ? Math.max(keys, bloomCapacity(bytes, this.millibitsPerKey))
      : keys
  }

  finish(): Uint8Array | undefined {
    const payload = this.count === 0 || this.millibitsPerKey === 0 ? undefined : this.makeFilter()
    this.release()
    return payload
  }

  private makeFilter(): Uint8Array {
    const [firstLow, firstHigh] = this.firstHash()
    const slots = slotsFor(this.count)
    const length = segmentBytes(slots, this.oneIn, firstHigh)
    const isBloomSmaller = slots < SMALL_SLOTS && bloomSize(this.count, this.millibitsPerKey) < length
    if (this.count > MAX_KEYS || isBloomSmaller) return this.makeBloom()
    const banding = new RibbonBanding(slots)
    for (let i = 0; i < SEEDS; i++) {
      const seed = (firstLow + i) % SEEDS
      if (this.fits(banding, ribbonSeed(seed))) return ribbonPayload(banding, length, seed, slots)
      banding.reset()
    }
    return this.makeBloom()
  }

  /** Whether the equations of all keys have a solution. */
  private fits(banding: RibbonBanding, seed: number): boolean {
    for (const { words, length } of this.collected()) {
      for (let i = 0; i < length; i += 2) {
        ribbonQuery(words[i], words[i + 1], seed, banding.startCount)
        if (!banding.add()) return false
      }
    }
    return true
  }

  private makeBloom(): Uint8Array {
    return bloomPayload(this.collected(), this.count, this.millibitsPerKey)
  }

  private firstHash(): [low: number, high: number] {
    for (const { words } of this.collected()) return [words[0], words[1]]
    return [0, 0]
  }
}

function ribbonPayload(banding: RibbonBanding, length: number, seed: number, slots: number): Uint8Array {
  const payload = new Uint8Array(length + FILTER_TRAILER_LENGTH)
  const blocks = slots / RIBBON_ROWS
  banding.solve(payload, length)
  payload.set([RIBBON_MARKER, seed, blocks & 0xff, (blocks >>> 8) & 0xff, blocks >>> 16], length)
  return payload
}

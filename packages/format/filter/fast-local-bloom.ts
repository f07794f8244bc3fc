/**
 * FastLocalBloom, the Bloom filter of format_version 5 and later. All bits of a key lie in one 64-byte line,
 * so a lookup touches one line of the processor's cache.
 *
 *     filter := line u8[64] ..., 0xff, 0x00 (FastLocalBloom), probes u8, 0x00, 0x00
 *
 *     line of a key := lineCount * low word of its hash >> 32
 *     bit of a probe := high word >> 23; then high word *= 0x9e3779b9
 *
 * RocksDB: util/bloom_impl.h, FastLocalBloomImpl; table/block_based/filter_policy.cc
 */
import { filterHash, hashResult } from '../checksum/index.ts'
import { VarveError } from '../errors/index.ts'
import type { FilterBuilder } from './filter-builder.ts'
import { FILTER_TRAILER_LENGTH, type FilterReader } from './filter-reader.ts'
import { KeyHashes } from './key-hashes.ts'

/** The byte that marks every Bloom filter since format_version 5. */
export const NEW_BLOOM_MARKER = 0xff

const LINE_LENGTH = 64
const PROBE_MULTIPLIER = 0x9e37_79b9

/** The line of a key: the top 32 bits of lineCount * hashLow, in halves so that a double holds each product. */
function lineOf(lineCount: number, hashLow: number): number {
  const carried = Math.floor((lineCount * (hashLow & 0xffff)) / 0x1_0000)
  return Math.floor((lineCount * (hashLow >>> 16) + carried) / 0x1_0000)
}

export class FastLocalBloom implements FilterReader {
  readonly usesFilterHash = true
  private readonly bytes: Uint8Array
  private readonly lineCount: number
  private readonly probes: number

  /** Over `payload`, whose trailer the caller has checked. */
  constructor(payload: Uint8Array, probes: number) {
    this.bytes = payload
    this.lineCount = Math.floor((payload.length - FILTER_TRAILER_LENGTH) / LINE_LENGTH)
    this.probes = probes
  }

  mayMatch(bytes: Uint8Array, start: number, end: number): boolean {
    filterHash(bytes, start, end)
    return this.mayMatchHash(hashResult.low, hashResult.high)
  }

  mayMatchHash(low: number, high: number): boolean {
    const line = lineOf(this.lineCount, low) * LINE_LENGTH
    let probe = high
    for (let i = 0; i < this.probes; i++) {
      const bit = probe >>> 23
      if ((this.bytes[line + (bit >> 3)] & (1 << (bit & 7))) === 0) return false
      probe = Math.imul(probe, PROBE_MULTIPLIER)
    }
    return true
  }
}

/** Collects the hashes of keys and makes their filter. */
export class FastLocalBloomBuilder extends KeyHashes implements FilterBuilder {
  private readonly millibitsPerKey: number

  constructor(bitsPerKey: number) {
    super()
    this.millibitsPerKey = roundMillibits(bitsPerKey)
  }

  capacityOf(bytes: number): number {
    return bloomCapacity(bytes, this.millibitsPerKey)
  }

  /** The filter's payload, or `undefined` where the bits per key round to none or no key was added. Call it once. */
  finish(): Uint8Array | undefined {
    const isEmpty = this.millibitsPerKey === 0 || this.count === 0
    const payload = isEmpty ? undefined : bloomPayload(this.collected(), this.count, this.millibitsPerKey)
    this.release()
    return payload
  }
}

/** Keys for which a filter of so many bytes has room. */
export function bloomCapacity(bytes: number, millibitsPerKey: number): number {
  const usable = Math.floor((bytes - FILTER_TRAILER_LENGTH) / LINE_LENGTH) * LINE_LENGTH
  return usable <= 0 || millibitsPerKey === 0 ? 0 : Math.floor((8000 * usable) / millibitsPerKey)
}

/** Bytes of a filter's lines. */
export function bloomSize(count: number, millibitsPerKey: number): number {
  return Math.ceil(Math.floor((count * millibitsPerKey + 7999) / 8000) / LINE_LENGTH) * LINE_LENGTH
}

/** The filter of `count` hashes, which `pieces` have. */
export function bloomPayload(
  pieces: Iterable<{ words: Uint32Array; length: number }>,
  count: number,
  millibitsPerKey: number,
): Uint8Array {
  const size = bloomSize(count, millibitsPerKey)
  const probes = probesFor(millibitsPerKey)
  const payload = new Uint8Array(size + FILTER_TRAILER_LENGTH)
  for (const { words, length } of pieces) setBits(payload, size / LINE_LENGTH, probes, words, length)
  payload[size] = NEW_BLOOM_MARKER
  payload[size + 2] = probes
  return payload
}

function setBits(
  target: Uint8Array,
  lineCount: number,
  probes: number,
  words: Uint32Array,
  length: number,
): void {
  for (let i = 0; i < length; i += 2) {
    const line = lineOf(lineCount, words[i]) * LINE_LENGTH
    let probe = words[i + 1]
    for (let j = 0; j < probes; j++) {
      const bit = probe >>> 23
      target[line + (bit >> 3)] |= 1 << (bit & 7)
      probe = Math.imul(probe, PROBE_MULTIPLIER)
    }
  }
}

/** Thousandths of a bit per key as they are used; 0 for no filter. */
export function roundMillibits(bitsPerKey: number): number {
  if (!(bitsPerKey >= 0)) throw new VarveError('INVALID_ARGUMENT', `bits per key must not be ${bitsPerKey}`)
  const millibits = Math.round(bitsPerKey * 1000)
  if (millibits < 500) return 0
  return Math.min(Math.max(millibits, 1000), 100_000)
}

/** The greatest millibits per key at which 1, 2, 3, ... probes are best: RocksDB's measured table. */
const BEST_PROBES = [2080, 3580, 5100, 6640, 8300, 10070, 11720, 14001, 16050, 18300, 22001, 25501]

export function probesFor(millibits: number): number {
  if (millibits > 50_000) return 24
  const index = BEST_PROBES.findIndex(limit => millibits <= limit)
  return index >= 0 ? index + 1 : Math.floor((millibits - 1) / 2000) - 1
}

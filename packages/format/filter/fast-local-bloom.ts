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

/** Hashes are kept in pieces of so many words: one array that doubles takes up to three times what is in it. */
const PIECE_WORDS = 16 * 1024

/** The pieces of builders that are done, for the next one: a large table's take megabytes. */
const sparePieces: Uint32Array[] = []

/** Collects the hashes of keys and makes their filter. */
export class FastLocalBloomBuilder implements FilterBuilder {
  private readonly millibitsPerKey: number
  private readonly pieces: Uint32Array[] = []
  /** The last piece. Hash i of a piece is words[2i] (low) and words[2i + 1] (high). */
  private words: Uint32Array
  /** Words of it in use. */
  private length = 0
  private lastLow = 0
  private lastHigh = 0

  constructor(bitsPerKey: number) {
    this.millibitsPerKey = roundMillibits(bitsPerKey)
    this.words = this.addPiece()
  }

  get count(): number {
    return ((this.pieces.length - 1) * PIECE_WORDS + this.length) / 2
  }

  addKey(bytes: Uint8Array, start: number, end: number): void {
    filterHash(bytes, start, end)
    this.addHash(hashResult.low, hashResult.high)
  }

  addHash(low: number, high: number): void {
    if (low === this.lastLow && high === this.lastHigh && this.count > 0) return
    if (this.length === PIECE_WORDS) {
      this.words = this.addPiece()
      this.length = 0
    }
    this.words[this.length] = this.lastLow = low
    this.words[this.length + 1] = this.lastHigh = high
    this.length += 2
  }

  capacityOf(bytes: number): number {
    const usable = Math.floor((bytes - FILTER_TRAILER_LENGTH) / LINE_LENGTH) * LINE_LENGTH
    return usable <= 0 ? 0 : Math.floor((8000 * usable) / this.millibitsPerKey)
  }

  /** The filter's payload, or `undefined` where the bits per key round to none or no key was added. Call it once. */
  finish(): Uint8Array | undefined {
    const payload = this.makeFilter()
    sparePieces.push(...this.pieces)
    return payload
  }

  private makeFilter(): Uint8Array | undefined {
    if (this.millibitsPerKey === 0 || this.count === 0) return undefined
    const lineCount = Math.ceil(Math.floor((this.count * this.millibitsPerKey + 7999) / 8000) / LINE_LENGTH)
    const probes = probesFor(this.millibitsPerKey)
    const payload = new Uint8Array(lineCount * LINE_LENGTH + FILTER_TRAILER_LENGTH)
    for (const piece of this.pieces) {
      setBits(payload, lineCount, probes, piece, piece === this.words ? this.length : PIECE_WORDS)
    }
    payload[lineCount * LINE_LENGTH] = NEW_BLOOM_MARKER
    payload[lineCount * LINE_LENGTH + 2] = probes
    return payload
  }

  private addPiece(): Uint32Array {
    const piece = sparePieces.pop() ?? new Uint32Array(PIECE_WORDS)
    this.pieces.push(piece)
    return piece
  }
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

function roundMillibits(bitsPerKey: number): number {
  if (!(bitsPerKey >= 0)) throw new VarveError('INVALID_ARGUMENT', `bits per key must not be ${bitsPerKey}`)
  const millibits = Math.round(bitsPerKey * 1000)
  if (millibits < 500) return 0
  return Math.min(Math.max(millibits, 1000), 100_000)
}

/** The greatest millibits per key at which 1, 2, 3, ... probes are best: RocksDB's measured table. */
const BEST_PROBES = [2080, 3580, 5100, 6640, 8300, 10070, 11720, 14001, 16050, 18300, 22001, 25501]

function probesFor(millibits: number): number {
  if (millibits > 50_000) return 24
  const index = BEST_PROBES.findIndex(limit => millibits <= limit)
  return index >= 0 ? index + 1 : Math.floor((millibits - 1) / 2000) - 1
}

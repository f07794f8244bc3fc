/**
 * Standard128Ribbon, for reading: a filter that solves a system of linear equations over bits and takes
 * about 30 % less room than Bloom. A key selects some of 128 consecutive rows; it may be in the table when,
 * for every column, the parity of the selected bits is the one that its hash expects.
 *
 *     filter  := segment u8[16] ..., 0xfe, seed u8, blockCount u24le
 *     segment := one column of 128 rows; a block of rows is `columns` segments, or one fewer in early blocks
 *
 * The hash needs 64-bit products, which are BigInt here: few tables have Ribbon filters.
 *
 * RocksDB: util/ribbon_impl.h, StandardHasher; table/block_based/filter_policy.cc, Standard128RibbonBitsReader
 */
import { readUint32 } from '../bytes/index.ts'
import { filterHash, hashResult } from '../checksum/index.ts'
import { FILTER_TRAILER_LENGTH, type FilterReader } from './filter-reader.ts'

const ROWS = 128
const SEGMENT_LENGTH = 16
const MAX_COLUMNS = 32

const SEED_FACTOR = 0xc782_19a2_3eea_dd03n
const HASH_FACTOR = 0x6193_d459_236a_3a0dn
const COEFFICIENT_FACTOR = 0xc28f_8282_2b65_0bedn
const COEFFICIENT_XOR = 0xc367_844a_6e52_731dn

/** The rows that the key asked for last selects: 128 of its first block, then 128 of the next. */
const selected = new Uint32Array(8)

export class RibbonFilter implements FilterReader {
  readonly usesFilterHash = true
  private readonly bytes: Uint8Array
  private readonly hashSeed: bigint
  private readonly startCount: bigint // A key's first row is one of so many.
  private readonly columns: number
  private readonly firstFullBlock: number // Blocks before it have a column less.

  /** The caller has checked that there are at least two blocks. */
  constructor(payload: Uint8Array, seed: number, blockCount: number) {
    const segmentCount = Math.floor((payload.length - FILTER_TRAILER_LENGTH) / SEGMENT_LENGTH)
    const columns = Math.ceil(segmentCount / blockCount)
    this.bytes = payload
    this.hashSeed = hashSeedOf(seed)
    this.startCount = BigInt(blockCount * ROWS - (ROWS - 1))
    this.columns = Math.min(columns, MAX_COLUMNS)
    this.firstFullBlock = columns > MAX_COLUMNS ? 0 : columns * blockCount - segmentCount
  }

  mayMatch(bytes: Uint8Array, start: number, end: number): boolean {
    filterHash(bytes, start, end)
    return this.mayMatchHash(hashResult.low, hashResult.high)
  }

  mayMatchHash(low: number, high: number): boolean {
    const hash = BigInt.asUintN(64, (joinWords(low, high) ^ this.hashSeed) * HASH_FACTOR)
    const start = Number((hash * this.startCount) >> 64n)
    const coefficients = BigInt.asUintN(64, hash * COEFFICIENT_FACTOR)
    selectRows(coefficients, start % ROWS)
    return this.matchesColumns(Math.floor(start / ROWS), swapBytes(Number(coefficients >> 32n)))
  }

  private matchesColumns(block: number, expected: number): boolean {
    const columns = this.columns - (block < this.firstFullBlock ? 1 : 0)
    let segment = (block * this.columns - Math.min(block, this.firstFullBlock)) * SEGMENT_LENGTH
    for (let i = 0; i < columns; i++, segment += SEGMENT_LENGTH) {
      let bits = this.selectedBits(segment, 0)
      if (selected[4] !== 0 || selected[5] !== 0 || selected[6] !== 0 || selected[7] !== 0) {
        bits ^= this.selectedBits(segment + columns * SEGMENT_LENGTH, 4)
      }
      if (parity(bits) !== ((expected >>> i) & 1)) return false
    }
    return true
  }

  /** The selected bits of a segment, its four words folded into one of the same parity. */
  private selectedBits(segment: number, from: number): number {
    let bits = 0
    for (let i = 0; i < 4; i++) bits ^= readUint32(this.bytes, segment + 4 * i) & selected[from + i]
    return bits
  }
}

function hashSeedOf(seed: number): bigint {
  const product = BigInt.asUintN(64, BigInt(seed) * SEED_FACTOR)
  return BigInt.asUintN(32, product ^ ((product & 0xf0f0_f0f0_f0f0_f0f0n) >> 4n))
}

function joinWords(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

/** The 128 coefficients of a key, from row `shift` of its block on. The first is always one. */
function selectRows(coefficients: bigint, shift: number): void {
  let rows = ((coefficients << 64n) | (coefficients ^ COEFFICIENT_XOR) | 1n) << BigInt(shift)
  for (let i = 0; i < selected.length; i++) {
    selected[i] = Number(rows & 0xffff_ffffn)
    rows >>= 32n
  }
}

function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}

function parity(word: number): number {
  word ^= word >>> 16
  word ^= word >>> 8
  word ^= word >>> 4
  return (0x6996 >>> (word & 15)) & 1
}

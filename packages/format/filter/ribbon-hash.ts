/**
 * What a key asks of a Ribbon filter: where its 128 rows begin, which of them it selects, and what the parity of each
 * column is to be. All of it comes from its 64-bit hash and a seed that the filter's builder found to work.
 *
 *     hash   := (filter hash ^ seed) * HASH_FACTOR
 *     start  := hash * startCount >> 64
 *     row    := hash * ROW_FACTOR
 *     coefficients of 128 bits := row << 64 | (row ^ ROW_XOR) | 1
 *     result := high word of row, its bytes reversed
 *
 * Products of 64 bits are made of words of 32.
 *
 * RocksDB: util/ribbon_impl.h, StandardHasher and StandardRehasherAdapter
 */

export const RIBBON_ROWS = 128

const HASH_FACTOR = [0x236a_3a0d, 0x6193_d459] as const
const ROW_FACTOR = [0x2b65_0bed, 0xc28f_8282] as const
const ROW_XOR = [0x6e52_731d, 0xc367_844a] as const
const SEED_FACTOR = [0x3eea_dd03, 0xc782_19a2] as const

/** What `ribbonQuery` leaves: coefficient i is bit i % 32 of word i / 32. */
export const query: { start: number; coefficients: Uint32Array; result: number } = {
  start: 0,
  coefficients: new Uint32Array(4),
  result: 0,
}

/** The words of the last product. */
let productLow = 0
let productHigh = 0

/** The upper half of a * b. */
function highWord(a: number, b: number): number {
  const aLow = a & 0xffff
  const bLow = b & 0xffff
  const aHigh = a >>> 16
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const other = aLow * bHigh + (middle & 0xffff)
  return aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(other / 0x1_0000)
}

function multiply(low: number, high: number, [factorLow, factorHigh]: readonly [number, number]): void {
  productHigh = (highWord(low, factorLow) + Math.imul(high, factorLow) + Math.imul(low, factorHigh)) >>> 0
  productLow = Math.imul(low, factorLow) >>> 0
}

/** The seed of 32 bits that a seed of 8, as filters store it, stands for. */
export function ribbonSeed(ordinal: number): number {
  multiply(ordinal, 0, SEED_FACTOR)
  return (productLow ^ ((productLow & 0xf0f0_f0f0) >>> 4)) >>> 0
}

/** Fills `query` for the key of the filter hash; there are `startCount` rows where it may begin. */
export function ribbonQuery(low: number, high: number, seed: number, startCount: number): void {
  multiply((low ^ seed) >>> 0, high, HASH_FACTOR)
  const carry = highWord(productLow, startCount)
  const lower = (Math.imul(productHigh, startCount) >>> 0) + carry
  query.start = highWord(productHigh, startCount) + (lower > 0xffff_ffff ? 1 : 0)
  multiply(productLow, productHigh, ROW_FACTOR)
  const { coefficients } = query
  coefficients[0] = (productLow ^ ROW_XOR[0]) | 1
  coefficients[1] = productHigh ^ ROW_XOR[1]
  coefficients[2] = productLow
  coefficients[3] = productHigh
  query.result = swapBytes(productHigh)
}

function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}

/** 1 where the word has an odd number of bits, else 0. */
export function parity(word: number): number {
  word ^= word >>> 16
  word ^= word >>> 8
  word ^= word >>> 4
  return (0x6996 >>> (word & 15)) & 1
}

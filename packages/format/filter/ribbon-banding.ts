/**
 * The system of linear equations behind a Ribbon filter: for each key, the sum of the rows that it selects is to be its
 * result. Equations are added one by one and kept in echelon form, of which a band of 128 coefficients is stored for
 * each row; then the rows are found from the last one up.
 *
 * RocksDB: util/ribbon_alg.h, BandingAdd and InterleavedBackSubst
 */
import { writeUint32 } from '../bytes/index.ts'
import { parity, query, RIBBON_ROWS } from './ribbon-hash.ts'

const WORDS = RIBBON_ROWS / 32
const SEGMENT_LENGTH = RIBBON_ROWS / 8

export class RibbonBanding {
  /** How many rows a key may begin at. */
  readonly startCount: number
  private readonly slots: number
  /** Four words for each row; all zero where no equation begins at it, else the first bit is one. */
  private readonly coefficients: Uint32Array
  private readonly results: Uint32Array

  /** `slots` is a multiple of 128. */
  constructor(slots: number) {
    this.slots = slots
    this.startCount = slots - RIBBON_ROWS + 1
    this.coefficients = new Uint32Array(WORDS * slots)
    this.results = new Uint32Array(slots)
  }

  reset(): void {
    this.coefficients.fill(0)
    this.results.fill(0)
  }

  /** Adds the equation in `query`; false when it contradicts those before. */
  add(): boolean {
    const rows = this.coefficients
    let [a, b, c, d] = query.coefficients
    let { start, result } = query
    for (;;) {
      const at = WORDS * start
      if (rows[at] === 0) {
        rows[at] = a
        rows[at + 1] = b
        rows[at + 2] = c
        rows[at + 3] = d
        this.results[start] = result
        return true
      }
      a ^= rows[at]
      b ^= rows[at + 1]
      c ^= rows[at + 2]
      d ^= rows[at + 3]
      result ^= this.results[start]
      if ((a | b | c | d) === 0) return result === 0
      // Shifts the first coefficient that is left to the front.
      while (a === 0) {
        a = b
        b = c
        c = d
        d = 0
        start += 32
      }
      const zeros = 31 - Math.clz32(a & -a)
      if (zeros > 0) {
        a = (a >>> zeros) | (b << (32 - zeros))
        b = (b >>> zeros) | (c << (32 - zeros))
        c = (c >>> zeros) | (d << (32 - zeros))
        d >>>= zeros
        start += zeros
      }
    }
  }

  /** Solves the equations and writes the segments into `target`, which they fill up to `length`. */
  solve(target: Uint8Array, length: number): void {
    const blocks = this.slots / RIBBON_ROWS
    let segment = length / SEGMENT_LENGTH
    let columns = Math.ceil(segment / blocks)
    const fullFrom = columns * blocks - segment
    const state = new Uint32Array(WORDS * columns)
    for (let block = blocks - 1; block >= 0; block--) {
      if (block === fullFrom - 1) columns--
      this.solveBlock(block * RIBBON_ROWS, columns, state)
      segment -= columns
      for (let i = 0; i < WORDS * columns; i++)
        writeUint32(target, segment * SEGMENT_LENGTH + 4 * i, state[i])
    }
  }

  /** `state` has, for each column, the 128 rows found last; then it has those of the block. */
  private solveBlock(first: number, columns: number, state: Uint32Array): void {
    const rows = this.coefficients
    for (let row = first + RIBBON_ROWS - 1; row >= first; row--) {
      const at = WORDS * row
      const a = rows[at]
      const b = rows[at + 1]
      const c = rows[at + 2]
      const d = rows[at + 3]
      const result = this.results[row]
      for (let column = 0; column < columns; column++) {
        const word = WORDS * column
        const s3 = (state[word + 3] << 1) | (state[word + 2] >>> 31)
        const s2 = (state[word + 2] << 1) | (state[word + 1] >>> 31)
        const s1 = (state[word + 1] << 1) | (state[word] >>> 31)
        const s0 = state[word] << 1
        const bit = parity((s0 & a) ^ (s1 & b) ^ (s2 & c) ^ (s3 & d)) ^ ((result >>> column) & 1)
        state[word] = s0 | bit
        state[word + 1] = s1
        state[word + 2] = s2
        state[word + 3] = s3
      }
    }
  }
}

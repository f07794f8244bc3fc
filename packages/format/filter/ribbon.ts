/**
 * Standard128Ribbon: a filter that solves a system of linear equations over bits and takes about 30 % less room than
 * Bloom. A key selects some of 128 consecutive rows; it may be in the table when, for every column, the parity of the
 * selected bits is the one that its hash expects.
 *
 *     filter  := segment u8[16] ..., 0xfe, seed u8, blockCount u24le
 *     segment := one column of 128 rows; a block of rows is `columns` segments, or one fewer in early blocks
 *
 * RocksDB: util/ribbon_alg.h; table/block_based/filter_policy.cc, Standard128RibbonBitsReader
 */
import { readUint32 } from '../bytes/index.ts'
import { filterHash, hashResult } from '../checksum/index.ts'
import { FILTER_TRAILER_LENGTH, type FilterReader } from './filter-reader.ts'
import { parity, query, RIBBON_ROWS, ribbonQuery, ribbonSeed } from './ribbon-hash.ts'

/** The byte that marks a Ribbon filter. */
export const RIBBON_MARKER = 0xfe

const SEGMENT_LENGTH = RIBBON_ROWS / 8
const MAX_COLUMNS = 32

/** The rows that the key asked for last selects: 128 of its first block, then 128 of the next. */
const selected = new Uint32Array(8)

export class RibbonFilter implements FilterReader {
  readonly usesFilterHash = true
  private readonly bytes: Uint8Array
  private readonly seed: number
  private readonly startCount: number // A key's first row is one of so many.
  private readonly columns: number
  private readonly firstFullBlock: number // Blocks before it have a column less.

  /** The caller has checked that there are at least two blocks. */
  constructor(payload: Uint8Array, seed: number, blockCount: number) {
    const segmentCount = Math.floor((payload.length - FILTER_TRAILER_LENGTH) / SEGMENT_LENGTH)
    const columns = Math.ceil(segmentCount / blockCount)
    this.bytes = payload
    this.seed = ribbonSeed(seed)
    this.startCount = blockCount * RIBBON_ROWS - (RIBBON_ROWS - 1)
    this.columns = Math.min(columns, MAX_COLUMNS)
    this.firstFullBlock = columns > MAX_COLUMNS ? 0 : columns * blockCount - segmentCount
  }

  mayMatch(bytes: Uint8Array, start: number, end: number): boolean {
    filterHash(bytes, start, end)
    return this.mayMatchHash(hashResult.low, hashResult.high)
  }

  mayMatchHash(low: number, high: number): boolean {
    ribbonQuery(low, high, this.seed, this.startCount)
    const { start, result } = query
    selectRows(start % RIBBON_ROWS)
    return this.matchesColumns(Math.floor(start / RIBBON_ROWS), result)
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

/** Puts the coefficients of `query` where they lie in the block that they begin in, at row `shift`, and the next. */
function selectRows(shift: number): void {
  const { coefficients } = query
  const words = shift >>> 5
  const bits = shift & 31
  selected.fill(0)
  for (let i = 0; i < coefficients.length; i++) {
    selected[words + i] |= coefficients[i] << bits
    if (bits > 0) selected[words + i + 1] = coefficients[i] >>> (32 - bits)
  }
}

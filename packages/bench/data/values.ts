/**
 * db_bench's half-compressible values: random letters, twice.
 *
 * RocksDB: tools/db_bench_tool.cc RandomGenerator, test_util/testutil.cc CompressibleString
 */
import { VALUE_BYTES } from '../settings.ts'
import { Random } from './random.ts'

/** As many as db_bench's megabyte of random data holds. */
const POOL_VALUES = 10_485
const FIRST_LETTER = 0x20
const LETTERS = 95

export class ValuePool {
  private readonly values: Buffer[]
  private at = 0

  constructor(seed: number, valueBytes: number = VALUE_BYTES) {
    const random = new Random(seed)
    this.values = Array.from({ length: POOL_VALUES }, () => halfCompressible(random, valueBytes))
  }

  next(): Buffer {
    this.at = (this.at + 1) % POOL_VALUES
    return this.values[this.at]
  }
}

function halfCompressible(random: Random, valueBytes: number): Buffer {
  const value = Buffer.alloc(valueBytes)
  const half = valueBytes / 2
  for (let i = 0; i < half; i++) value[i] = FIRST_LETTER + random.below(LETTERS)
  value.copy(value, half, 0, half)
  return value
}

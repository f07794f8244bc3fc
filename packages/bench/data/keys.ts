/**
 * db_bench's keys, so that every system stores the same rows.
 *
 *     key := number u64be, '0'[]
 *
 * RocksDB: tools/db_bench_tool.cc, GenerateKeyFromInt
 */
import { KEY_BYTES } from '../settings.ts'

/** More than any workload has in flight: a key stays as it is until its operation is over. */
const RING_KEYS = 1024
const ZERO = 0x30

/** Makes keys without allocating: the same buffers over and over. */
export class KeyRing {
  private readonly keys: Buffer[]
  private at = 0

  constructor(keyBytes: number = KEY_BYTES) {
    this.keys = Array.from({ length: RING_KEYS }, () => Buffer.alloc(keyBytes, ZERO).fill(0, 0, 8))
  }

  /** The key of a number below 2^32, valid for the next thousand calls. */
  key(number: number): Buffer {
    const key = this.keys[this.at]
    this.at = (this.at + 1) % RING_KEYS
    key[4] = number >>> 24
    key[5] = number >>> 16
    key[6] = number >>> 8
    key[7] = number
    return key
  }
}

/** A key that is never written: one byte longer than those that are, as db_bench does it. */
export function missingKeys(): KeyRing {
  return new KeyRing(KEY_BYTES + 1)
}

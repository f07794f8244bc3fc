import { crc32 } from 'node:zlib'

/** A fingerprint of a set of rows, which one row more or less changes in a few operations. */
export class StateHash {
  static readonly empty: StateHash = new StateHash(0, 0, 0)
  readonly rows: number
  private readonly low: number
  private readonly high: number

  private constructor(rows: number, low: number, high: number) {
    this.rows = rows
    this.low = low
    this.high = high
  }

  /** With the row, if it was not in the set, or without it, if it was. Both count as one more in `rows`. */
  toggled(key: string, value: string): StateHash {
    const row = crc32(value, crc32(key)) ^ Math.imul(key.length, 0x9e37_79b1)
    // Checksums of rows that trade values add up to the same; these do not.
    return new StateHash(this.rows + 1, this.low ^ scrambled(row), this.high ^ scrambled(~row))
  }

  equals(other: StateHash | undefined): boolean {
    return other !== undefined && this.low === other.low && this.high === other.high
  }
}

/** The end of MurmurHash3: every bit of the result depends on every bit. */
function scrambled(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35)
  return bits ^ (bits >>> 16)
}

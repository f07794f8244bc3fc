/** The moment at which a reader sees a column family whose entries expire. */
import type { MergeOperator } from '../merge/index.ts'
import { type Expiry, mergeLiving, mustEnd, NEVER } from './expiry.ts'

export class ReadMoment {
  /** Bytes behind each value that are not the reader's. */
  readonly stampLength: number
  private readonly expiry: Expiry
  private readonly now: number
  private readonly hides: boolean

  /** `now` in milliseconds since 1970. */
  constructor(expiry: Expiry, now: number) {
    this.expiry = expiry
    this.stampLength = expiry.stampLength
    this.hides = expiry.source.hides
    this.now = now
  }

  /** Whether the value bytes[start..end), with its stamp, is to be seen. Throws `CORRUPTION` when it has none. */
  sees(bytes: Uint8Array, start: number, end: number): boolean {
    return mustEnd(this.expiry, bytes, start, end) > this.now || !this.hides
  }

  /** When the value bytes[start..end) is over, in milliseconds since 1970; undefined: never. */
  expiresAt(bytes: Uint8Array, start: number, end: number): number | undefined {
    const over = mustEnd(this.expiry, bytes, start, end)
    return over === NEVER ? undefined : over
  }

  /** What is to be seen of operands, oldest first, above a value: with a stamp, or undefined if nothing is. */
  merge(
    operator: MergeOperator | undefined,
    key: Uint8Array,
    existing: Uint8Array | undefined,
    operands: readonly Uint8Array[],
  ): Uint8Array | undefined {
    return mergeLiving(this.expiry, operator, this.now, key, existing, operands)
  }
}

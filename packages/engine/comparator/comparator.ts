/**
 * Comparators of a program's own: in what order the keys of a column family stand. The order is part of the files, so a
 * family has the same one for ever; its name stands in the MANIFEST and is checked by every open.
 *
 * RocksDB: include/rocksdb/comparator.h
 */
import { compareBytes } from '@varve/format/bytes'
import { VarveError } from '@varve/format/errors'
import { KeyOrder } from '@varve/format/key'

/**
 * Must be a total order that tells all keys apart: `compare` gives 0 for the same bytes only, the opposite sign for the
 * opposite question, and the same answer for ever. What it is given are views that must be neither changed nor kept.
 */
export interface Comparator {
  /** Stands in the MANIFEST and in tables. Another order needs another name. */
  readonly name: string
  /** Negative when `a` comes before `b`, positive when it comes after, 0 when they are the same bytes. */
  compare(a: Uint8Array, b: Uint8Array): number
  /** A key at or after `a` and before `b` that is not longer than `a`: it makes indexes smaller. Without it, `a` is taken. */
  separator?(a: Uint8Array, b: Uint8Array): Uint8Array
}

/** The order that a comparator says. */
export class ComparatorOrder extends KeyOrder {
  readonly name: string
  private readonly comparator: Comparator
  /** What has to come to an end, as a write that is in the log already, goes on with bytewise order when it fails. */
  private goesOn = false

  constructor(comparator: Comparator) {
    super()
    this.comparator = comparator
    this.name = comparator.name
  }

  /** Throws `COMPARATOR_FAILED` if the comparator does not give a number. */
  compare(a: Uint8Array, aStart: number, aEnd: number, b: Uint8Array, bStart: number, bEnd: number): number {
    try {
      return this.ask(viewOf(a, aStart, aEnd), viewOf(b, bStart, bEnd))
    } catch (error) {
      const failure = this.failed(error)
      if (!this.goesOn) throw failure
      this.failure ??= failure
      return compareBytes(a, aStart, aEnd, b, bStart, bEnd)
    }
  }

  /** Prefixes say nothing. */
  high(): number {
    return 0
  }

  low(): number {
    return 0
  }

  /** Does `work`, in which a failure of the comparator is noted as `failure` instead of thrown. */
  override throughout(work: () => void): void {
    this.goesOn = true
    try {
      work()
    } finally {
      this.goesOn = false
    }
  }

  override separator(a: Uint8Array, b: Uint8Array): Uint8Array {
    if (this.comparator.separator === undefined) return a
    try {
      const separator = this.comparator.separator(a, b)
      const isOne =
        separator instanceof Uint8Array &&
        separator.length <= a.length &&
        this.compareKeys(a, separator) <= 0 &&
        this.compareKeys(separator, b) < 0
      if (isOne) return separator
    } catch (error) {
      throw this.failed(error)
    }
    throw this.failed(new RangeError('its separator is not between the keys'))
  }

  private ask(a: Uint8Array, b: Uint8Array): number {
    const order: unknown = this.comparator.compare(a, b)
    if (typeof order !== 'number' || Number.isNaN(order)) {
      throw new TypeError(`what it gave is no number but ${String(order)}`)
    }
    return order
  }

  private failed(cause: unknown): VarveError {
    if (cause instanceof VarveError && cause.code === 'COMPARATOR_FAILED') return cause
    const { name } = this
    return new VarveError(
      'COMPARATOR_FAILED',
      `the comparator ${name} failed: ${cause}`,
      { comparator: name },
      cause,
    )
  }
}

/** Much of what a program may call, a TextDecoder for one, takes no shared memory, in which memtables lie. */
function viewOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return bytes.buffer instanceof ArrayBuffer
    ? bytes.subarray(start, end)
    : new Uint8Array(bytes.subarray(start, end))
}

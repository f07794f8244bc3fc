/**
 * How the entries of a column family come to an end. Such a family has a stamp behind each value and merge operand
 * (@varve/format/expiry), in the log, in memtables and in tables; what callers give and get is without it.
 *
 * An entry is over from a moment on, and whoever reads sees the rows as they are at one: a snapshot at the moment when
 * it was taken, anybody else at that of the read. To a reader a value that is over is a deletion, and a merge operand
 * that is over is nothing: each has its own life. So a compaction may make the same of them, as soon as no snapshot
 * can see them any more, and no reader can tell whether it has.
 */
import { CorruptionError } from '@varve/format/errors'
import { fullMerge, type MergeOperator, partialMerge } from '../merge/index.ts'

/** `keys`: each entry as it was written (`expiringKeys`). `database`: all after the same time, as in RocksDB (`ttlDatabase`). */
export type ExpiryKind = 'keys' | 'database'

/** An expiry as plain data, from which any thread makes it. */
export interface ExpirySource {
  readonly kind: ExpiryKind
  /** Seconds that an entry of a `database` lives; 0 for ever. */
  readonly ttl: number
  /** Whether readers of a `database` pass over what is over. */
  readonly hides: boolean
}

/** How long one entry is to be there, in milliseconds since 1970. */
export interface Life {
  readonly written: number
  /** From this moment on it is over; `NEVER`. */
  readonly end: number
}

/** The end of what has none. */
export const NEVER = Number.POSITIVE_INFINITY

export interface Expiry {
  readonly source: ExpirySource
  /** Bytes of a stamp. */
  readonly stampLength: number
  stamp(value: Uint8Array, life: Life): Uint8Array
  /** The life of the value or operand bytes[start..end), as far as the stamp tells; undefined when it has none. */
  lifeOf(bytes: Uint8Array, start: number, end: number): Life | undefined
  /** As `lifeOf(...).end`, without an object. */
  endOf(bytes: Uint8Array, start: number, end: number): number | undefined
  /** The life of what two entries with these lives become for good; undefined when they must stay two. */
  combined(older: Life, newer: Life): Life | undefined
}

/** As `endOf`. Throws `CORRUPTION` where there is no stamp. */
export function mustEnd(expiry: Expiry, bytes: Uint8Array, start: number, end: number): number {
  return expiry.endOf(bytes, start, end) ?? refuse()
}

function mustLive(expiry: Expiry, value: Uint8Array): Life {
  return expiry.lifeOf(value, 0, value.length) ?? refuse()
}

function refuse(): never {
  throw new CorruptionError(
    'a value has no time behind it: it was not written to a column family with expiringKeys or ttlDatabase',
  )
}

/** The value without its stamp. */
function bare({ stampLength }: Expiry, stamped: Uint8Array): Uint8Array {
  return stamped.subarray(0, stamped.length - stampLength)
}

/** The operator for flushes and compactions, which combine for good: entries with stamps make one with a stamp. */
export function combiningLives(expiry: Expiry, operator: MergeOperator): MergeOperator {
  const lifeOfAll = (stamped: readonly Uint8Array[]): Life | undefined =>
    stamped
      .map((value): Life | undefined => mustLive(expiry, value))
      .reduce((older, newer) => older && newer && expiry.combined(older, newer))
  return {
    name: operator.name,
    fullMerge(key, existing, operands) {
      const life = lifeOfAll(existing === undefined ? operands : [existing, ...operands])
      // They stay, then, as those do that an operator fails on.
      if (life === undefined) throw new Error('entries that are over at different times')
      const below = existing && bare(expiry, existing)
      const merged = fullMerge(
        operator,
        key,
        below,
        operands.map(operand => bare(expiry, operand)),
      )
      return expiry.stamp(merged, life)
    },
    partialMerge(key, operands) {
      const life = lifeOfAll(operands)
      if (life === undefined) return undefined
      const merged = partialMerge(
        operator,
        key,
        operands.map(operand => bare(expiry, operand)),
      )
      return merged && expiry.stamp(merged, life)
    },
  }
}

/** What a reader at `now` sees of operands above a value, with a stamp; undefined when all of it is over. */
export function mergeLiving(
  expiry: Expiry,
  operator: MergeOperator | undefined,
  now: number,
  key: Uint8Array,
  existing: Uint8Array | undefined,
  operands: readonly Uint8Array[],
): Uint8Array | undefined {
  const { hides } = expiry.source
  const isLive = (stamped: Uint8Array): boolean => mustLive(expiry, stamped).end > now || !hides
  const below = existing !== undefined && isLive(existing) ? existing : undefined
  const living = operands.filter(isLive)
  if (living.length === 0) return below
  const lives = (below === undefined ? living : [below, ...living]).map(value => mustLive(expiry, value))
  const merged = fullMerge(
    operator,
    key,
    below && bare(expiry, below),
    living.map(operand => bare(expiry, operand)),
  )
  const life: Life = {
    written: Math.max(...lives.map(({ written }) => written)),
    end: Math.max(...lives.map(({ end }) => end)),
  }
  return expiry.stamp(merged, life)
}

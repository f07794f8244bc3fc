/**
 * Compaction filters: a user's function that is asked about entries while they are compacted, and may have them removed
 * or changed.
 *
 * It is asked only about what nobody but new readers sees: the newest version of a key, and merge operands, that are
 * newer than every snapshot. So what a snapshot shows does not change by it.
 *
 * RocksDB: include/rocksdb/compaction_filter.h (there snapshots protect merge operands only)
 */
import { compareBytes } from '@varve/format/bytes'
import { VarveError } from '@varve/format/errors'

/** What a filter is asked about: a value, or an operand that is still to be merged. */
export type FilteredKind = 'value' | 'mergeOperand'

/**
 * What becomes of an entry: it stays; it is deleted; it gets another value; or it is deleted together with all keys
 * from it to before `skipUntil`, about which the filter is not asked. A `skipUntil` that is not behind the key keeps it.
 */
export type FilterDecision = 'keep' | 'remove' | { value: Uint8Array } | { skipUntil: Uint8Array }

/** The flush or compaction that asks. Plain data. */
export interface FilterContext {
  readonly columnFamily: string
  readonly columnFamilyId: number
  /** `flush` only for filters with `filtersFlushes`. */
  readonly reason: 'flush' | 'compaction'
  /** The level that the inputs begin in, and the one that the output goes to; both 0 for a flush. */
  readonly level: number
  readonly outputLevel: number
  /** All tables of the column family are among the inputs. */
  readonly isFullCompaction: boolean
  /** `compact()` asked for it. */
  readonly isManualCompaction: boolean
  /** Nothing older lies below the output. */
  readonly isBottommost: boolean
}

/**
 * Decides about one entry. Key and value are views that must be neither changed nor kept. What it throws stops the
 * compaction with `FILTER_FAILED`: nothing is lost, and nothing has been changed.
 */
export type FilterFunction = (
  key: Uint8Array,
  value: Uint8Array,
  kind: FilteredKind,
  context: FilterContext,
) => FilterDecision

export interface CompactionFilter {
  /** For messages. */
  readonly name: string
  readonly filter: FilterFunction
  /** Asks it when memtables are flushed, too. Default false, as in RocksDB. */
  readonly filtersFlushes?: boolean
}

/** A filter, and who asks it. */
export interface FilterRun {
  readonly filter: CompactionFilter
  readonly context: FilterContext
}

/** What the filter says, checked. Throws `FILTER_FAILED`. */
export function askFilter(
  { filter, context }: FilterRun,
  key: Uint8Array,
  value: Uint8Array,
  kind: FilteredKind,
): FilterDecision {
  let decision: unknown
  try {
    decision = filter.filter(key, value, kind, context)
  } catch (error) {
    throw filterFailed(filter, error)
  }
  if (decision === 'keep' || decision === 'remove') return decision
  if (typeof decision === 'object' && decision !== null) {
    if ('value' in decision && decision.value instanceof Uint8Array) return { value: decision.value }
    if ('skipUntil' in decision && decision.skipUntil instanceof Uint8Array) {
      const { skipUntil } = decision
      const isBehind = compareBytes(skipUntil, 0, skipUntil.length, key, 0, key.length) > 0
      // The filter may use its buffer again.
      return isBehind ? { skipUntil: new Uint8Array(skipUntil) } : 'keep'
    }
  }
  throw filterFailed(filter, new TypeError(`what it gave is no decision: ${show(decision)}`))
}

function show(decision: unknown): string {
  return typeof decision === 'object' && decision !== null
    ? `an object with ${Object.keys(decision).join(', ') || 'nothing'}`
    : String(decision)
}

function filterFailed({ name }: CompactionFilter, cause: unknown): VarveError {
  return new VarveError(
    'FILTER_FAILED',
    `the compaction filter ${name} failed: ${cause}`,
    { filter: name },
    cause,
  )
}

import type { DamageReason } from './fragment.ts'

/** What a log reader finds, in the order of the file. */
export type LogItem = LogRecord | LogDamage | LogTimestampSizes | LogPredecessor

export interface LogRecord {
  kind: 'record'
  /** A view of the log when the record is one fragment and not compressed, else bytes of its own. */
  payload: Uint8Array
  /** Where its first fragment's header begins, and where its last fragment ends. */
  offset: number
  end: number
  recyclable: boolean
}

/** Bytes that are not intact fragments of this log, or fragments that do not add up to a record. */
export interface LogDamage {
  kind: 'damage'
  reason: DamageReason
  /** Where the trouble begins. */
  offset: number
  /** Where the record begins that is lost with it; `offset` unless earlier fragments of it were intact. */
  recordOffset: number
  /** Where reading goes on. */
  resumesAt: number
  /** True when the log ends there. */
  tail: boolean
  /**
   * Where in bytes[offset..resumesAt) an intact fragment stands that is skipped with the rest. A search with
   * a bound, so `undefined` proves nothing; and a log copied into a value can be what was found.
   */
  intactAt: number | undefined
}

/** Timestamp lengths of the column families that have one; true for the batches that follow. */
export interface LogTimestampSizes {
  kind: 'timestampSizes'
  sizes: { columnFamily: number; size: number }[]
  offset: number
  end: number
}

/** What the log before this one was when this one began. */
export interface LogPredecessor {
  kind: 'predecessor'
  logNumber: number
  size: number
  lastSequence: number
  offset: number
  end: number
}

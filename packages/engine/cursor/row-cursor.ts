/** What a reader moves over: the rows that it sees. `VisibleCursor` is one, and `TimestampCursor` for keys with timestamps. */
import type { Column } from '@varve/format/entity'
import type { Step, Wanted } from './cursor.ts'

export interface RowCursor {
  readonly valid: boolean
  /** The user key is keyBytes[keyStart..keyEnd), until the cursor moves. */
  readonly keyBytes: Uint8Array
  readonly keyStart: number
  readonly keyEnd: number
  /** What a plain read sees of the value is valueBytes[valueStart..valueEnd). */
  readonly valueBytes: Uint8Array
  readonly valueStart: number
  readonly valueEnd: number

  /** When the entry is over, in milliseconds since 1970; undefined: never. Expects `valid`. */
  readonly expiresAt: number | undefined

  first(): Step
  last(): Step
  /** Moves to the first key at or after bytes[start..end). */
  seek(bytes: Uint8Array, start?: number, end?: number): Step
  /** Moves to the last key at or before bytes[start..end). */
  seekForPrev(bytes: Uint8Array, start?: number, end?: number): Step
  /** Expects `valid`, or to be repeated after `needsBlock`; so does `prev`. */
  next(): Step
  prev(): Step
  /** Copies of the columns of the current entry, in order of their names; the column of a plain value has no name. */
  columns(): Column[]
  collectWanted(into: Wanted[], ahead?: boolean): void
  /** Lets go of the blocks that it reads; it is not used afterwards. */
  release(): void
}

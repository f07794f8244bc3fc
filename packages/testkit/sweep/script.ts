/**
 * A script is what a sweep repeats with a crash or a fault at each operation: rounds of actions, all of a round
 * under way at once. It is data, so that a seed gives the same one each time.
 *
 * Keys and values are strings of one character per byte.
 */
import type { BatchOperation, MutableColumnFamilyOptions, OpenOptions } from 'varve'
import type { Random } from '../random.ts'

export type Action =
  | { readonly kind: 'write'; readonly operations: readonly BatchOperation[]; readonly sync: boolean }
  | { readonly kind: 'flush'; readonly columnFamily: string | undefined }
  | { readonly kind: 'compact'; readonly columnFamily: string }
  /** Some of the tables, as many as can be. */
  | { readonly kind: 'compactFiles'; readonly columnFamily: string; readonly outputLevel: number }
  | {
      readonly kind: 'setOptions'
      readonly columnFamily: string
      readonly changes: MutableColumnFamilyOptions
    }
  /** All files below level 0. In a round of its own, behind a synced deletion of all keys: nothing is to change by it. */
  | { readonly kind: 'deleteFiles'; readonly columnFamily: string }
  | { readonly kind: 'createFamily'; readonly name: string }
  | { readonly kind: 'dropFamily'; readonly name: string }
  /** Reads everything and compares. In a round of its own. */
  | { readonly kind: 'scan' }
  | { readonly kind: 'sleep'; readonly milliseconds: number }
  /** Closes and opens. In a round of its own. */
  | { readonly kind: 'reopen' }
  /** Loses power and opens. In a round of its own. */
  | { readonly kind: 'crash' }
  /** Kills the process and opens: what was not synced is in the page cache. In a round of its own. */
  | { readonly kind: 'kill' }

export type Round = readonly Action[]

export interface Script {
  readonly name: string
  readonly options: OpenOptions
  rounds(random: Random): Round[]
}

/** The families that opening with these options makes. */
export function baseFamilies({ columnFamilies = {} }: OpenOptions): string[] {
  return ['default', ...Object.keys(columnFamilies)]
}

/**
 * What a compaction asks about the entries that only new readers see: first whether their time is over, then the user's
 * filter. After `skipUntil` nobody is asked: all keys before it go.
 */
import { compareBytes } from '@varve/format/bytes'
import type { KeyOrder } from '@varve/format/key'
import {
  askFilter,
  type CompactionFilter,
  type FilterContext,
  type FilterDecision,
  type FilteredKind,
  type FilterRun,
} from '../compaction-filter/index.ts'
import { combiningLives, type Expiry, type ExpirySource, makeExpiry, NEVER } from '../expiry/index.ts'
import type { MergeOperator } from '../merge/index.ts'
import type { ModuleSource } from '../runtime/user-module.ts'

/** What a job says of its filter. Plain data. */
export interface FilterTask {
  /** From where it is loaded; absent for one that was given itself, and comes with the call. */
  readonly source: ModuleSource | undefined
  readonly context: FilterContext
}

/** What a job's message cannot carry: whoever runs it loads them. */
export interface UserFunctions {
  readonly merge?: MergeOperator | undefined
  readonly filter?: CompactionFilter | undefined
  /** Of the keys. */
  readonly order: KeyOrder
}

/** When entries are over. Plain data. */
export interface ExpiryTask {
  readonly source: ExpirySource
  /** What is over by then, in milliseconds since 1970, is removed; undefined: nothing is. */
  readonly now: number | undefined
}

/** The parts of a job that decide about entries. */
export interface EntryTasks {
  readonly filter?: FilterTask | undefined
  readonly expiry?: ExpiryTask | undefined
}

/** What the job asks about entries; undefined when it asks nothing. */
export function entryFilterOf(
  { filter: task, expiry: life }: EntryTasks,
  filter: CompactionFilter | undefined,
): EntryFilter | undefined {
  // To go on without it would keep what it was to remove.
  if (task !== undefined && filter === undefined) throw new Error('the compaction filter has not been loaded')
  const user = task !== undefined && filter !== undefined ? { filter, context: task.context } : undefined
  if (user === undefined && life?.now === undefined) return undefined
  return new EntryFilter(user, life && makeExpiry(life.source), life?.now)
}

/** The operator for the entries of the job. */
export function mergeOf(
  { expiry }: EntryTasks,
  operator: MergeOperator | undefined,
): MergeOperator | undefined {
  return expiry && operator ? combiningLives(makeExpiry(expiry.source), operator) : operator
}

export class EntryFilter {
  /** Entries that were removed, and values that were changed. */
  removed = 0
  changed = 0
  private readonly user: FilterRun | undefined
  private readonly expiry: Expiry | undefined
  private readonly now: number
  private skipUntil: Uint8Array | undefined = undefined

  constructor(user: FilterRun | undefined, expiry?: Expiry, now: number = Number.NEGATIVE_INFINITY) {
    this.user = user
    this.expiry = expiry
    this.now = now
  }

  /**
   * What becomes of a value: undefined, it stays; null, it goes; else its new value. The user's filter is asked only about
   * the newest version of a key, with nothing above it that is still to be merged into it.
   */
  value(key: Uint8Array, value: Uint8Array, isNewest: boolean): Uint8Array | null | undefined {
    if (this.isOver(value)) return this.remove()
    return isNewest ? this.ask(key, value, 'value') : undefined
  }

  /** The same of a merge operand. */
  operand(key: Uint8Array, value: Uint8Array): Uint8Array | null | undefined {
    return this.isOver(value) ? this.remove() : this.ask(key, value, 'mergeOperand')
  }

  /** Whether anything may be over. */
  get expires(): boolean {
    return this.expiry !== undefined
  }

  /** Whether its time is over. What has no stamp was written by somebody else, and is left to the readers to refuse. */
  isOver(value: Uint8Array): boolean {
    const { expiry } = this
    return expiry !== undefined && (expiry.endOf(value, 0, value.length) ?? NEVER) <= this.now
  }

  private ask(key: Uint8Array, value: Uint8Array, kind: FilteredKind): Uint8Array | null | undefined {
    if (this.isSkipped(key)) return this.remove()
    if (this.user === undefined) return undefined
    const { expiry } = this
    if (expiry === undefined) return this.take(askFilter(this.user, key, value, kind))
    const life = expiry.lifeOf(value, 0, value.length)
    if (life === undefined) return undefined
    const bare = value.subarray(0, value.length - expiry.stampLength)
    const filtered = this.take(askFilter(this.user, key, bare, kind))
    return filtered ? expiry.stamp(filtered, life) : filtered
  }

  private take(decision: FilterDecision): Uint8Array | null | undefined {
    if (decision === 'keep') return undefined
    if (decision === 'remove') return this.remove()
    if ('skipUntil' in decision) {
      this.skipUntil = decision.skipUntil
      return this.remove()
    }
    this.changed++
    return decision.value
  }

  private remove(): null {
    this.removed++
    return null
  }

  private isSkipped(key: Uint8Array): boolean {
    const { skipUntil } = this
    if (skipUntil === undefined) return false
    if (compareBytes(key, 0, key.length, skipUntil, 0, skipUntil.length) < 0) return true
    this.skipUntil = undefined
    return false
  }
}

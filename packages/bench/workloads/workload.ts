/** What a workload is, and what it works with. */
import { KeyRing } from '../data/keys.ts'
import { Random } from '../data/random.ts'
import { ValuePool } from '../data/values.ts'
import type { Settings } from '../settings.ts'
import type { Durability, Store } from '../systems/store.ts'

/**
 * Each stage begins with an empty directory; its workloads run in order in one opened database.
 *
 *     synced    fillsync ...
 *     ordered   fillseq
 *     batched   fillseq100
 *     tree      fillrandom, compact, overwrite, then everything that reads
 *
 * So readers find what a store looks like at work: a sorted bulk, and newer versions of two thirds of it that
 * are partly in memory, partly in fresh files.
 */
export type Stage = 'synced' | 'ordered' | 'batched' | 'tree'

export const stages: readonly Stage[] = ['synced', 'ordered', 'batched', 'tree']

/** How much a workload may do. */
export interface Budget {
  operations: number
  /** By performance.now(). */
  endsAt: number
}

export interface Workload {
  readonly name: string
  readonly says: string
  readonly stage: Stage
  /** Belongs to the first set of workloads, which runs when none are named. */
  readonly isBasic?: true
  /** Readers of the same stage cannot do without it. */
  readonly preparesStage?: true
  /** Runs briefly, unmeasured, before it is measured: the compiler of a Node process has to see the path first. */
  readonly warmsUp?: true
  /** The workload whose figures of the other systems this one is held against, when not its own. */
  readonly heldAgainst?: string
  /** db_bench's name for it, when it has one. */
  readonly dbBench?: string
  /** Does the work and returns how many operations that were; undefined when the store has no such thing. */
  run(bench: Bench, budget: Budget): Promise<number | undefined>
  /** Afterwards, unmeasured. */
  finish?(bench: Bench): Promise<void>
}

export function durabilityOf(stage: Stage): Durability {
  return stage === 'synced' ? 'machine' : 'process'
}

/** The opened store of one stage, and what is drawn, written and expected there. */
export class Bench {
  readonly store: Store
  readonly settings: Settings
  readonly keys = new KeyRing()
  readonly values: ValuePool
  /** By key number: 1 when it has been written. */
  private readonly written: Uint8Array
  private readonly seed: number

  constructor(store: Store, settings: Settings, repetition: number) {
    this.store = store
    this.settings = settings
    this.seed = settings.seed + repetition
    this.values = new ValuePool(this.seed)
    this.written = new Uint8Array(settings.num)
  }

  /** The same numbers for the same workload in every system. */
  random(part: number): Random {
    return new Random(this.seed * 64 + part)
  }

  /** The key of a number that is now written. */
  keyToWrite(number: number): Buffer {
    this.written[number] = 1
    return this.keys.key(number)
  }

  get writtenCount(): number {
    return this.written.reduce((sum, one) => sum + one, 0)
  }
}

export function isOver(budget: Budget): boolean {
  return performance.now() >= budget.endsAt
}

/** The random numbers of each workload; overwrite and fillrandom differ, a reader repeats nobody. */
export const part = {
  fillrandom: 1,
  overwrite: 2,
  fillsync: 3,
  readrandom: 4,
  readmissing: 5,
  seekrandom: 6,
  multiget: 7,
  writer: 8,
} as const

/** What a workload is, and what it works with. */
import { KeyRing } from '../data/keys.ts'
import { Random } from '../data/random.ts'
import { ValuePool } from '../data/values.ts'
import { REPLAY_WRITE_BUFFER_BYTES, type Settings, WRITE_BUFFER_BYTES } from '../settings.ts'
import type { Needs, Store } from '../systems/store.ts'

/**
 * Each stage begins with an empty directory; its workloads run in order in one opened database. Only in the last
 * none is open: it is killed and opened there (run/killed.ts).
 *
 *     synced    fillsync ...
 *     ordered   fillseq
 *     batched   fillseq100
 *     tree      fillrandom, compact, overwrite, then everything that reads
 *     divided   compact2
 *     killed    openafterkill
 *
 * So readers find what a store looks like at work: a sorted bulk, and newer versions of two thirds of it that
 * are partly in memory, partly in fresh files.
 */
export type Stage = 'synced' | 'ordered' | 'batched' | 'tree' | 'divided' | 'killed'

export const stages: readonly Stage[] = ['synced', 'ordered', 'batched', 'tree', 'divided', 'killed']

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
  /** Before it, unmeasured. */
  prepare?(bench: Bench): Promise<void>
  /**
   * Does the work and returns how many operations that were; undefined when the store has no such thing. Absent
   * where no store is open.
   */
  run?(bench: Bench, budget: Budget): Promise<number | undefined>
  /** Afterwards, unmeasured. */
  finish?(bench: Bench): Promise<void>
}

export function needsOf(stage: Stage): Needs {
  return {
    durability: stage === 'synced' ? 'machine' : 'process',
    compactionWorkers: stage === 'divided' ? 2 : 1,
    writeBufferBytes: stage === 'killed' ? REPLAY_WRITE_BUFFER_BYTES : WRITE_BUFFER_BYTES,
  }
}

/** The opened store of one stage, and what is drawn, written and expected there. */
export class Bench {
  readonly store: Store
  readonly settings: Settings
  readonly keys = new KeyRing()
  readonly values: ValuePool
  /** A bit for each key number: it has been written. */
  private readonly written: Uint8Array
  private count = 0
  private readonly seed: number

  constructor(store: Store, settings: Settings, repetition: number) {
    this.store = store
    this.settings = settings
    this.seed = settings.seed + repetition
    this.values = new ValuePool(this.seed)
    this.written = new Uint8Array(Math.ceil(settings.num / 8))
  }

  /** The same numbers for the same workload in every system. */
  random(part: number): Random {
    return new Random(this.seed * 64 + part)
  }

  /** The key of a number that is now written. */
  keyToWrite(number: number): Buffer {
    const bit = 1 << (number & 7)
    if ((this.written[number >>> 3] & bit) === 0) {
      this.written[number >>> 3] |= bit
      this.count++
    }
    return this.keys.key(number)
  }

  get writtenCount(): number {
    return this.count
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

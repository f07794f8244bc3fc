/**
 * What the child does and the parent can foretell: operation n of a run follows from the run's seed alone. So
 * the child need only say how far it came.
 */
import type { BatchOperation, OpenOptions } from 'varve'
import { KeySpace, randomValue } from '../model/generators.ts'
import { MERGE_OPERATOR, randomOperation } from '../model/operations.ts'
import { randomStyle } from '../model/random-style.ts'
import { SingleKeys } from '../model/single-keys.ts'
import { Random } from '../random.ts'

export const families: readonly string[] = ['default', 'users', 'log']

/** What the child is told, as JSON on its command line. */
export interface CrashRun {
  directory: string
  seed: number
  options: OpenOptions
  /** Writes that are under way at the same time. */
  concurrency: number
  /** Of how many writes one asks for a sync. */
  syncEvery: number
}

/** Sizes so small that every second brings flushes, compactions, new logs and new MANIFESTs. */
export function crashRun(directory: string, random: Random): CrashRun {
  const KIB = 1024
  return {
    directory,
    seed: random.next(),
    concurrency: random.pick([1, 4, 32]),
    syncEvery: random.pick([5, 50, 1000]),
    options: {
      writeBufferSize: random.pick([64, 128, 512]) * KIB,
      maxWriteBufferNumber: random.between(2, 4),
      level0FileNumCompactionTrigger: random.between(2, 4),
      targetFileSizeBase: random.pick([32, 128]) * KIB,
      maxBytesForLevelBase: random.pick([64, 256]) * KIB,
      maxBytesForLevelMultiplier: random.pick([2, 4]),
      levelCompactionDynamicLevelBytes: random.chance(0.5),
      maxManifestFileSize: random.pick([KIB, 16 * KIB, KIB * KIB]),
      maxTotalWalSize: random.pick([0, 256 * KIB]),
      avoidFlushDuringRecovery: random.chance(0.3),
      compression: random.pick(['none', 'snappy', 'lz4', 'zstd']),
      walSync: random.pick(['onRequest', 'onRequest', { everyBytes: 65_536 }, { everyMs: 20 }]),
      mergeOperator: MERGE_OPERATOR,
      ...randomStyle(new Random(random.next())),
      columnFamilies: Object.fromEntries(families.slice(1).map(name => [name, {}])),
    },
  }
}

export type CrashStep =
  | { kind: 'write'; operations: BatchOperation[]; sync: boolean }
  /** No write: something else to be killed in. */
  | { kind: 'flush' | 'compact'; columnFamily: string }

/** The steps of a run, one after another. */
export class Workload {
  private readonly random: Random
  private readonly keys: KeySpace
  private readonly singles: SingleKeys
  private readonly syncEvery: number

  constructor(run: CrashRun) {
    this.random = new Random(run.seed)
    this.keys = new KeySpace(new Random(1), 2000)
    this.singles = new SingleKeys(run.seed)
    this.syncEvery = run.syncEvery
  }

  next(): CrashStep {
    const { random } = this
    if (random.chance(0.002))
      return { kind: random.pick(['flush', 'compact']), columnFamily: random.pick(families) }
    const size = random.chance(0.2) ? random.between(2, 30) : 1
    const operations = Array.from({ length: size }, (): BatchOperation => this.operation())
    return { kind: 'write', operations, sync: random.below(this.syncEvery) === 0 }
  }

  private operation(): BatchOperation {
    const { random } = this
    // Larger than an arena now and then: it takes a memtable of its own.
    const value = () => (random.chance(0.0003) ? random.bytes(3_000_000) : randomValue(random, 100_000))
    const family = random.pick(families)
    if (random.chance(0.03)) return this.singles.operation(random, family, value())
    const shares = { delete: 22, singleDelete: 0, merge: 10, deleteRange: random.chance(0.1) ? 10 : 0 }
    return randomOperation(random, family, () => this.keys.pick(random), value, shares)
  }
}

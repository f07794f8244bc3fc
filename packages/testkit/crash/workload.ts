/**
 * What the child does and the parent can foretell: operation n of a run follows from the run's seed alone. So
 * the child need only say how far it came.
 */
import type { BatchOperation, MutableColumnFamilyOptions, OpenOptions } from 'varve'
import { KeySpace, randomValue } from '../model/generators.ts'
import { MERGE_OPERATOR, randomOperation } from '../model/operations.ts'
import { randomFamilyChange } from '../model/option-changes.ts'
import { randomBlobs } from '../model/random-blobs.ts'
import { randomMemtable } from '../model/random-memtable.ts'
import { randomStyle } from '../model/random-style.ts'
import { SingleKeys } from '../model/single-keys.ts'
import { Random } from '../random.ts'

export const families: readonly string[] = ['default', 'users', 'log']
const ENTITY_FAMILY = 'log'

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

/** Changes nothing. */
const keepFilter = {
  module: new URL('../metamorphic/keep-filter.ts', import.meta.url).href,
  export: 'inFlushes',
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
      cacheIndexAndFilterBlocks: random.chance(0.3),
      mergeOperator: MERGE_OPERATOR,
      ...(random.chance(0.2) ? { memoryBudget: 4 * KIB * KIB } : {}),
      ...(random.chance(0.3) ? { compactionFilter: keepFilter } : {}),
      ...randomStyle(new Random(random.next())),
      ...randomBlobs(new Random(random.next())),
      ...randomMemtable(new Random(random.next())),
      columnFamilies: Object.fromEntries(families.slice(1).map(name => [name, {}])),
    },
  }
}

export type CrashStep =
  | { kind: 'write'; operations: BatchOperation[]; sync: boolean }
  /** No write: something else to be killed in. */
  | { kind: 'flush' | 'compact' | 'compactFiles'; columnFamily: string }
  | { kind: 'setOptions'; columnFamily: string; changes: MutableColumnFamilyOptions }

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
    if (random.chance(0.004)) return this.pause()
    const size = random.chance(0.2) ? random.between(2, 30) : 1
    const operations = Array.from({ length: size }, (): BatchOperation => this.operation())
    return { kind: 'write', operations, sync: random.below(this.syncEvery) === 0 }
  }

  private pause(): CrashStep {
    const { random } = this
    const kind = random.pick(['flush', 'compact', 'compactFiles', 'setOptions'] as const)
    const columnFamily = random.pick(families)
    if (kind !== 'setOptions') return { kind, columnFamily }
    return { kind, columnFamily, changes: randomFamilyChange(random) }
  }

  private operation(): BatchOperation {
    const { random } = this
    // Larger than an arena now and then: it takes a memtable of its own.
    const value = () => (random.chance(0.0003) ? random.bytes(3_000_000) : randomValue(random, 100_000))
    const family = random.pick(families)
    if (random.chance(0.03)) return this.singles.operation(random, family, value())
    const deleteRange = random.chance(0.1) ? 10 : 0
    // C++ RocksDB 7.8, which looks at what is left, cannot merge into an entity.
    const kinds = family === ENTITY_FAMILY ? { merge: 0, putEntity: 10 } : { merge: 10, putEntity: 0 }
    const shares = { delete: 22, singleDelete: 0, deleteRange, ...kinds }
    return randomOperation(random, family, () => this.keys.pick(random), value, shares)
  }
}

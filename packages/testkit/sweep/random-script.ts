/** A script of everything at once, with options to go with it; all of it follows from the seed. */
import type { BatchOperation, OpenOptions } from 'varve'
import { MERGE_OPERATOR, randomOperation } from '../model/operations.ts'
import { randomStyle } from '../model/random-style.ts'
import { Random } from '../random.ts'
import type { Action, Round, Script } from './script.ts'

const KIB = 1024

export function randomScript(seed: number, roundCount: number): Script {
  const random = new Random(seed).fork(7)
  return {
    name: `random-${seed}`,
    options: { ...randomOptions(random), ...randomStyle(new Random(seed).fork(8)) },
    rounds: () => randomRounds(random, roundCount),
  }
}

function randomOptions(random: Random): OpenOptions {
  const bottom: OpenOptions = random.chance(0.3) ? { bottommostCompression: 'zstd' } : {}
  return {
    ...bottom,
    writeBufferSize: 64 * KIB,
    maxWriteBufferNumber: random.between(2, 4),
    blockSize: random.pick([256, 1024, 4096]),
    blockCacheSize: random.pick([0, 64 * KIB, 1024 * KIB]),
    level0FileNumCompactionTrigger: random.between(2, 4),
    targetFileSizeBase: 32 * KIB,
    maxBytesForLevelBase: 64 * KIB,
    maxBytesForLevelMultiplier: random.pick([2, 4]),
    levelCompactionDynamicLevelBytes: random.chance(0.5),
    disableAutoCompactions: random.chance(0.2),
    compression: random.pick(['none', 'snappy', 'lz4']),
    maxManifestFileSize: random.pick([KIB, 4 * KIB, 1024 * KIB]),
    maxTotalWalSize: random.pick([0, 100 * KIB]),
    maxOpenFiles: random.pick([-1, 8]),
    avoidFlushDuringRecovery: random.chance(0.3),
    paranoidFileChecks: random.chance(0.3),
    walSync: random.pick(['onRequest', 'onRequest', 'always', { everyBytes: 2048 }, { everyMs: 5 }]),
    mergeOperator: MERGE_OPERATOR,
    columnFamilies: random.chance(0.5) ? { users: {}, log: {} } : {},
  }
}

function randomRounds(random: Random, count: number): Round[] {
  return Array.from({ length: count }, () => randomRound(random))
}

function randomRound(random: Random): Round {
  const alone = random.below(100)
  if (alone < 4) return [{ kind: 'scan' }]
  if (alone < 6) return [{ kind: 'reopen' }]
  if (alone < 8) return [{ kind: 'kill' }]
  if (alone < 10) return [{ kind: 'crash' }]
  // Which of two changes of a family, or a change and a write, comes first is for the engine to say, not for us.
  if (alone < 16)
    return [{ kind: random.chance(0.6) ? 'createFamily' : 'dropFamily', name: random.pick(passing) }]
  return Array.from({ length: random.between(1, 6) }, () => randomAction(random))
}

/** Families that a script makes and drops. Those that are not there are passed over. */
const passing = ['a', 'b']

function randomAction(random: Random): Action {
  const kind = random.below(100)
  if (kind < 4) return { kind: 'flush', columnFamily: random.pick([undefined, 'default', 'users', 'a']) }
  if (kind < 6) return { kind: 'compact', columnFamily: 'default' }
  if (kind < 12) return { kind: 'sleep', milliseconds: random.below(10) }
  const size = random.chance(0.3) ? random.between(2, 8) : 1
  const operations = Array.from({ length: size }, () => anyOperation(random))
  return { kind: 'write', operations, sync: random.chance(0.15) }
}

function anyOperation(random: Random): BatchOperation {
  const columnFamily = random.pick(['default', 'default', 'users', 'log', ...passing])
  const length = random.pick([10, 100, 1000, random.chance(0.05) ? 30_000 : 300])
  const value = () => `${random.next()} `.repeat(Math.ceil(length / 11))
  const shares = { delete: 13, singleDelete: 5, merge: 10, deleteRange: 3 }
  return randomOperation(random, columnFamily, () => `key${random.skewed(200)}`, value, shares)
}

/** A script of everything at once, with options to go with it; all of it follows from the seed. */
import { type BatchOperation, type OpenOptions, RateLimiter } from 'varve'
import { inFlushes as keepingFilter } from '../metamorphic/keep-filter.ts'
import { MERGE_OPERATOR, randomOperation, withLifetime } from '../model/operations.ts'
import { randomFamilyChange } from '../model/option-changes.ts'
import { randomBlobs } from '../model/random-blobs.ts'
import { randomMemtable } from '../model/random-memtable.ts'
import { randomStyle } from '../model/random-style.ts'
import { Random } from '../random.ts'
import type { Action, Round, Script } from './script.ts'

const KIB = 1024

/** Bytewise order in the code of all others. */
const comparator = { module: new URL('../metamorphic/ordered.ts', import.meta.url).href }

export function randomScript(seed: number, roundCount: number): Script {
  const random = new Random(seed).fork(7)
  const options: OpenOptions = {
    ...randomOptions(random),
    ...randomStyle(new Random(seed).fork(8)),
    ...randomBlobs(new Random(seed).fork(9)),
    ...randomLimits(new Random(seed).fork(10)),
    ...randomMemtable(new Random(seed).fork(13)),
  }
  const { log } = options.columnFamilies ?? {}
  // Not for an order of its own.
  if (log?.comparator !== undefined)
    options.columnFamilies = { ...options.columnFamilies, log: { ...log, memtable: 'tree' } }
  const lives = new Random(seed).fork(12)
  const expires = options.columnFamilies?.['log'] !== undefined && lives.chance(0.5)
  if (expires) options.columnFamilies = { ...options.columnFamilies, log: { expiringKeys: true } }
  // Not by its module: how long that takes to load, no seed decides.
  if (lives.chance(0.3)) options.compactionFilter = keepingFilter
  return {
    name: `random-${seed}`,
    options,
    rounds: () => {
      const rounds = tuned(randomRounds(random, roundCount), new Random(seed).fork(11))
      return expires ? rounds.map(round => round.map(action => living(lives, action))) : rounds
    },
  }
}

/** In the family `log` keys expire. */
function living(random: Random, action: Action): Action {
  if (action.kind !== 'write') return action
  const operations = action.operations.map(operation =>
    operation.columnFamily === 'log' ? withLifetime(random, plain(operation)) : operation,
  )
  return { ...action, operations }
}

/** Where keys expire there are no entities. */
function plain(operation: BatchOperation): BatchOperation {
  if (operation.type !== 'putEntity') return operation
  return { type: 'put', key: operation.key, value: 'plain', columnFamily: 'log' }
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
    columnFamilies: random.chance(0.5) ? { users: {}, log: random.chance(0.4) ? { comparator } : {} } : {},
  }
}

/** Bounds of memory and of the bytes that jobs may write; nothing that a history shows. */
function randomLimits(random: Random): OpenOptions {
  const maybe = (options: OpenOptions): OpenOptions => (random.chance(0.2) ? options : {})
  return {
    ...maybe({ memoryBudget: 4 * KIB * KIB }),
    ...maybe({ cacheIndexAndFilterBlocks: true, pinL0FilterAndIndexBlocksInCache: random.chance(0.3) }),
    ...maybe({
      rateLimiter: new RateLimiter({ bytesPerSecond: random.pick([100, 4000]) * KIB, mode: 'all' }),
    }),
  }
}

function randomRounds(random: Random, count: number): Round[] {
  return Array.from({ length: count }, () => randomRound(random))
}

/** With changes of options and compactions of files in between, drawn apart so that the rest stays what it was. */
function tuned(rounds: Round[], random: Random): Round[] {
  return rounds.map(round => {
    const isShared = round.every(({ kind }) => kind === 'write' || kind === 'sleep' || kind === 'flush')
    if (!isShared || !random.chance(0.1)) return round
    const columnFamily = random.pick(['default', 'users'])
    const action: Action = random.chance(0.5)
      ? { kind: 'setOptions', columnFamily, changes: randomFamilyChange(random) }
      : { kind: 'compactFiles', columnFamily: 'default', outputLevel: random.below(7) }
    return [...round, action]
  })
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
  const shares = { delete: 13, singleDelete: 5, merge: 10, deleteRange: 3, putEntity: 6 }
  return randomOperation(random, columnFamily, () => `key${random.skewed(200)}`, value, shares)
}

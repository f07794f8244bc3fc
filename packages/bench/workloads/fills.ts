/** Workloads that write. */
import type { Random } from '../data/random.ts'
import { BATCH_KEYS, REPLAY_LOG_BYTES } from '../settings.ts'
import { type Bench, type Budget, isOver, part, type Workload } from './workload.ts'

const CONCURRENT_WRITERS = 64

/** Gives the number of the next key. */
type NextNumber = () => number

/**
 * Puts one by one, `inFlight` of them acknowledged together: the next group is issued when the last one of the
 * group before is acknowledged.
 */
async function putAll(bench: Bench, budget: Budget, inFlight: number, next: NextNumber): Promise<number> {
  const { store, values } = bench
  let operations = 0
  while (operations < budget.operations && !isOver(budget)) {
    const group = Math.min(inFlight, budget.operations - operations)
    const pending: Promise<unknown>[] = []
    for (let i = 0; i < group; i++) {
      const put = store.put(bench.keyToWrite(next()), values.next())
      if (put !== undefined) pending.push(put)
    }
    if (pending.length === 1) await pending[0]
    else if (pending.length > 1) await Promise.all(pending)
    operations += group
  }
  return operations
}

async function putBatches(bench: Bench, budget: Budget, next: NextNumber): Promise<number> {
  const { store, values } = bench
  let operations = 0
  while (operations < budget.operations && !isOver(budget)) {
    const size = Math.min(BATCH_KEYS, budget.operations - operations)
    const keys: Buffer[] = []
    const batchValues: Buffer[] = []
    for (let i = 0; i < size; i++) {
      keys.push(bench.keyToWrite(next()))
      batchValues.push(values.next())
    }
    await store.putBatch(keys, batchValues)
    operations += size
  }
  return operations
}

function ascending(): NextNumber {
  let number = 0
  return () => number++
}

function randomly(random: Random, bound: number): NextNumber {
  return () => random.below(bound)
}

/**
 * Random writes of the whole data: what the budget cut off is written afterwards, in batches and unmeasured; and work
 * in the background is waited for, so that a store that is quick to write does not begin what follows with a backlog.
 */
function randomFill(name: 'fillrandom' | 'overwrite', says: string): Workload {
  const rest = new WeakMap<Bench, { next: NextNumber; operations: number }>()
  return {
    name,
    says,
    stage: 'tree',
    isBasic: true,
    preparesStage: true,
    dbBench: name,
    async run(bench, budget) {
      const next = randomly(bench.random(part[name]), bench.settings.num)
      const operations = await putAll(bench, budget, groupSize(bench), next)
      rest.set(bench, { next, operations: bench.settings.num - operations })
      return operations
    },
    async finish(bench) {
      const { next, operations } = rest.get(bench) ?? { next: ascending(), operations: 0 }
      await putBatches(bench, { operations, endsAt: Number.POSITIVE_INFINITY }, next)
      await bench.store.settle?.()
    },
  }
}

function groupSize(bench: Bench): number {
  return Math.max(bench.store.putsInFlight, 1)
}

export const fillsync: Workload = {
  name: 'fillsync',
  says: 'random keys, each write on disk before the next',
  stage: 'synced',
  isBasic: true,
  dbBench: 'fillsync',
  run(bench, budget) {
    const next = randomly(bench.random(part.fillsync), bench.settings.num)
    return putAll(bench, { ...budget, operations: bench.settings.syncedWrites }, 1, next)
  },
}

export const fillsync64: Workload = {
  name: 'fillsync64',
  says: `as fillsync, by ${CONCURRENT_WRITERS} writers at once`,
  stage: 'synced',
  dbBench: 'fillsync',
  run(bench, budget) {
    const next = randomly(bench.random(part.fillsync), bench.settings.num)
    const operations = bench.settings.syncedWrites * CONCURRENT_WRITERS
    return putAll(bench, { ...budget, operations }, CONCURRENT_WRITERS, next)
  },
}

export const fillseq: Workload = {
  name: 'fillseq',
  says: 'keys in order, put one by one',
  stage: 'ordered',
  isBasic: true,
  dbBench: 'fillseq',
  run: (bench, budget) => putAll(bench, budget, groupSize(bench), ascending()),
}

export const fillseq100: Workload = {
  name: 'fillseq100',
  says: `keys in order, in batches of ${BATCH_KEYS}`,
  stage: 'batched',
  dbBench: 'fillseq',
  run: (bench, budget) => putBatches(bench, budget, ascending()),
}

export const fillrandom: Workload = randomFill(
  'fillrandom',
  'random keys into an empty database, put one by one',
)

export const overwrite: Workload = randomFill('overwrite', 'random keys again, after the compaction')

/** Of a compaction the compaction is measured, not what the fill before it has left to be done in the background. */
async function flushAll({ store }: Bench): Promise<void> {
  await store.flush?.()
  await store.settle?.()
}

async function compactAll({ store, settings }: Bench): Promise<number | undefined> {
  if (store.compact === undefined) return undefined
  await store.compact()
  return settings.num
}

export const compact: Workload = {
  name: 'compact',
  says: 'full compaction of what fillrandom left, by one thread; entries that fillrandom wrote, per second',
  stage: 'tree',
  isBasic: true,
  preparesStage: true,
  dbBench: 'compact',
  prepare: flushAll,
  run: compactAll,
}

export const compact2: Workload = {
  name: 'compact2',
  says: 'as compact, by two threads that share it; held against one thread of the others',
  stage: 'divided',
  heldAgainst: 'compact',
  dbBench: 'compact',
  async prepare(bench) {
    const next = randomly(bench.random(part.fillrandom), bench.settings.num)
    await putBatches(bench, { operations: bench.settings.num, endsAt: Number.POSITIVE_INFINITY }, next)
    await flushAll(bench)
  },
  run: compactAll,
}

export const openafterkill: Workload = {
  name: 'openafterkill',
  says: `open after kill -9 with ${REPLAY_LOG_BYTES / 2 ** 20} MiB of log to replay, to the first get; entries replayed per second`,
  stage: 'killed',
  dbBench: 'readrandom',
}

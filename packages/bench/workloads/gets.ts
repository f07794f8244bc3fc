/** Workloads that look keys up. */
import type { KeyRing } from '../data/keys.ts'
import { missingKeys } from '../data/keys.ts'
import type { Random } from '../data/random.ts'
import { BATCH_KEYS } from '../settings.ts'
import { sink, type Value } from '../systems/store.ts'
import { type Bench, type Budget, isOver, part, type Workload } from './workload.ts'

const GETS_IN_FLIGHT = 64
/** Synchronous reads between two looks at the clock. */
const GETS_PER_LOOK = 256
/** Rows a second that are written while others are read: db_bench is given the same rate. */
export const WRITES_PER_SECOND = 18_000

/** Counts what was looked up and what of it was found. */
class Tally {
  operations = 0
  found = 0

  add(value: Value): void {
    this.operations++
    if (value === undefined || value === null) return
    this.found++
    sink.bytes += value.length
  }
}

function getSome(bench: Bench, keys: KeyRing, random: Random, count: number, tally: Tally): void {
  const { store, settings } = bench
  for (let i = 0; i < count; i++) tally.add(store.getSync?.(keys.key(random.below(settings.num))))
}

async function getSomeInFlight(
  bench: Bench,
  keys: KeyRing,
  random: Random,
  count: number,
  tally: Tally,
): Promise<void> {
  const pending: Promise<Value>[] = []
  for (let i = 0; i < count; i++) {
    const promise = bench.store.get?.(keys.key(random.below(bench.settings.num)))
    if (promise !== undefined) pending.push(promise)
  }
  for (const value of await Promise.all(pending)) tally.add(value)
}

/** Synchronously where the store can, else many promises at once. */
async function getAll(bench: Bench, budget: Budget, keys: KeyRing, random: Random): Promise<Tally> {
  const tally = new Tally()
  const isSync = bench.store.getSync !== undefined
  while (tally.operations < budget.operations && !isOver(budget)) {
    const count = Math.min(isSync ? GETS_PER_LOOK : GETS_IN_FLIGHT, budget.operations - tally.operations)
    if (isSync) getSome(bench, keys, random, count, tally)
    else await getSomeInFlight(bench, keys, random, count, tally)
  }
  return tally
}

/** A wrong answer ends the run: figures of a store that does not find its rows mean nothing. */
function checkFound(bench: Bench, { found, operations }: Tally): void {
  const expected = bench.writtenCount / bench.settings.num
  if (operations > 1000 && Math.abs(found / operations - expected) > 0.1) {
    throw new Error(
      `${found} of ${operations} keys were found; expected about ${Math.round(expected * 100)} %`,
    )
  }
}

export const readrandom: Workload = {
  name: 'readrandom',
  says: 'random keys, of which most exist; the blocking call where there is one, else 64 promises',
  stage: 'tree',
  isBasic: true,
  warmsUp: true,
  dbBench: 'readrandom',
  async run(bench, budget) {
    const tally = await getAll(bench, budget, bench.keys, bench.random(part.readrandom))
    checkFound(bench, tally)
    return tally.operations
  },
}

export const readmissing: Workload = {
  name: 'readmissing',
  says: 'as readrandom, with keys of which none exists',
  stage: 'tree',
  isBasic: true,
  warmsUp: true,
  dbBench: 'readmissing',
  async run(bench, budget) {
    const tally = await getAll(bench, budget, missingKeys(), bench.random(part.readmissing))
    if (tally.found > 0) throw new Error(`${tally.found} keys were found that were never written`)
    return tally.operations
  },
}

export const get64: Workload = {
  name: 'get64',
  says: `the promise of a value, ${GETS_IN_FLIGHT} in flight`,
  stage: 'tree',
  warmsUp: true,
  async run(bench, budget) {
    if (bench.store.get === undefined) return undefined
    const random = bench.random(part.readrandom)
    const tally = new Tally()
    while (tally.operations < budget.operations && !isOver(budget)) {
      const count = Math.min(GETS_IN_FLIGHT, budget.operations - tally.operations)
      await getSomeInFlight(bench, bench.keys, random, count, tally)
    }
    checkFound(bench, tally)
    return tally.operations
  },
}

export const multiget100: Workload = {
  name: 'multiget100',
  says: `random keys, ${BATCH_KEYS} a call`,
  stage: 'tree',
  warmsUp: true,
  dbBench: 'multireadrandom',
  async run(bench, budget) {
    const random = bench.random(part.multiget)
    const tally = new Tally()
    while (tally.operations < budget.operations && !isOver(budget)) {
      const keys = Array.from({ length: BATCH_KEYS }, () => bench.keys.key(random.below(bench.settings.num)))
      for (const value of await bench.store.getMany(keys)) tally.add(value)
    }
    checkFound(bench, tally)
    return tally.operations
  },
}

/** Writes at a fixed rate, a group at a time and never two groups at once. */
class PacedWriter {
  private readonly bench: Bench
  private readonly random: Random
  private readonly started = performance.now()
  private issued = 0
  private writing: Promise<unknown> | undefined = undefined

  constructor(bench: Bench) {
    this.bench = bench
    this.random = bench.random(part.writer)
  }

  /** Issues what is due. */
  step(): void {
    if (this.writing !== undefined) return
    const { store, settings, values } = this.bench
    const due = ((performance.now() - this.started) / 1000) * WRITES_PER_SECOND - this.issued
    const pending: Promise<unknown>[] = []
    for (let i = 0; i < Math.min(due, store.putsInFlight); i++) {
      const put = store.put(this.bench.keyToWrite(this.random.below(settings.num)), values.next())
      if (put !== undefined) pending.push(put)
      this.issued++
    }
    if (pending.length === 0) return
    this.writing = Promise.all(pending).finally(() => {
      this.writing = undefined
    })
  }

  async end(): Promise<void> {
    await this.writing
  }
}

function eventLoopTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

export const readwhilewriting: Workload = {
  name: 'readwhilewriting',
  says: `as readrandom, while ${WRITES_PER_SECOND} rows a second are put; the reads count`,
  stage: 'tree',
  warmsUp: true,
  dbBench: 'readwhilewriting',
  async run(bench, budget) {
    const random = bench.random(part.readrandom)
    const writer = new PacedWriter(bench)
    const tally = new Tally()
    while (tally.operations < budget.operations && !isOver(budget)) {
      writer.step()
      if (bench.store.getSync === undefined)
        await getSomeInFlight(bench, bench.keys, random, GETS_IN_FLIGHT, tally)
      else getSome(bench, bench.keys, random, GETS_IN_FLIGHT, tally)
      await eventLoopTurn()
    }
    await writer.end()
    return tally.operations
  },
}

/** Workloads that read in order. */
import { type Bench, type Budget, isOver, part, type Workload } from './workload.ts'

const NEXTS_PER_SEEK = 10
const SEEKS_IN_A_ROW = 16

type Scan = (reverse: boolean, limit: number) => Promise<number> | number

async function scanAll(bench: Bench, budget: Budget, reverse: boolean, scan: Scan): Promise<number> {
  const entries = await scan(reverse, budget.operations)
  const expected = Math.min(bench.writtenCount, budget.operations)
  if (entries !== expected) throw new Error(`the scan gave ${entries} entries instead of ${expected}`)
  return entries
}

function scanning(name: 'readseq' | 'readreverse', reverse: boolean): Workload {
  return {
    name,
    says: `every entry from the ${reverse ? 'last to the first' : 'first to the last'}, key and value`,
    stage: 'tree',
    isBasic: true,
    warmsUp: true,
    dbBench: name,
    run: (bench, budget) =>
      scanAll(bench, budget, reverse, (...arguments_) => bench.store.scan(...arguments_)),
  }
}

function scanningArrays(name: string, heldAgainst: string, reverse: boolean): Workload {
  return {
    name,
    says: `as ${heldAgainst}, entries handed out in arrays of copies`,
    stage: 'tree',
    warmsUp: true,
    heldAgainst,
    async run(bench, budget) {
      const { store } = bench
      if (store.scanArrays === undefined) return undefined
      return scanAll(bench, budget, reverse, (...arguments_) => store.scanArrays?.(...arguments_) ?? 0)
    },
  }
}

export const readseq: Workload = scanning('readseq', false)
export const readreverse: Workload = scanning('readreverse', true)
export const readseqArrays: Workload = scanningArrays('readseq-arrays', 'readseq', false)
export const readreverseArrays: Workload = scanningArrays('readreverse-arrays', 'readreverse', true)

export const seekrandom: Workload = {
  name: 'seekrandom',
  says: `seeks to a random key and reads on for ${NEXTS_PER_SEEK} entries; seeks count`,
  stage: 'tree',
  isBasic: true,
  warmsUp: true,
  dbBench: 'seekrandom',
  async run(bench, budget) {
    const { store, settings } = bench
    const random = bench.random(part.seekrandom)
    let operations = 0
    while (operations < budget.operations && !isOver(budget)) {
      for (let i = 0; i < SEEKS_IN_A_ROW; i++, operations++) {
        const seeking = store.seek(bench.keys.key(random.below(settings.num)), NEXTS_PER_SEEK + 1)
        if (typeof seeking !== 'number') await seeking
      }
    }
    return operations
  },
}

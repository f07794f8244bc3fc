/** Steps that read ranges: in each direction, with each kind of bound, by each way of iterating. */
import type { Row } from '../model/sorted-model.ts'
import type { Planner } from './planner.ts'
import { NOTHING_TO_DO, type Session } from './session.ts'
import { showBytes } from './show.ts'
import type { Kind, Step } from './step.ts'
import type { Range } from './store.ts'

type Plan = Pick<Step, 'text' | 'run'>
type Scan = (session: Session, range: Range) => Promise<string>

export const scanKinds: readonly Kind[] = [
  { name: 'scan', weight: 8, plan: planner => scanOf(planner, {}, waiting) },
  { name: 'scan, reverse', weight: 8, plan: planner => scanOf(planner, { reverse: true }, waiting) },
  { name: 'scan, bounded', weight: 12, plan: planner => scanOf(planner, planner.bounds(), waiting) },
  {
    name: 'scan, bounded, reverse',
    weight: 10,
    plan: planner => scanOf(planner, { ...planner.bounds(), reverse: true }, waiting),
  },
  {
    name: 'scan of a prefix',
    weight: 8,
    plan: planner => scanOf(planner, { prefix: planner.prefix() }, waiting),
  },
  {
    name: 'scan, limited',
    weight: 8,
    plan: planner => scanOf(planner, { limit: planner.random.below(12) }, waiting),
  },
  { name: 'scan, blocking', weight: 10, plan: planner => scanOf(planner, planner.range(), blocking) },
  { name: 'scan into an array', weight: 10, plan: planner => scanOf(planner, planner.range(), intoArray) },
  { name: 'scan in batches', weight: 8, plan: planner => scanOf(planner, planner.range(), inBatches) },
  { name: 'keys', weight: 6, plan: planner => scanOf(planner, planner.range(), keysOnly) },
  { name: 'keys, blocking', weight: 4, plan: planner => scanOf(planner, planner.range(), keysBlocking) },
  { name: 'values', weight: 6, plan: planner => scanOf(planner, planner.range(), valuesOnly) },
  { name: 'entities', weight: 8, plan: planner => scanOf(planner, planner.range(), withColumns) },
  { name: 'scan that is left', weight: 5, plan: planner => scanOf(planner, planner.range(), leftEarly) },
  { name: 'scan at a snapshot', weight: 20, plan: scanAtSnapshot },
  { name: 'iteration begun', weight: 6, plan: beginIteration },
  { name: 'iteration continued', weight: 20, plan: continueIteration },
  { name: 'iteration ended', weight: 3, plan: endIteration },
]

async function withColumns({ store, show }: Session, range: Range): Promise<string> {
  const rows = await store.entities(range).toArray()
  return rows.map(([key, columns]) => `${show.value(key)} ${show.columns(columns)}`).join('; ')
}

async function waiting({ store, show }: Session, range: Range): Promise<string> {
  const rows: Row[] = []
  for await (const row of { [Symbol.asyncIterator]: () => store.entries(range)[Symbol.asyncIterator]() })
    rows.push(row)
  return show.rows(rows)
}

async function blocking({ store, show }: Session, range: Range): Promise<string> {
  return show.rows([...store.entries(range)])
}

async function intoArray({ store, show }: Session, range: Range): Promise<string> {
  return show.rows(await store.entries(range).toArray())
}

async function inBatches({ store, show }: Session, range: Range): Promise<string> {
  const rows: Row[] = []
  for await (const batch of store.entries(range).batches()) rows.push(...batch)
  return show.rows(rows)
}

async function keysOnly({ store, show }: Session, range: Range): Promise<string> {
  return show.list(await store.keys(range).toArray())
}

async function keysBlocking({ store, show }: Session, range: Range): Promise<string> {
  return show.list([...store.keys(range)])
}

async function valuesOnly({ store, show }: Session, range: Range): Promise<string> {
  return show.list(await store.values(range).toArray())
}

async function leftEarly({ store, show }: Session, range: Range): Promise<string> {
  for (const row of store.entries(range)) return show.rows([row])
  return show.rows([])
}

function scanOf(planner: Planner, range: Range, how: Scan): Plan {
  const columnFamily = planner.family()
  return {
    text: () => `${columnFamily} ${showRange(range)}`,
    run: session => how(session, { ...range, columnFamily }),
  }
}

function scanAtSnapshot(planner: Planner): Plan {
  const slot = planner.heldSlot('snapshots')
  const columnFamily = planner.family()
  const range = planner.range()
  const how = planner.random.pick([waiting, blocking, intoArray])
  return {
    text: () => `number ${slot}: ${columnFamily} ${showRange(range)}`,
    async run(session) {
      const snapshot = session.snapshots.get(slot)
      return snapshot === undefined ? NOTHING_TO_DO : how(session, { ...range, columnFamily, snapshot })
    },
  }
}

function beginIteration(planner: Planner): Plan {
  const slot = planner.newSlot('iterations')
  const columnFamily = planner.family()
  const range = planner.range()
  return {
    text: () => `number ${slot}: ${columnFamily} ${showRange(range)}`,
    async run({ iterations, store }) {
      await iterations.get(slot)?.return?.()
      iterations.delete(slot)
      iterations.set(slot, store.entries({ ...range, columnFamily })[Symbol.asyncIterator]())
      return 'begun'
    },
  }
}

function continueIteration(planner: Planner): Plan {
  const slot = planner.heldSlot('iterations')
  const count = planner.random.between(1, 40)
  return {
    text: () => `number ${slot}: ${count} rows`,
    async run({ iterations, show }) {
      const iteration = iterations.get(slot)
      if (iteration === undefined) return NOTHING_TO_DO
      const rows: Row[] = []
      while (rows.length < count) {
        const { done, value } = await iteration.next()
        if (done === true) {
          iterations.delete(slot)
          return `${show.rows(rows)}, the end`
        }
        rows.push(value)
      }
      return show.rows(rows)
    },
  }
}

function endIteration(planner: Planner): Plan {
  const slot = planner.heldSlot('iterations')
  planner.letGo('iterations', slot)
  return {
    text: () => `number ${slot}`,
    async run({ iterations }) {
      const iteration = iterations.get(slot)
      if (iteration === undefined) return NOTHING_TO_DO
      iterations.delete(slot)
      await iteration.return?.()
      return 'ended'
    },
  }
}

export function showRange(range: Range): string {
  const parts = Object.entries(range).map(([name, value]) => {
    return `${name}: ${value instanceof Uint8Array ? showBytes(value) : String(value)}`
  })
  return `{ ${parts.join(', ')} }`
}

/** Steps that write. What is given to a write is spoilt afterwards: the database must have its own copy. */
import type { BatchOperation, WriteOptions } from 'varve'
import { familyNames, type Planner } from './planner.ts'
import type { Session } from './session.ts'
import { showBytes } from './show.ts'
import type { Kind, Step } from './step.ts'
import { KnownBatch } from './store.ts'

type Plan = Pick<Step, 'text' | 'run'>

export const writeKinds: readonly Kind[] = [
  { name: 'put', weight: 200, plan: planner => putOf(planner) },
  { name: 'put, synced', weight: 12, plan: planner => putOf(planner, { sync: true }) },
  { name: 'put, not logged', weight: 15, plan: planner => putOf(planner, { disableWAL: true }) },
  { name: 'put of a large value', weight: 6, plan: planner => putOf(planner, {}, 8000) },
  { name: 'put of text', weight: 10, plan: putText },
  { name: 'put by handle', weight: 15, plan: putByHandle },
  { name: 'put again and again', weight: 8, plan: putAgainAndAgain },
  { name: 'delete', weight: 90, plan: planner => deleteOf(planner) },
  { name: 'delete, synced', weight: 6, plan: planner => deleteOf(planner, { sync: true }) },
  { name: 'delete, not logged', weight: 6, plan: planner => deleteOf(planner, { disableWAL: true }) },
  { name: 'delete by handle', weight: 6, plan: deleteByHandle },
  { name: 'delete of neighbours', weight: 8, plan: deleteNeighbours },
  { name: 'batch', weight: 25, plan: planner => batchOf(planner, operations(planner, 8)) },
  { name: 'large batch', weight: 4, plan: planner => batchOf(planner, operations(planner, 120)) },
  { name: 'batch over families', weight: 15, plan: planner => batchOf(planner, overFamilies(planner)) },
  { name: 'batch of one key', weight: 6, plan: planner => batchOf(planner, ofOneKey(planner)) },
  { name: 'empty batch', weight: 2, plan: planner => batchOf(planner, []) },
  { name: 'WriteBatch', weight: 10, plan: writeBatch },
  { name: 'writes at once', weight: 12, plan: writesAtOnce },
  { name: 'writes beside a flush', weight: 5, plan: writesBesideFlush },
]

function putOf(planner: Planner, options: WriteOptions = {}, size?: number): Plan {
  const columnFamily = planner.family()
  const key = planner.key()
  const value = planner.value(size)
  return {
    text: () => `${columnFamily} ${showBytes(key)} = ${showBytes(value)} ${given(options)}`,
    async run(session) {
      const copy = value.slice()
      const written = session.store.put(key, copy, { columnFamily, ...options })
      copy.fill(0xdb)
      await written
      return done(session, options)
    },
  }
}

function putText(planner: Planner): Plan {
  const columnFamily = planner.family()
  const key = `ключ ${planner.random.below(20)}`
  const value = `значение ${planner.random.next()}`
  return {
    text: () => `${columnFamily} ${key} = ${value}`,
    run: async ({ store }) => {
      await store.put(key, value, { columnFamily })
      return 'done'
    },
  }
}

function putByHandle(planner: Planner): Plan {
  const name = planner.family()
  const key = planner.key()
  const value = planner.value()
  return {
    text: () => `${name} ${showBytes(key)} = ${showBytes(value)}`,
    run: async ({ store, show }) => {
      const family = await store.columnFamily(name)
      await family.put(key, value)
      return show.value(await family.get(key))
    },
  }
}

/** Many versions of a key in one memtable, and at the border of two. */
function putAgainAndAgain(planner: Planner): Plan {
  const columnFamily = planner.family()
  const key = planner.key()
  const values = Array.from({ length: planner.random.between(3, 25) }, () => planner.value())
  return {
    text: () => `${columnFamily} ${showBytes(key)} = ${values.map(showBytes).join(', then ')}`,
    run: async ({ store, show }) => {
      for (const value of values) await store.put(key, value, { columnFamily })
      return show.value(await store.get(key, { columnFamily }))
    },
  }
}

function deleteOf(planner: Planner, options: WriteOptions = {}): Plan {
  const columnFamily = planner.family()
  const key = planner.random.chance(0.9) ? planner.key() : planner.near()
  return {
    text: () => `${columnFamily} ${showBytes(key)} ${given(options)}`,
    async run(session) {
      await session.store.delete(key, { columnFamily, ...options })
      return done(session, options)
    },
  }
}

function deleteByHandle(planner: Planner): Plan {
  const name = planner.family()
  const key = planner.key()
  return {
    text: () => `${name} ${showBytes(key)}`,
    run: async ({ store, show }) => {
      const family = await store.columnFamily(name)
      await family.delete(key)
      return show.value(await family.get(key))
    },
  }
}

/** Tombstones side by side, as many as one half of all keys. */
function deleteNeighbours(planner: Planner): Plan {
  const columnFamily = planner.family()
  const keys = [...planner.keys.keys].sort(Buffer.compare)
  const from = planner.random.below(keys.length)
  const chosen = keys.slice(from, from + planner.random.between(2, keys.length / 2))
  const batch = chosen.map((key): BatchOperation => ({ type: 'delete', key, columnFamily }))
  return batchOf(planner, batch)
}

function operations(planner: Planner, max: number, columnFamily = planner.family()): BatchOperation[] {
  const { random } = planner
  return Array.from({ length: random.between(1, max) }, () => operation(planner, columnFamily))
}

function operation(planner: Planner, columnFamily: string, key = planner.key()): BatchOperation {
  if (planner.random.chance(0.35)) return { type: 'delete', key, columnFamily }
  return { type: 'put', key, value: planner.value(), columnFamily }
}

function overFamilies(planner: Planner): BatchOperation[] {
  const length = planner.random.between(2, 12)
  return Array.from({ length }, () => operation(planner, planner.random.pick(familyNames)))
}

function ofOneKey(planner: Planner): BatchOperation[] {
  const columnFamily = planner.family()
  const key = planner.key()
  return Array.from({ length: planner.random.between(2, 6) }, () => operation(planner, columnFamily, key))
}

function batchOf(planner: Planner, batch: readonly BatchOperation[]): Plan {
  const options = planner.random.pick<WriteOptions>([{}, {}, {}, {}, { sync: true }])
  return {
    text: () => `${showBatch(batch)} ${given(options)}`,
    run: async ({ store }) => {
      await store.write(batch, options)
      return 'done'
    },
  }
}

/** Built once and written twice, with writes of others between. */
function writeBatch(planner: Planner): Plan {
  const name = planner.family()
  const own = operations(planner, 6, name)
  const others = operations(planner, 3, name)
  return {
    text: () => `${showBatch(own)}, then ${showBatch(others)}, then the first again`,
    run: async ({ store }) => {
      const family = await store.columnFamily(name)
      const batch = new KnownBatch()
      for (const change of own) {
        if (change.type === 'put') batch.put(change.key, change.value, family)
        else batch.delete(change.key, family)
      }
      await store.write(batch)
      await store.write(others)
      await store.write(batch)
      return String(batch.count)
    },
  }
}

/** Not waiting for one another: they take effect in the order of the calls. */
function writesAtOnce(planner: Planner): Plan {
  const columnFamily = planner.family()
  const writes = operations(planner, 20, columnFamily)
  const synced = planner.random.below(writes.length * 4)
  return {
    text: () => showBatch(writes),
    async run({ store }) {
      const outcomes = await Promise.allSettled(
        writes.map((write, index) => {
          const options = { columnFamily, sync: index === synced }
          if (write.type === 'put') return store.put(write.key, write.value, options)
          return store.delete(write.key, options)
        }),
      )
      const failure = outcomes.find(outcome => outcome.status === 'rejected')
      if (failure !== undefined) throw failure.reason
      return 'done'
    },
  }
}

function writesBesideFlush(planner: Planner): Plan {
  const columnFamily = planner.family()
  const writes = operations(planner, 10, columnFamily)
  return {
    text: () => showBatch(writes),
    async run({ store, show }) {
      const flushed = store.flush({ columnFamily })
      const written = writes.map(write => store.write([write]))
      const read = store.get(writes[0].key, { columnFamily })
      const outcomes = await Promise.allSettled([flushed, read, ...written])
      const failure = outcomes.find(outcome => outcome.status === 'rejected')
      if (failure !== undefined) throw failure.reason
      return show.value(await store.get(writes[0].key, { columnFamily }))
    },
  }
}

function done(session: Session, { disableWAL }: WriteOptions): string {
  if (disableWAL === true) session.hasUnlogged = true
  return 'done'
}

function given(options: WriteOptions): string {
  return Object.keys(options).join(' ')
}

function showBatch(batch: readonly BatchOperation[]): string {
  const parts = batch.map(change => {
    const key = `${change.columnFamily} ${showBytes(Buffer.from(change.key))}`
    return change.type === 'delete' ? `-${key}` : `${key} = ${showBytes(Buffer.from(change.value))}`
  })
  return `[${parts.join('; ')}]`
}

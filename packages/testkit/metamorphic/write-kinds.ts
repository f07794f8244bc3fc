/** Steps that write. What is given to a write is spoilt afterwards: the database must have its own copy. */
import type { BatchOperation, Bytes, ColumnFamilyReference, Columns, WriteBatch, WriteOptions } from 'varve'
import { bytesOf, columnsOf, randomColumns, randomOperation } from '../model/operations.ts'
import { writeOne } from '../oracle/varve-side.ts'
import { familyNames, makingOf, type Planner } from './planner.ts'
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
  { name: 'single delete', weight: 20, plan: singleDelete },
  { name: 'merge', weight: 60, plan: planner => mergeOf(planner) },
  { name: 'merge, synced', weight: 4, plan: planner => mergeOf(planner, { sync: true }) },
  { name: 'merge, not logged', weight: 6, plan: planner => mergeOf(planner, { disableWAL: true }) },
  { name: 'merge again and again', weight: 6, plan: mergeAgainAndAgain },
  { name: 'entity', weight: 25, plan: planner => entityOf(planner) },
  { name: 'entity, not logged', weight: 3, plan: planner => entityOf(planner, { disableWAL: true }) },
  { name: 'range deleted', weight: 20, plan: planner => rangeOf(planner) },
  { name: 'range deleted, not logged', weight: 3, plan: planner => rangeOf(planner, { disableWAL: true }) },
  { name: 'large range deleted', weight: 2, plan: planner => rangeOf(planner, {}, 1000) },
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
      const family = await store.columnFamily(name, makingOf(name))
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
      const family = await store.columnFamily(name, makingOf(name))
      await family.delete(key)
      return show.value(await family.get(key))
    },
  }
}

function singleDelete(planner: Planner): Plan {
  const columnFamily = planner.family()
  const key = planner.key()
  return {
    text: () => `${columnFamily} ${showBytes(key)}`,
    run: async ({ store }) => {
      await store.singleDelete(key, { columnFamily })
      return 'done'
    },
  }
}

function mergeOf(planner: Planner, options: WriteOptions = {}): Plan {
  const columnFamily = planner.family()
  const key = planner.key()
  const operand = planner.value()
  return {
    text: () => `${columnFamily} ${showBytes(key)} += ${showBytes(operand)} ${given(options)}`,
    async run(session) {
      const copy = operand.slice()
      const written = session.store.merge(key, copy, { columnFamily, ...options })
      copy.fill(0xdb)
      await written
      return done(session, options)
    },
  }
}

function entityOf(planner: Planner, options: WriteOptions = {}): Plan {
  const columnFamily = planner.family()
  if (!planner.mayHaveEntities(columnFamily)) return putOf(planner, options)
  const key = planner.key()
  const columns = randomColumns(planner.random, () => planner.value())
  return {
    text: () => `${columnFamily} ${showBytes(key)} = {${showColumns(columns)}} ${given(options)}`,
    async run(session) {
      const copies = columns.map(([name, value]): [string, Uint8Array] => [name, value.slice()])
      const written = session.store.putEntity(key, copies, { columnFamily, ...options })
      for (const [, value] of copies) value.fill(0xdb)
      await written
      return done(session, options)
    },
  }
}

function showColumns(columns: Columns): string {
  return columnsOf(columns)
    .map(([name, value]) => `${Buffer.from(name)}: ${showBytes(value)}`)
    .join(', ')
}

/** Many operands of a key in one memtable, and at the border of two. */
function mergeAgainAndAgain(planner: Planner): Plan {
  const columnFamily = planner.family()
  const key = planner.key()
  const operands = Array.from({ length: planner.random.between(3, 40) }, () => planner.value(20))
  return {
    text: () => `${columnFamily} ${showBytes(key)} += ${operands.map(showBytes).join(', then ')}`,
    run: async ({ store, show }) => {
      for (const operand of operands) await store.merge(key, operand, { columnFamily })
      return show.value(await store.get(key, { columnFamily }))
    },
  }
}

function rangeOf(planner: Planner, options: WriteOptions = {}, width = 30): Plan {
  const columnFamily = planner.family()
  const { start, end } = narrowRange(planner, width)
  return {
    text: () => `${columnFamily} ${showBytes(start)} to before ${showBytes(end)} ${given(options)}`,
    async run(session) {
      const [first, last] = [start.slice(), end.slice()]
      const written = session.store.deleteRange(first, last, { columnFamily, ...options })
      first.fill(0xdb)
      last.fill(0xdb)
      await written
      return done(session, options)
    },
  }
}

/** From one of the keys, or near one, up to another that is at most `width` keys behind it. */
function narrowRange(planner: Planner, width: number): { start: Uint8Array; end: Uint8Array } {
  const { random } = planner
  const keys = [...planner.keys.keys].sort(Buffer.compare)
  const from = random.below(keys.length)
  const start = random.chance(0.7) ? keys[from] : planner.near()
  const end = keys[Math.min(keys.length - 1, from + random.below(width))]
  return Buffer.compare(start, end) <= 0 ? { start, end } : { start: end, end: start }
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
  const { random } = planner
  if (random.chance(0.03)) return { type: 'deleteRange', ...narrowRange(planner, 20), columnFamily }
  const shares = {
    delete: 21,
    singleDelete: 9,
    merge: 15,
    deleteRange: 0,
    putEntity: planner.mayHaveEntities(columnFamily) ? 10 : 0,
  }
  const value = () => planner.value()
  return randomOperation(random, columnFamily, () => key, value, shares)
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
      const family = await store.columnFamily(name, makingOf(name))
      const batch = new KnownBatch()
      for (const change of own) {
        addTo(batch, change, family)
      }
      await store.write(batch)
      await store.write(others)
      await store.write(batch)
      return String(batch.count)
    },
  }
}

function addTo(batch: WriteBatch, change: BatchOperation, family: ColumnFamilyReference): void {
  if (change.type === 'put') batch.put(change.key, change.value, family)
  else if (change.type === 'merge') batch.merge(change.key, change.operand, family)
  else if (change.type === 'deleteRange') batch.deleteRange(change.start, change.end, family)
  else if (change.type === 'putEntity') batch.putEntity(change.key, change.columns, family)
  else if (change.type === 'singleDelete') batch.singleDelete(change.key, family)
  else batch.delete(change.key, family)
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
          return writeOne(store, { ...write, columnFamily }, { sync: index === synced })
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
      const [key] = keysOf(writes[0])
      const read = store.get(key, { columnFamily })
      const outcomes = await Promise.allSettled([flushed, read, ...written])
      const failure = outcomes.find(outcome => outcome.status === 'rejected')
      if (failure !== undefined) throw failure.reason
      return show.value(await store.get(key, { columnFamily }))
    },
  }
}

function keysOf(change: BatchOperation): Uint8Array[] {
  return change.type === 'deleteRange' ? [bytesOf(change.start), bytesOf(change.end)] : [bytesOf(change.key)]
}

function done(session: Session, { disableWAL }: WriteOptions): string {
  if (disableWAL === true) session.hasUnlogged = true
  return 'done'
}

function given(options: WriteOptions): string {
  return Object.keys(options).join(' ')
}

function showBatch(batch: readonly BatchOperation[]): string {
  return `[${batch.map(showChange).join('; ')}]`
}

function showChange(change: BatchOperation): string {
  const show = (bytes: Bytes) => showBytes(Buffer.from(bytes))
  const family = String(change.columnFamily)
  switch (change.type) {
    case 'put':
      return `${family} ${show(change.key)} = ${show(change.value)}`
    case 'merge':
      return `${family} ${show(change.key)} += ${show(change.operand)}`
    case 'putEntity':
      return `${family} ${show(change.key)} = {${showColumns(change.columns)}}`
    case 'deleteRange':
      return `-${family} ${show(change.start)} to before ${show(change.end)}`
    default:
      return `-${family} ${show(change.key)}`
  }
}

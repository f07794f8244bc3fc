/**
 * Directories with wide-column entities go to and fro between RocksDB's library and Varve: each must see the columns that a
 * plain map has. RocksDB 7.8 merges nothing into entities, so operands are only for keys that have none.
 */
import { readdirSync } from 'node:fs'
import type { Column, Database, OpenOptions } from 'varve'
import { KeySpace, randomValue } from '../model/generators.ts'
import { applyOperation, randomColumns } from '../model/operations.ts'
import { type ModelColumns, SortedModel } from '../model/sorted-model.ts'
import type { Random } from '../random.ts'
import { type Checked, checkTables } from './cpp-checks.ts'
import { RocksDatabase } from './rocks.ts'
import { hex, OracleError } from './tools.ts'
import { randomOpenOptions } from './varve-options.ts'
import { inVarve, settle } from './varve-side.ts'

interface Side {
  model: SortedModel
  random: Random
  keys: KeySpace
}

/** Three to six turns, whoever begins. */
export async function exchangeEntities(program: string, directory: string, random: Random): Promise<Checked> {
  const side: Side = { model: new SortedModel(), random, keys: new KeySpace(random, 200) }
  const total: Checked = { rows: 0, tables: 0 }
  let isVarvesTurn = random.chance(0.5)
  for (let turns = random.between(3, 6); turns > 0; turns--) {
    if (isVarvesTurn) await varvesTurn(directory, side)
    else await rocksTurn(program, directory, side)
    total.rows += 2 * side.model.size
    isVarvesTurn = !isVarvesTurn
  }
  await rocksTurn(program, directory, side)
  if (readdirSync(directory).some(name => name.endsWith('.sst'))) total.tables = await checkTables(directory)
  return total
}

async function rocksTurn(program: string, directory: string, side: Side): Promise<void> {
  const { random } = side
  const settings = [`cf={write_buffer_size=${random.pick([65_536, 1_000_000])};merge_operator=stringappend}`]
  await RocksDatabase.use(program, directory, settings, async db => {
    await compareWithRocks(db, side)
    for (let n = random.between(1, 200); n > 0; n--) await writeThroughRocks(db, side)
    if (random.chance(0.5)) await db.ask('flush', 'default')
    if (random.chance(0.3)) await db.ask('compact', 'default')
    await compareWithRocks(db, side)
    await db.verify()
  })
}

async function compareWithRocks(db: RocksDatabase, { model, random }: Side): Promise<void> {
  const expected = [...model.rows()].map(([key]) => key)
  const rows = await db.ask('scancolumns', 'default')
  if (rows.length !== expected.length)
    throw new OracleError(`C++ has ${rows.length} rows of ${expected.length}`)
  for (const [i, [key, ...parts]] of rows.entries()) {
    compare(
      `C++ row ${i}`,
      [[key, key], ...pairs(parts)],
      [[expected[i], expected[i]], ...columnsOf(model, expected[i])],
    )
  }
  for (let n = 0; n < 10 && expected.length > 0; n++) {
    const key = random.pick(expected)
    const [[, ...parts]] = await db.ask('columns', 'default', key)
    compare(`C++ columns of ${hex(key)}`, pairs(parts), columnsOf(model, key))
    const [[value]] = await db.ask('get', 'default', key)
    compare(`C++ get of ${hex(key)}`, [[key, value]], [[key, model.get(key) as Uint8Array]])
  }
}

async function writeThroughRocks(db: RocksDatabase, { model, random, keys }: Side): Promise<void> {
  const key = keys.pick(random)
  const kind = random.below(10)
  if (kind < 6) {
    const columns = randomColumns(random, () => randomValue(random, 500))
    applyOperation(model, { type: 'putEntity', key, columns })
    const spelled = columns.flatMap(([name, value]) => [Buffer.from(name), value])
    await db.ask('entity', 'default', key, ...spelled)
  } else if (kind < 8) {
    const value = randomValue(random, 500)
    model.put(key, value)
    await db.ask('put', 'default', key, value)
  } else {
    model.delete(key)
    await db.ask('delete', 'default', key)
  }
}

async function varvesTurn(directory: string, side: Side): Promise<void> {
  const { model, random, keys } = side
  // Leveled, so that a compaction leaves no operand as it is. C++ RocksDB 7.8 takes a reference into a blob file for the value
  // when it is asked for an entity.
  const leveled = { compactionStyle: 'leveled', numLevels: 7, ttl: 0 } as const
  const options: OpenOptions = { ...randomOpenOptions(random), ...leveled, enableBlobFiles: false }
  await inVarve(directory, options, async db => {
    await compareWithVarve(db, side)
    for (let n = random.between(1, 300); n > 0; n--) {
      const key = keys.pick(random)
      const kind = random.below(10)
      if (kind < 5) {
        const columns = randomColumns(random, () => randomValue(random, 500))
        applyOperation(model, { type: 'putEntity', key, columns })
        await db.putEntity(key, columns)
      } else if (kind < 8) {
        const value = randomValue(random, 500)
        model.put(key, value)
        await db.put(key, value)
      } else {
        model.delete(key)
        await db.delete(key)
      }
    }
    if (random.chance(0.5)) await mergeAndSettle(db, side)
    await settle(db, random)
    await compareWithVarve(db, side)
  })
}

/** Operands above entities must not be left for a RocksDB that cannot merge them: a compaction makes entities of them. */
async function mergeAndSettle(db: Database, { model, random, keys }: Side): Promise<void> {
  await db.flush()
  for (let n = random.between(1, 50); n > 0; n--) {
    const key = keys.pick(random)
    const operand = randomValue(random, 50)
    applyOperation(model, { type: 'merge', key, operand })
    await db.merge(key, operand)
  }
  await db.flush()
  await db.compact()
}

async function compareWithVarve(db: Database, { model, random }: Side): Promise<void> {
  const expected = [...model.rows()].map(([key]) => key)
  for (const reverse of [false, true]) {
    const rows = await db.entities({ reverse }).toArray()
    const keys = reverse ? expected.toReversed() : expected
    if (rows.length !== keys.length) throw new OracleError(`Varve has ${rows.length} rows of ${keys.length}`)
    for (const [i, [key, columns]] of rows.entries())
      compare(`row ${i}`, [[key, key], ...columns], [[keys[i], keys[i]], ...columnsOf(model, keys[i])])
  }
  for (let n = 0; n < 20 && expected.length > 0; n++) {
    const key = random.pick(expected)
    compare(`columns of ${hex(key)}`, (await db.getEntity(key)) ?? [], columnsOf(model, key))
    compare('get', [[key, (await db.get(key)) as Uint8Array]], [[key, model.get(key) as Uint8Array]])
  }
}

function columnsOf(model: SortedModel, key: Uint8Array): ModelColumns {
  return model.entity(key) ?? []
}

function pairs(parts: readonly Buffer[]): Column[] {
  return parts.flatMap((part, i): Column[] => (i % 2 === 0 ? [[part, parts[i + 1]]] : []))
}

function compare(what: string, found: ModelColumns, expected: ModelColumns): void {
  const spell = (columns: ModelColumns) => columns.map(column => column.map(hex).join('=')).join(' ')
  if (spell(found) !== spell(expected))
    throw new OracleError(`${what}: expected ${spell(expected)}, got ${spell(found)}`)
}

/**
 * Directories whose families have other comparators than the bytewise one go to and fro between RocksDB's library and
 * Varve. Each side must see the rows of a plain map, sorted in the order of the family.
 */
import { readdirSync } from 'node:fs'
import type { BatchOperation, ComparatorOption, Database, OpenOptions } from 'varve'
import { KeySpace, randomValue } from '../model/generators.ts'
import type { Random } from '../random.ts'
import { type Checked, checkTables } from './cpp-checks.ts'
import { familyComparator, RocksDatabase } from './rocks.ts'
import { hex, OracleError } from './tools.ts'
import { randomOpenOptions } from './varve-options.ts'
import { inVarve, settle } from './varve-side.ts'

interface KeyKind {
  name: string
  option: ComparatorOption
  compare: (a: Uint8Array, b: Uint8Array) => number
  key: (random: Random, keys: KeySpace) => Uint8Array
}

const REVERSE = 'rocksdb.ReverseBytewiseComparator'

const kinds: readonly KeyKind[] = [
  {
    name: REVERSE,
    option: REVERSE,
    compare: (a, b) => Buffer.compare(b, a),
    key: (random, keys) => keys.pick(random),
  },
  {
    name: 'rocksdb.Uint64Comparator',
    option: 'rocksdb.Uint64Comparator',
    compare: (a, b) => Number(numberOf(a) - numberOf(b)),
    key: random => uint64(random),
  },
  {
    name: 'testkit.LengthFirst',
    option: { module: new URL('./length-first.ts', import.meta.url).href },
    compare: (a, b) => a.length - b.length || Buffer.compare(a, b),
    key: (random, keys) => keys.pick(random),
  },
]

const FAMILIES = ['default', 'another']

/** One family's rows, by the hex of their keys. */
type Rows = Map<string, [key: Uint8Array, value: Uint8Array]>

interface Side {
  kinds: ReadonlyMap<string, KeyKind>
  contents: ReadonlyMap<string, Rows>
  random: Random
  keys: KeySpace
}

/** Three to six turns, whoever begins. */
export async function exchangeOrders(program: string, directory: string, random: Random): Promise<Checked> {
  const side: Side = {
    kinds: new Map(FAMILIES.map(name => [name, random.pick(kinds)])),
    contents: new Map(FAMILIES.map(name => [name, new Map()])),
    random,
    keys: new KeySpace(random, 300),
  }
  const total: Checked = { rows: 0, tables: 0 }
  let isVarvesTurn = random.chance(0.5)
  for (let turns = random.between(3, 6); turns > 0; turns--) {
    total.rows += isVarvesTurn ? await varvesTurn(directory, side) : await rocksTurn(program, directory, side)
    isVarvesTurn = !isVarvesTurn
  }
  total.rows += await rocksTurn(program, directory, side)
  total.tables = await countTables(directory, side)
  return total
}

/** Of comparators `sst_dump` knows RocksDB's own; the others' tables have been verified by the library. */
async function countTables(directory: string, { kinds }: Side): Promise<number> {
  if (kinds.values().every(({ name }) => name === REVERSE)) return checkTables(directory)
  return readdirSync(directory).filter(name => name.endsWith('.sst')).length
}

async function rocksTurn(program: string, directory: string, side: Side): Promise<number> {
  const { kinds, random } = side
  const settings = [
    `comparator=${kindOf(kinds, 'default').name}`,
    familyComparator('another', kindOf(kinds, 'another').name),
    `cf={write_buffer_size=${random.pick([65_536, 1_000_000])};merge_operator=stringappend;target_file_size_base=20000}`,
    'db={create_missing_column_families=true}',
  ]
  return RocksDatabase.use(program, directory, settings, async db => {
    await makeFamily(db, kindOf(kinds, 'another').name)
    let rows = 0
    for (const family of FAMILIES) rows += await compareWithRocks(db, family, side)
    for (const family of FAMILIES) await writeThroughRocks(db, family, side)
    for (const family of FAMILIES) rows += await compareWithRocks(db, family, side)
    await db.verify()
    return rows
  })
}

/** The first turn makes it. */
async function makeFamily(db: RocksDatabase, comparator: string): Promise<void> {
  const there = await db.ask('list', 'default')
  if (there.some(([name]) => name.toString() === 'another')) return
  await db.ask('create', 'another', `comparator=${comparator}`)
}

async function writeThroughRocks(db: RocksDatabase, family: string, side: Side): Promise<void> {
  const { random } = side
  for (let n = random.between(1, 60); n > 0; n--) {
    for (const operation of randomOperations(family, side, random.between(1, 20))) {
      if (operation.type === 'put') await db.ask('put', family, bytes(operation.key), bytes(operation.value))
      else if (operation.type === 'merge')
        await db.ask('merge', family, bytes(operation.key), bytes(operation.operand))
      else if (operation.type === 'deleteRange')
        await db.ask('range', family, bytes(operation.start), bytes(operation.end))
      else if (operation.type === 'delete') await db.ask('delete', family, bytes(operation.key))
    }
    if (random.chance(0.1)) await db.ask('flush', family)
  }
  if (random.chance(0.3)) await db.ask('compact', family)
}

async function compareWithRocks(db: RocksDatabase, family: string, side: Side): Promise<number> {
  const expected = sorted(family, side)
  const forward = await db.ask('scan', family)
  compareRows(`C++ scan of ${family}`, forward, expected)
  compareRows(`C++ reverse scan of ${family}`, await db.ask('reverse', family), expected.toReversed())
  return expected.length
}

async function varvesTurn(directory: string, side: Side): Promise<number> {
  const { random, kinds } = side
  const drawn = randomOpenOptions(random)
  const options: OpenOptions = {
    ...drawn,
    memtable: 'tree',
    comparator: kindOf(kinds, 'default').option,
    columnFamilies: { another: { comparator: kindOf(kinds, 'another').option } },
  }
  let rows = 0
  await inVarve(directory, options, async db => {
    for (const family of FAMILIES) rows += await compareWithVarve(db, family, side)
    for (const family of FAMILIES) {
      for (let n = random.between(1, 60); n > 0; n--)
        await db.write(randomOperations(family, side, random.between(1, 20)))
    }
    for (const family of FAMILIES) rows += await compareWithVarve(db, family, side)
    await settle(db, random)
    for (const family of FAMILIES) rows += await compareWithVarve(db, family, side)
  })
  return rows
}

async function compareWithVarve(db: Database, columnFamily: string, side: Side): Promise<number> {
  const { random } = side
  const expected = sorted(columnFamily, side)
  compareRows(`scan of ${columnFamily}`, await db.entries({ columnFamily }).toArray(), expected)
  const reverse = await db.entries({ columnFamily, reverse: true }).toArray()
  compareRows(`reverse scan of ${columnFamily}`, reverse, expected.toReversed())
  const { compare } = kindOf(side.kinds, columnFamily)
  for (let n = 0; n < 20; n++) {
    const key = newKey(columnFamily, side)
    const found = await db.get(key, { columnFamily })
    const wanted = side.contents.get(columnFamily)?.get(hex(key))?.[1]
    if ((found && hex(found)) !== (wanted && hex(wanted)))
      throw new OracleError(`get of ${hex(key)} is wrong`)
    const lower = random.chance(0.5) ? { gt: key } : { gte: key }
    const rows = await db.entries({ columnFamily, ...lower, limit: 5 }).toArray()
    const least = 'gt' in lower ? 1 : 0
    compareRows(
      `scan from ${hex(key)}`,
      rows,
      expected.filter(row => compare(row[0], key) >= least).slice(0, 5),
    )
  }
  return expected.length
}

/** Operations as they are applied to the map. */
function randomOperations(columnFamily: string, side: Side, count: number): BatchOperation[] {
  const { random } = side
  const rows = side.contents.get(columnFamily) as Rows
  const { compare } = kindOf(side.kinds, columnFamily)
  const operations: BatchOperation[] = []
  for (let i = 0; i < count; i++) {
    const key = newKey(columnFamily, side)
    const kind = random.below(100)
    if (kind < 70) {
      const value = randomValue(random, 2000)
      rows.set(hex(key), [key, value])
      operations.push({ type: 'put', key, value, columnFamily })
    } else if (kind < 80) {
      const operand = randomValue(random, 100)
      const before = rows.get(hex(key))?.[1]
      rows.set(hex(key), [
        key,
        before === undefined ? operand : Buffer.concat([before, Buffer.from(','), operand]),
      ])
      operations.push({ type: 'merge', key, operand, columnFamily })
    } else if (kind < 98) {
      rows.delete(hex(key))
      operations.push({ type: 'delete', key, columnFamily })
    } else {
      const [start, end] = [key, newKey(columnFamily, side)].sort(compare)
      if (compare(start, end) === 0) continue
      for (const [name, [each]] of [...rows])
        if (compare(each, start) >= 0 && compare(each, end) < 0) rows.delete(name)
      operations.push({ type: 'deleteRange', start, end, columnFamily })
    }
  }
  return operations
}

function newKey(family: string, { random, kinds, keys }: Side): Uint8Array {
  return kindOf(kinds, family).key(random, keys)
}

function kindOf(all: ReadonlyMap<string, KeyKind>, family: string): KeyKind {
  return all.get(family) as KeyKind
}

function sorted(family: string, { contents, kinds }: Side): [Uint8Array, Uint8Array][] {
  const { compare } = kindOf(kinds, family)
  return [...(contents.get(family) as Rows).values()].sort(([a], [b]) => compare(a, b))
}

function compareRows(
  what: string,
  found: readonly (readonly Uint8Array[])[],
  expected: readonly (readonly Uint8Array[])[],
): void {
  const spelled = (row: readonly Uint8Array[] | undefined) => row?.map(hex).join(' ') ?? 'no more row'
  for (let i = 0; i < Math.max(found.length, expected.length); i++) {
    if (spelled(found[i]) === spelled(expected[i])) continue
    throw new OracleError(`${what}, row ${i}: expected ${spelled(expected[i])}, got ${spelled(found[i])}`)
  }
}

/** Few, with bytes on both sides. */
function uint64(random: Random): Uint8Array {
  const bytes = new Uint8Array(8)
  bytes[0] = random.below(40)
  bytes[random.between(1, 7)] = random.pick([0, 1, 128, 255])
  return bytes
}

function numberOf(bytes: Uint8Array): bigint {
  return Buffer.from(bytes).readBigUInt64LE()
}

function bytes(given: Uint8Array | string): Uint8Array {
  return typeof given === 'string' ? Buffer.from(given) : given
}

/**
 * Directories whose keys have timestamps, which RocksDB's library writes and Varve reads: at every timestamp both must see
 * the rows of a plain list of versions, forward, backward and one by one. Varve opens them for writing too, which replays
 * their logs into tables, and C++ must find these in order.
 */
import { readdirSync } from 'node:fs'
import type { Database, OpenOptions } from 'varve'
import { KeySpace, randomValue } from '../model/generators.ts'
import type { Random } from '../random.ts'
import { type Checked, checkTables } from './cpp-checks.ts'
import { at, RocksDatabase } from './rocks.ts'
import { hex, OracleError } from './tools.ts'
import { randomOpenOptions } from './varve-options.ts'
import { inVarve } from './varve-side.ts'

/** The other one, over the reverse order, RocksDB has since 8.0. */
const COMPARATOR = 'leveldb.BytewiseComparator.u64ts'

/** Newest last; undefined is a deletion. */
type Versions = [timestamp: number, value: Uint8Array | undefined][]

interface Side {
  keys: Map<string, [key: Uint8Array, versions: Versions]>
  random: Random
  space: KeySpace
  /** Of the newest version; they only grow, as RocksDB wants it. */
  timestamp: number
}

/** RocksDB writes, Varve reads, one to four times. */
export async function exchangeTimestamps(
  program: string,
  directory: string,
  random: Random,
): Promise<Checked> {
  const side: Side = { keys: new Map(), random, space: new KeySpace(random, 60), timestamp: 1 }
  const total: Checked = { rows: 0, tables: 0 }
  for (let turns = random.between(1, 4); turns > 0; turns--) {
    total.rows += await rocksTurn(program, directory, side)
    total.rows += await varvesTurn(directory, side)
  }
  total.rows += await rocksTurn(program, directory, side)
  if (readdirSync(directory).some(name => name.endsWith('.sst'))) total.tables = await checkTables(directory)
  return total
}

function rocksTurn(program: string, directory: string, side: Side): Promise<number> {
  const { random } = side
  const size = random.pick([65_536, 1_000_000])
  const settings = [`comparator=${COMPARATOR}`, `cf={write_buffer_size=${size};target_file_size_base=20000}`]
  return RocksDatabase.use(program, directory, settings, async db => {
    let rows = await compareWithRocks(db, side)
    for (let n = random.between(1, 250); n > 0; n--) await writeThroughRocks(db, side)
    if (random.chance(0.4)) await db.ask('flush', 'default')
    if (random.chance(0.3)) await db.ask('compact', 'default')
    for (let n = random.between(0, 30); n > 0; n--) await writeThroughRocks(db, side)
    rows += await compareWithRocks(db, side)
    await db.verify()
    return rows
  })
}

async function writeThroughRocks(db: RocksDatabase, side: Side): Promise<void> {
  const { random, keys } = side
  if (random.chance(0.7)) side.timestamp += random.pick([1, 1, 7, 2 ** 33])
  const key = side.space.pick(random)
  const [, versions] = keys.get(hex(key)) ?? [key, []]
  keys.set(hex(key), [key, versions])
  if (random.chance(0.75)) {
    const value = randomValue(random, 500)
    versions.push([side.timestamp, value])
    await db.ask('put', 'default', key, value, at(side.timestamp))
  } else {
    versions.push([side.timestamp, undefined])
    await db.ask('delete', 'default', key, at(side.timestamp))
  }
}

/** The rows at a timestamp, in order. Of two versions with one timestamp the later one counts. */
function rowsAt({ keys }: Side, timestamp: number): [Uint8Array, Uint8Array][] {
  const seen = [...keys.values()].flatMap(([key, versions]): [Uint8Array, Uint8Array][] => {
    const value = versions.findLast(([own]) => own <= timestamp)?.[1]
    return value === undefined ? [] : [[key, value]]
  })
  return seen.sort(([a], [b]) => Buffer.compare(a, b))
}

function someTimestamps({ random, timestamp }: Side): number[] {
  return [timestamp, 0, random.below(20), Math.floor((random.next() / 2 ** 32) * timestamp), timestamp + 1]
}

async function compareWithRocks(db: RocksDatabase, side: Side): Promise<number> {
  let count = 0
  for (const timestamp of someTimestamps(side)) {
    const expected = rowsAt(side, timestamp)
    compare(`C++ at ${timestamp}`, await db.ask('scan', 'default', at(timestamp)), expected)
    count += expected.length
  }
  return count
}

async function varvesTurn(directory: string, side: Side): Promise<number> {
  const { random } = side
  const options: OpenOptions = {
    ...randomOpenOptions(random),
    memtable: 'tree',
    readOnly: random.chance(0.3),
  }
  let rows = 0
  await inVarve(directory, options, async db => {
    rows = await compareWithVarve(db, side)
  })
  return rows
}

async function compareWithVarve(db: Database, side: Side): Promise<number> {
  const { random, keys, space } = side
  let count = 0
  for (const timestamp of someTimestamps(side)) {
    const expected = rowsAt(side, timestamp)
    compare(`at ${timestamp}`, await db.entries({ timestamp }).toArray(), expected)
    const reverse = await db.entries({ timestamp, reverse: true }).toArray()
    compare(`back at ${timestamp}`, reverse, expected.toReversed())
    const start = space.pick(random)
    const prefix = start.subarray(0, random.below(4))
    const hasPrefix = ([key]: [Uint8Array, Uint8Array]) =>
      Buffer.compare(key.subarray(0, prefix.length), prefix) === 0
    compare('prefix', await db.entries({ timestamp, prefix }).toArray(), expected.filter(hasPrefix))
    const behind = expected.filter(([key]) => Buffer.compare(key, start) > 0)
    compare('gt', await db.entries({ timestamp, gt: start }).toArray(), behind)
    const before = expected.filter(([key]) => Buffer.compare(key, start) <= 0).toReversed()
    compare('lte, back', await db.entries({ timestamp, lte: start, reverse: true }).toArray(), before)
    for (const [key] of random.shuffle([...keys.values()]).slice(0, 20)) {
      const value = await db.get(key, { timestamp })
      const wanted = expected.filter(([own]) => Buffer.compare(own, key) === 0)
      compare(`get of ${hex(key)} at ${timestamp}`, value === undefined ? [] : [[key, value]], wanted)
    }
    count += expected.length
  }
  compare('newest', await db.entries().toArray(), rowsAt(side, side.timestamp))
  return count
}

function compare(
  what: string,
  found: readonly (readonly Uint8Array[])[],
  expected: readonly (readonly Uint8Array[])[],
): void {
  const spell = (row: readonly Uint8Array[] | undefined) => row?.map(hex).join(' ') ?? 'no more row'
  for (let i = 0; i < Math.max(found.length, expected.length); i++) {
    if (spell(found[i]) !== spell(expected[i]))
      throw new OracleError(`${what}, row ${i}: expected ${spell(expected[i])}, got ${spell(found[i])}`)
  }
}

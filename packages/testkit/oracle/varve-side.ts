/** Varve's part of a cross-check: opening, comparing with a model, writing through it, and closing in order. */
import {
  type BatchOperation,
  type Database,
  type OpenOptions,
  open,
  verifyDatabase,
  type WriteOptions,
} from 'varve'
import { KeySpace, randomValue } from '../model/generators.ts'
import { applyOperation, type OperationShares, randomOperation } from '../model/operations.ts'
import { isSingleKey, SingleKeys } from '../model/single-keys.ts'
import { SortedModel } from '../model/sorted-model.ts'
import type { Random } from '../random.ts'
import type { Contents } from './cpp-checks.ts'
import { hex, OracleError } from './tools.ts'

/** How a part of a cross-check writes. */
export interface Writing {
  operations: number
  /** Keys that are written and deleted besides those that exist already. */
  keySpace: number
  /** Largest value, in bytes. */
  largestValue?: number
  /** Other shares than the usual ones. */
  shares?: Partial<OperationShares>
}

/** Compares every column family with its model, forward and backward, and some keys by `get`. Returns the rows. */
export async function compareWithVarve(db: Database, contents: Contents, random: Random): Promise<number> {
  const families = db.columnFamilyNames().sort().join()
  const expected = [...contents.keys()].sort().join()
  if (families !== expected)
    throw new OracleError(`Varve sees the families ${families}, expected ${expected}`)
  let rows = 0
  for (const [columnFamily, model] of contents) {
    rows += await compareScan(db, columnFamily, model, false)
    if (model.size <= 50_000) await compareScan(db, columnFamily, model, true)
    await compareLookups(db, columnFamily, model, random)
  }
  return rows
}

async function compareScan(
  db: Database,
  columnFamily: string,
  model: SortedModel,
  reverse: boolean,
): Promise<number> {
  const expected = model.rows({ reverse })
  const direction = reverse ? 'backward' : 'forward'
  const at = (row: number) => `${direction} scan of ${columnFamily} in ${db.path}, row ${row}`
  let count = 0
  for await (const batch of db.entries({ columnFamily, reverse }).batches()) {
    for (const [key, value] of batch) {
      const { value: row, done } = expected.next()
      if (done === true) throw new OracleError(`${at(count)}: there should be none, but there is ${hex(key)}`)
      if (!isSame(row[0], key))
        throw new OracleError(`${at(count)}: expected ${hex(row[0])}, got ${hex(key)}`)
      if (!isSame(row[1], value)) throw new OracleError(`${at(count)}: wrong value of ${hex(key)}`)
      count++
    }
  }
  const { value: missing, done } = expected.next()
  if (done !== true) throw new OracleError(`${at(count)}: ${hex(missing[0])} is missing`)
  return count
}

const LOOKUPS = 100

async function compareLookups(
  db: Database,
  columnFamily: string,
  model: SortedModel,
  random: Random,
): Promise<void> {
  const keys: Uint8Array[] = []
  for (let i = 0; i < LOOKUPS; i++) {
    const row = model.at(random.below(model.size + 1))
    const key = row?.[0] ?? random.bytes(8)
    keys.push(random.chance(0.8) ? key : Uint8Array.of(...key, random.below(256)))
  }
  const values = await db.getMany(keys, { columnFamily })
  for (const [i, key] of keys.entries()) {
    const wanted = model.get(key)
    const found = random.chance(0.5) ? db.getSync(key, { columnFamily }) : values[i]
    const equal = wanted === undefined || found === undefined ? wanted === found : isSame(wanted, found)
    if (!equal) throw new OracleError(`get of ${hex(key)} in ${columnFamily} of ${db.path} is wrong`)
  }
}

/** Writes through Varve and into the models alike: puts, deletes and batches across column families. */
export async function writeThroughVarve(
  db: Database,
  contents: Contents,
  random: Random,
  writing: Writing,
): Promise<void> {
  const families = [...contents.keys()]
  const keys = new KeySpace(random, writing.keySpace)
  const singles = new SingleKeys(random.next())
  const shares = { ...usualShares(random), ...writing.shares }
  const pending: Promise<void>[] = []
  for (let done = 0; done < writing.operations; ) {
    const size = random.chance(0.3) ? random.between(2, 20) : 1
    const operations: BatchOperation[] = []
    for (let i = 0; i < size; i++, done++) {
      const columnFamily = random.pick(families)
      const model = contents.get(columnFamily) as SortedModel
      const key = () => {
        const existing = random.chance(0.3) ? model.at(random.below(model.size + 1)) : undefined
        return existing === undefined || isSingleKey(existing[0]) ? keys.pick(random) : existing[0]
      }
      const value = () => randomValue(random, writing.largestValue)
      const operation = random.chance(0.03)
        ? singles.operation(random, columnFamily, value())
        : randomOperation(random, columnFamily, key, value, shares)
      applyOperation(model, operation)
      operations.push(operation)
    }
    pending.push(writeAs(db, operations, random))
    if (pending.length >= 32) await Promise.all(pending.splice(0))
  }
  await Promise.all(pending)
}

/** A range takes many keys with it: few are enough. */
function usualShares(random: Random): OperationShares {
  return { delete: 20, singleDelete: 0, merge: 8, deleteRange: random.chance(0.02) ? 100 : 0 }
}

function writeAs(db: Database, operations: readonly BatchOperation[], random: Random): Promise<void> {
  const sync = random.chance(0.002)
  const [only] = operations
  if (operations.length > 1 || random.chance(0.2)) return db.write(operations, { sync })
  return writeOne(db, only, { sync })
}

/** By the method of its own. */
export function writeOne(db: Writer, operation: BatchOperation, options: WriteOptions = {}): Promise<void> {
  const all = { ...options, ...(operation.columnFamily && { columnFamily: operation.columnFamily }) }
  switch (operation.type) {
    case 'put':
      return db.put(operation.key, operation.value, all)
    case 'delete':
      return db.delete(operation.key, all)
    case 'singleDelete':
      return db.singleDelete(operation.key, all)
    case 'deleteRange':
      return db.deleteRange(operation.start, operation.end, all)
    case 'merge':
      return db.merge(operation.key, operation.operand, all)
    case 'putEntity':
      return db.putEntity(operation.key, operation.columns, all)
  }
}

export type Writer = Pick<Database, 'put' | 'delete' | 'singleDelete' | 'deleteRange' | 'merge' | 'putEntity'>

/** Flushes and compacts now and then, as a user might. */
export async function settle(db: Database, random: Random): Promise<void> {
  if (random.chance(0.6)) await db.flush()
  if (random.chance(0.5)) {
    for (const columnFamily of db.columnFamilyNames()) await db.compact({ columnFamily })
  }
}

/** Opens, does what is to be done, closes and verifies every byte. */
export async function inVarve(
  directory: string,
  options: OpenOptions,
  work: (db: Database) => Promise<void>,
): Promise<void> {
  const db = await open(directory, options)
  try {
    await work(db)
    if (db.backgroundError !== undefined) throw db.backgroundError
  } finally {
    await db.close()
  }
  await mustVerify(directory)
}

/** Every byte of the closed database is in order, and its files are with each other. */
export async function mustVerify(directory: string): Promise<void> {
  const report = await verifyDatabase(directory, { deep: true })
  if (report.ok) return
  const [{ file, offset, message }] = report.problems
  throw new OracleError(`verify: ${file} at ${offset}: ${message} (of ${report.problems.length} problems)`)
}

/** A model per column family, empty. */
export function emptyContents(families: readonly string[]): Contents {
  return new Map(families.map(name => [name, new SortedModel()]))
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

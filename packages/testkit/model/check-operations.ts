/** The operations of a model check: what each does to database and model, and what must then agree. */
import type { BatchOperation } from 'varve'
import { randomValue } from './generators.ts'
import { type HeldCursor, type ModelCheck, show, showRange } from './model-check.ts'
import { applyOperation, randomOperation } from './operations.ts'
import { randomRange } from './random-range.ts'
import { type ModelColumns, type Row, SortedModel } from './sorted-model.ts'

interface Operation {
  name: string
  /** How often it comes, beside the others. */
  weight: number
  run(check: ModelCheck): Promise<void> | void
}

const FAMILY_NAMES = ['users', 'log', 'ünïcode']
const HELD_MAX = 6

const operations: readonly Operation[] = [
  { name: 'put', weight: 300, run: put },
  { name: 'delete', weight: 100, run: remove },
  { name: 'batch', weight: 60, run: writeBatch },
  { name: 'get', weight: 150, run: get },
  { name: 'getEntity', weight: 20, run: getEntity },
  { name: 'getMany', weight: 15, run: getMany },
  { name: 'scan', weight: 60, run: scan },
  { name: 'cursor walk', weight: 25, run: walkFreshCursor },
  { name: 'held cursor walk', weight: 15, run: walkHeldCursor },
  { name: 'held iteration', weight: 15, run: continueIteration },
  { name: 'snapshot', weight: 10, run: snapshot },
  { name: 'let go', weight: 14, run: letGo },
  { name: 'flush', weight: 3, run: flush },
  { name: 'compact', weight: 1.5, run: compact },
  { name: 'reopen', weight: 1, run: reopen },
  { name: 'column family', weight: 1, run: changeFamilies },
]

const totalWeight = operations.reduce((sum, { weight }) => sum + weight, 0)

/** Runs so many operations, then compares everything once more, closes and verifies. */
export async function runOperations(check: ModelCheck, count: number): Promise<void> {
  await check.open()
  for (let number = 0; number < count; number++) {
    const operation = pickOperation(check)
    check.counts.set(operation.name, (check.counts.get(operation.name) ?? 0) + 1)
    try {
      await inTime(operation.run(check))
    } catch (error) {
      throw new Error(`operation ${number}, ${operation.name}, of seed ${check.random.seed}: ${error}`, {
        cause: error,
      })
    }
  }
  await reopen(check)
  await check.close()
  await check.verify()
}

/** No operation of a small database takes long: one that does waits for something that never comes. */
const OPERATION_TIMEOUT_MS = 60_000

async function inTime(operation: Promise<void> | void): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('it does not come to an end')), OPERATION_TIMEOUT_MS)
  try {
    await Promise.race([operation, late])
  } finally {
    clearTimeout(timer)
  }
}

function pickOperation({ random }: ModelCheck): Operation {
  let left = (random.next() / 2 ** 32) * totalWeight
  return operations.find(({ weight }) => (left -= weight) < 0) ?? operations[0]
}

async function put(check: ModelCheck): Promise<void> {
  const { random } = check
  const columnFamily = check.familyName()
  const key = check.keys.pick(random)
  const value = randomValue(random, 30_000)
  check.model(columnFamily).put(key, value)
  const given = value.slice()
  const written = check.db.put(key, given, { columnFamily, ...writeOptions(check) })
  // What was given may be changed at once: the database has its own copy.
  given.fill(0xdb)
  await written
}

async function remove(check: ModelCheck): Promise<void> {
  const columnFamily = check.familyName()
  const key = check.keys.pick(check.random)
  check.model(columnFamily).delete(key)
  await check.db.delete(key, { columnFamily, ...writeOptions(check) })
}

async function writeBatch(check: ModelCheck): Promise<void> {
  const { random } = check
  const batch = Array.from({ length: random.between(0, 20) }, (): BatchOperation => {
    const columnFamily = check.familyName()
    const deleteRange = random.chance(0.1) ? 20 : 0
    const shares = { delete: 18, singleDelete: 7, merge: 10, deleteRange, putEntity: 15 }
    const key = () => check.keys.pick(random)
    const operation = randomOperation(random, columnFamily, key, () => randomValue(random), shares)
    applyOperation(check.model(columnFamily), operation)
    return operation
  })
  await check.db.write(batch, writeOptions(check))
}

function writeOptions({ random }: ModelCheck): { sync?: boolean; disableWAL?: boolean } {
  if (random.chance(0.01)) return { sync: true }
  return random.chance(0.05) ? { disableWAL: true } : {}
}

async function getEntity(check: ModelCheck): Promise<void> {
  const { db, random } = check
  const key = random.chance(0.7) ? check.keys.pick(random) : check.keys.near(random)
  const family = check.familyName()
  const { model, options } = check.moment(family)
  const found = await db.getEntity(key, options)
  const spelled = (columns: ModelColumns | undefined) =>
    columns?.map(column => column.map(show).join('=')).join(' ') ?? 'nothing'
  const [is, should] = [spelled(found), spelled(model.entity(key))]
  if (is !== should) throw new Error(`columns of ${show(key)} in ${family}: ${is}, expected ${should}`)
}

async function get(check: ModelCheck): Promise<void> {
  const { db, random } = check
  const key = check.keys.near(random)
  const family = check.familyName()
  const { model, options } = check.moment(family)
  const expected = model.get(key)
  const what = `get of ${show(key)} in ${family}`
  const how = random.below(3)
  if (how === 0) check.sameValue(await db.get(key, options), expected, what)
  else if (how === 1) check.sameValue(db.getSync(key, options), expected, what)
  else if ((await db.has(key, options)) !== (expected !== undefined)) throw new Error(`has, not ${what}`)
}

async function getMany(check: ModelCheck): Promise<void> {
  const { model, options } = check.moment(check.familyName())
  const keys = Array.from({ length: check.random.below(20) }, () => check.keys.near(check.random))
  const values = await check.db.getMany(keys, options)
  for (const [i, key] of keys.entries()) check.sameValue(values[i], model.get(key), `getMany of ${show(key)}`)
}

async function scan(check: ModelCheck): Promise<void> {
  const { db, random } = check
  const range = randomRange(check.keys, random)
  const family = check.familyName()
  const { model, options } = check.moment(family)
  const entries = db.entries({ ...range.given, ...options })
  const expected = [...model.rows(range.model)]
  const what = () => `scan of ${family} ${showRange(range)}`
  const how = random.below(4)
  if (how === 0) check.sameRows([...entries], expected, what)
  else if (how === 1) check.sameRows(await entries.toArray(), expected, what)
  else if (how === 2) {
    const found: Row[] = []
    for await (const row of entries) found.push(row)
    check.sameRows(found, expected, what)
  } else {
    const keys = await db.keys({ ...range.given, ...options }).toArray()
    const values = [...db.values({ ...range.given, ...options })]
    check.sameRows(
      keys.map((key, i): Row => [key, values[i]]),
      expected,
      what,
    )
  }
}

function heldCursor(check: ModelCheck): HeldCursor {
  const range = randomRange(check.keys, check.random)
  const { limit: _, reverse: __, ...bounds } = range.model
  const { limit: ___, reverse: ____, ...given } = range.given
  const { model, options } = check.moment(check.familyName())
  return { cursor: check.db.cursor({ ...given, ...options }), rows: [...model.rows(bounds)] }
}

function walkFreshCursor(check: ModelCheck): void {
  const held = heldCursor(check)
  walk(check, held)
  if (check.cursors.length < HELD_MAX) check.cursors.push(held)
  else held.cursor.close()
}

function walkHeldCursor(check: ModelCheck): void {
  if (check.cursors.length > 0) walk(check, check.random.pick(check.cursors))
}

/** Moves a cursor about; `at` is where it must stand. */
function walk(check: ModelCheck, { cursor, rows }: HeldCursor): void {
  const { random } = check
  let at = -1
  for (let moves = random.between(1, 25); moves > 0; moves--) {
    const valid = at >= 0 && at < rows.length
    const key = check.keys.near(random)
    const move =
      valid && random.chance(0.75)
        ? random.pick(['next', 'next', 'prev'] as const)
        : random.pick(['first', 'last', 'seek', 'seekForPrev'] as const)
    if (move === 'next') at++
    else if (move === 'prev') at--
    else if (move === 'first') at = 0
    else if (move === 'last') at = rows.length - 1
    else if (move === 'seek') at = rows.findIndex(row => Buffer.compare(row[0], key) >= 0)
    else at = rows.findLastIndex(row => Buffer.compare(row[0], key) <= 0)
    const moved = move === 'seek' || move === 'seekForPrev' ? cursor[move](key) : cursor[move]()
    const row = rows[at]
    const what = `cursor after ${move}${move.startsWith('seek') ? ` to ${show(key)}` : ''}`
    if (moved !== (row !== undefined) || cursor.valid !== moved)
      throw new Error(`${what}: stands on an entry: ${moved}`)
    if (row === undefined) continue
    check.sameValue(cursor.key, row[0], `${what}: key`)
    check.sameValue(cursor.value, row[1], `${what}: value`)
  }
}

/** Takes some more rows of an iteration that was begun long ago, or begins one. */
async function continueIteration(check: ModelCheck): Promise<void> {
  const { random } = check
  if (check.iterations.length < 3) {
    const range = randomRange(check.keys, random)
    const { model, options } = check.moment(check.familyName())
    const iterator = check.db.entries({ ...range.given, ...options })[Symbol.asyncIterator]()
    const held = { iterator, rows: [...model.rows(range.model)], taken: 0 }
    check.iterations.push(held)
  }
  const held = random.pick(check.iterations)
  for (let n = random.between(1, 40); n > 0; n--) {
    const { value: row, done } = await held.iterator.next()
    const expected = held.rows[held.taken]
    if ((done === true) !== (expected === undefined))
      throw new Error(`iteration at row ${held.taken}: done is ${done}`)
    if (done === true) {
      check.iterations.splice(check.iterations.indexOf(held), 1)
      return
    }
    held.taken++
    check.sameRows([row], [expected], () => `iteration at row ${held.taken - 1}`)
  }
}

function snapshot(check: ModelCheck): void {
  if (check.snapshots.length >= HELD_MAX) return
  const families = new Map([...check.families].map(([name, model]) => [name, model.copy()]))
  check.snapshots.push({ snapshot: check.db.snapshot(), families })
}

async function letGo(check: ModelCheck): Promise<void> {
  const { random } = check
  const take = <T>(list: T[]): T | undefined => list.splice(random.below(list.length), 1)[0]
  if (random.chance(0.5)) take(check.snapshots)?.snapshot.close()
  if (random.chance(0.5)) take(check.cursors)?.cursor.close()
  if (random.chance(0.2)) await take(check.iterations)?.iterator.return?.()
}

async function flush(check: ModelCheck): Promise<void> {
  const columnFamily = check.familyName()
  await check.db.flush(check.random.chance(0.5) ? { columnFamily } : {})
}

async function compact(check: ModelCheck): Promise<void> {
  const { random } = check
  const columnFamily = check.familyName()
  const bounds = random.chance(0.5) ? {} : { start: check.keys.pick(random), end: check.keys.pick(random) }
  await check.db.compact({ columnFamily, ...bounds })
}

/** Closes and opens with other options; everything must still be there. */
async function reopen(check: ModelCheck): Promise<void> {
  await check.close()
  if (check.random.chance(0.3)) await check.verify()
  if (check.random.chance(0.2)) {
    await check.open({ readOnly: true })
    await compareAll(check)
    await check.close()
  }
  await check.open()
  await compareAll(check)
}

async function compareAll(check: ModelCheck): Promise<void> {
  const names = check.db.columnFamilyNames().sort().join()
  const expected = [...check.families.keys()].sort().join()
  if (names !== expected) throw new Error(`there are the column families ${names}, expected ${expected}`)
  for (const [columnFamily, model] of check.families) {
    check.sameRows(
      await check.db.entries({ columnFamily }).toArray(),
      model.rows(),
      () => `all of ${columnFamily}`,
    )
  }
}

async function changeFamilies(check: ModelCheck): Promise<void> {
  const name = check.random.pick(FAMILY_NAMES)
  if (!check.families.has(name)) {
    await check.db.columnFamily(name)
    check.families.set(name, new SortedModel())
    return
  }
  for (const { families } of check.snapshots) families.delete(name)
  await check.db.dropColumnFamily(name)
  check.families.delete(name)
}

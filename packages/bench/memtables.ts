/**
 * What `memtable: 'hash'` saves those who write and look up, and costs those who scan and flush.
 *
 *     node packages/bench/memtables.ts --rounds 9
 *
 * Puts random keys of 16 bytes with values of 100 into one memtable, one after another and a hundred at once, looks them up, scans, and
 * flushes: with either kind in turns, in processor time of the whole process. Prints the medians of each and of their ratios.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Database, open } from 'varve'
import { Random } from './data/random.ts'
import { describeMachine } from './report/machine.ts'
import { table } from './report/tables.ts'

const MIB = 1024 * 1024
const SEED = 20_260_101
const AT_ONCE = 100

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    entries: { type: 'string', default: '200000' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const count = Number(values.entries)
const value = Buffer.alloc(100, 'v')
const keys = randomKeys(new Random(SEED))

/** In the order in which they are done; each is done to the memtable that the ones before have left. */
const steps: Record<string, (db: Database) => unknown> = {
  'put, awaited one by one': putEach,
  'first get after all puts': db => db.getSync(keys[0]),
  'getSync, hits': getAll,
  'first row of a scan': db => db.entries({ limit: 1 }).toArray(),
  'getSync, hits, after the scan': getAll,
  'put again, after the scan': putEach,
  'flush, ordered': db => db.flush(),
  'put, 100 at once': putHundreds,
  'flush, not ordered': db => db.flush(),
  'put and getSync in turns': putAndGet,
}

type Kind = 'tree' | 'hash'

const directory = mkdtempSync(join(values.dir, 'varve-memtables-'))
const micros = { tree: new Map<string, number[]>(), hash: new Map<string, number[]>() }
try {
  await measure('tree')
  await measure('hash')
  for (const kind of ['tree', 'hash'] as const) micros[kind].clear()
  for (let round = 0; round < Number(values.rounds); round++) {
    const order: Kind[] = round % 2 === 0 ? ['tree', 'hash'] : ['hash', 'tree']
    for (const kind of order) await measure(kind)
  }
  const rows = Object.keys(steps).map(name => {
    const [tree, hash] = [micros.tree.get(name) ?? [], micros.hash.get(name) ?? []]
    const ratio = median(hash.map((taken, i) => taken / tree[i]))
    return [name, (median(tree) / 1000).toFixed(1), (median(hash) / 1000).toFixed(1), ratio.toFixed(2)]
  })
  console.log(table([`${count} entries`, 'tree, ms', 'hash, ms', 'hash / tree'], rows))
  console.log(describeMachine(directory).join('\n'))
} finally {
  rmSync(directory, { recursive: true })
}

async function measure(memtable: Kind): Promise<void> {
  const path = join(directory, 'db')
  rmSync(path, { recursive: true, force: true })
  // The default, which twice 200,000 entries do not fill.
  const db = await open(path, { memtable, writeBufferSize: 64 * MIB, disableAutoCompactions: true })
  for (const [name, step] of Object.entries(steps)) {
    const before = process.cpuUsage()
    await step(db)
    const { user, system } = process.cpuUsage(before)
    micros[memtable].set(name, [...(micros[memtable].get(name) ?? []), user + system])
  }
  await db.close()
}

async function putEach(db: Database): Promise<void> {
  for (const key of keys) await db.put(key, value)
}

async function putHundreds(db: Database): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE)
    await Promise.all(keys.slice(from, from + AT_ONCE).map(key => db.put(key, value)))
}

function getAll(db: Database): void {
  for (const key of keys) if (db.getSync(key) === undefined) throw new Error('a key is missing')
}

async function putAndGet(db: Database): Promise<void> {
  for (const [i, key] of keys.entries()) {
    await db.put(key, value)
    if (db.getSync(keys[i >>> 1]) === undefined) throw new Error('a key is missing')
  }
}

function randomKeys(random: Random): Buffer[] {
  const bytes = Buffer.from(Array.from({ length: count * 16 }, () => random.below(256)))
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * 16, i * 16 + 16))
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >>> 1]
}

/**
 * What a view and its indexes cost beside plain puts of the same bytes, which are encoded by the same codecs.
 *
 *     node packages/bench/views/main.ts [--rounds 31] [--puts 4000] [--writers 64] [--dir DIRECTORY]
 *
 * The contenders take turns, round by round, each in a column family of its own; a figure is the median over the rounds of a
 * contender's time to that of plain puts in the same round. Times are those of the main thread's processor, so that
 * what else the machine does falls out as far as it can.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Database, json, open, utf8, type Writable } from 'varve'

interface Row {
  name: string
  age: number
  city: string
  email: string
  note: string
}

type Put = (key: string, row: Row) => Promise<void>

interface Contender {
  name: string
  put: Put
  /** Microseconds a put, round by round. */
  times: number[]
}

interface Load {
  title: string
  /** So many put at once, each one row after another. */
  writers: number
  keyOf: (i: number, round: number) => number
  /** Whether `age`, and with it index entries, differ from round to round. */
  changesKeys: boolean
}

const { values: settings } = parseArgs({
  options: {
    rounds: { type: 'string', default: '31' },
    puts: { type: 'string', default: '4000' },
    writers: { type: 'string', default: '64' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const rounds = Number(settings.rounds)
const puts = Number(settings.puts)

/** Rounds before those that count. */
const WARM_UP = 3

const byAge = { on: 'age' } as const
const byCity = { on: ['city', 'age'] } as const
const byEmail = { on: 'email', unique: true } as const

async function contendersIn(db: Database): Promise<Contender[]> {
  const codecs = { key: utf8, value: json<Row>() }
  const plain = await db.columnFamily('plain')
  const views: [string, Pick<Writable<string, Row>, 'prepare'> & { put: Put }][] = [
    ['view without an index', await db.view('none', codecs)],
    ['one index', await db.view('one', { ...codecs, indexes: { byAge } })],
    ['one unique index', await db.view('unique', { ...codecs, indexes: { byEmail } })],
    ['two indexes', await db.view('two', { ...codecs, indexes: { byAge, byCity } })],
  ]
  return [
    {
      name: 'plain puts',
      put: (key, row) => plain.put(codecs.key.encode(key), codecs.value.encode(row)),
      times: [],
    },
    ...views.map(([name, view]) => ({ name, put: (key: string, row: Row) => view.put(key, row), times: [] })),
  ]
}

function rowOf(key: number, round: number, changesKeys: boolean): Row {
  return {
    name: `name of ${key}`,
    age: (key * 7 + (changesKeys ? round : 0)) % 90,
    city: `city ${key % 50}`,
    email: `user${key}@example.org`,
    note: `note ${round}, as long as notes of this kind are `.repeat(2),
  }
}

/** Microseconds of the processor a put. */
async function timePuts(put: Put, load: Load, round: number): Promise<number> {
  const { writers, keyOf, changesKeys } = load
  let next = 0
  const write = async () => {
    while (next < puts) {
      const key = keyOf(next++, round)
      await put(`user:${String(key).padStart(8, '0')}`, rowOf(key, round, changesKeys))
    }
  }
  const before = process.threadCpuUsage()
  await Promise.all(Array.from({ length: writers }, write))
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / puts
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}

async function compare(load: Load): Promise<void> {
  const directory = mkdtempSync(join(settings.dir, 'varve-views-'))
  const db = await open(join(directory, 'db'))
  try {
    const contenders = await contendersIn(db)
    for (let round = -WARM_UP; round < rounds; round++) {
      for (const { put, times } of contenders) {
        const time = await timePuts(put, load, round + WARM_UP)
        if (round >= 0) times.push(time)
      }
    }
    const [plain] = contenders
    console.log(`\n${load.title}, ${load.writers === 1 ? 'one writer' : `${load.writers} writers`}`)
    for (const { name, times } of contenders) {
      const ratio = median(times.map((time, i) => time / plain.times[i]))
      const figures = [median(times).toFixed(1).padStart(6), ratio.toFixed(2).padStart(6)]
      console.log(`  ${name.padEnd(24)} ${figures[0]} us a put  ${figures[1]} plain puts`)
    }
  } finally {
    await db.close()
    rmSync(directory, { recursive: true })
  }
}

for (const writers of [Number(settings.writers), 1]) {
  await compare({ title: 'new rows', writers, keyOf: (i, round) => round * puts + i, changesKeys: true })
  await compare({
    title: 'rows overwritten, other fields change',
    writers,
    keyOf: i => i,
    changesKeys: false,
  })
  await compare({
    title: 'rows overwritten, the indexed field changes',
    writers,
    keyOf: i => i,
    changesKeys: true,
  })
}

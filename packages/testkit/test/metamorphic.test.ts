import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { open } from 'varve'
import { SimulatedDisk } from '../disk/index.ts'
import {
  type Case,
  campaign,
  commandOf,
  DatabaseWorld,
  Difference,
  expectedLines,
  fixedSets,
  historyOf,
  kinds,
  parseCase,
  playAndCompare,
  playCase,
  randomSet,
  reduceCase,
  reduceList,
  reduceOptions,
  type Store,
  usualWorld,
} from '../metamorphic/index.ts'
import { Random } from '../random.ts'
import { plainRuntime } from '../simulation/index.ts'

const never = () => false
const plain = { world: 'plain', options: fixedSets[2].options } as const

test('the same histories have the same answers under many options', async () => {
  const reports: string[] = []
  const report = (text: string) => reports.push(text)
  const limits = { deadline: Number.POSITIVE_INFINITY, reduceMs: 1000 }
  const tally = await campaign({ runs: 3, operations: 300, sets: 3, seed: 5, ...limits, report })
  assert.deepEqual(reports, [])
  assert.equal(tally.plays, 9)
  assert.equal(tally.sets.size, 9)
  assert.ok(tally.compared >= 9 * 300)
  assert.ok(tally.work.flushes > 50 && tally.work.compactions > 50)
})

test('on real files with threads as well', async () => {
  const steps = historyOf(8, 150)
  const world = usualWorld({ seed: 8, operations: 150, world: 'threads', options: fixedSets[2].options })
  const work = await playAndCompare(world, steps, await expectedLines(steps))
  assert.ok(work.flushes > 0)
})

test('any part of a history can be played', async () => {
  const random = new Random(3)
  for (let seed = 0; seed < 4; seed++) {
    const steps = historyOf(seed, 300).filter(() => random.chance(0.5))
    await playAndCompare(usualWorld({ seed, operations: 300, ...plain }), steps, await expectedLines(steps))
  }
})

test('there are kinds and option sets enough, and a history has many of both', async () => {
  assert.ok(kinds.length >= 45)
  assert.equal(new Set(kinds.map(({ name }) => name)).size, kinds.length)
  const sets = [...fixedSets, ...Array.from({ length: 64 }, (_, i) => randomSet(i))]
  assert.ok(fixedSets.length >= 40)
  assert.equal(new Set(sets.map(({ options }) => JSON.stringify(options))).size, sets.length)
  for (const { options } of sets) {
    const db = await open('/db', options, plainRuntime(new SimulatedDisk(), 1))
    await db.close()
  }
  const texts = () => historyOf(7, 500).map(({ kind, text }) => `${kind} ${text()}`)
  assert.deepEqual(texts(), texts())
})

test('the test kit’s README says how many there are', () => {
  const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, kindCount, setCount] = /- (\d+) \[kinds\][\s\S]*?- (\d+) fixed \[option sets\]/.exec(page) ?? []
  assert.deepEqual([Number(kindCount), Number(setCount)], [kinds.length, fixedSets.length])
})

/** Compactions bring back what was deleted last. */
class ForgetfulWorld extends DatabaseWorld {
  override async open(readOnly: boolean): Promise<Store> {
    const store = await super.open(readOnly)
    const { delete: remove, compact } = store
    let undo = async (): Promise<void> => undefined
    store.delete = async (key, options) => {
      const before = await store.get(key, { columnFamily: options?.columnFamily ?? 'default' })
      await remove.call(store, key, options)
      if (before !== undefined) undo = () => store.put(key, before, options)
    }
    store.compact = async options => {
      await compact.call(store, options)
      await undo()
      undo = async () => undefined
    }
    return store
  }
}

test('a delete that a compaction loses is found, and the case is made small', async () => {
  const makeWorld = ({ world, options, seed }: Case) => ({
    make: () => new ForgetfulWorld(world, options, seed),
  })
  const found: Case = { seed: 9, operations: 600, ...plain }
  const difference = await playCase(found, makeWorld)
  assert.ok(difference instanceof Difference)
  const smaller = await reduceCase(found, difference.index, 20_000, makeWorld)
  const left = (smaller.kept ?? []).map(index => historyOf(found.seed, found.operations)[index].kind)
  assert.ok(left.length <= 4, left.join(', '))
  assert.ok(left.some(kind => kind.startsWith('delete')) && left.some(kind => kind.startsWith('compaction')))
  assert.deepEqual(smaller.options, {})
  // What is printed is enough to play it again.
  const [, text] = commandOf(smaller).split("'")
  assert.ok((await playCase(parseCase(text), makeWorld)) instanceof Difference)
  assert.equal(await playCase(parseCase(text)), undefined)
})

test('a step that never ends is a difference', async () => {
  const steps = [
    { kind: 'wait', text: () => '', run: (): Promise<string> => Promise.withResolvers<string>().promise },
  ]
  const world = usualWorld({ seed: 1, operations: 1, ...plain })
  await assert.rejects(playAndCompare(world, steps, ['done', ''], { stepMsMax: 20 }), /not come to an end/)
})

test('a list is reduced to what matters, in order, and as far as time allows', async () => {
  const items = Array.from({ length: 100 }, (_, i) => i)
  const needs = async (part: readonly number[]) => part.includes(17) && part.includes(80)
  assert.deepEqual(await reduceList(items, needs, never), [17, 80])
  assert.deepEqual(await reduceList(items, async () => true, never), [])
  assert.deepEqual(await reduceList(items, async () => false, never), items)
  let tries = 0
  const some = await reduceList(items, needs, () => ++tries > 3)
  assert.ok(some.length > 2 && some.includes(17) && some.includes(80))
})

test('options go back to their defaults unless they matter', async () => {
  const fails = async (options: { a?: number; b?: number; c?: number }) => options.b === 2
  assert.deepEqual(await reduceOptions({ a: 1, b: 2, c: 3 }, fails, never), { b: 2 })
})

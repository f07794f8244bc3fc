/**
 * A random history of a database beside a model of it: every way to read must give what the model has, now and at every
 * snapshot that is held, however the parts are spread over memtables, tables and levels.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { Random, SortedModel } from '@varve/testkit'
import type { Database, OpenOptions, Snapshot } from '../index.ts'
import { freshPath, openFor } from './support.ts'

const KIB = 1024

/** Small enough for a few hundred steps to fill several levels. */
export const small: OpenOptions = {
  writeBufferSize: 64 * KIB,
  targetFileSizeBase: 4 * KIB,
  maxBytesForLevelBase: 8 * KIB,
  maxBytesForLevelMultiplier: 2,
  level0FileNumCompactionTrigger: 2,
  blockSize: 128,
}

/** How often, out of all of them, each kind of step is taken. */
export interface Weights {
  put: number
  merge: number
  delete: number
  deleteRange: number
}

const KEYS = 24
const others = { snapshot: 6, release: 4, flush: 4, compact: 2, reopen: 1, compare: 2 }

interface Held {
  snapshot: Snapshot
  model: SortedModel
}

/** Plays one, and gives the path of the database. Merging appends, so `options` must have an operator that does when `weights` has merges. */
export async function playHistory(
  t: TestContext,
  seed: number,
  steps: number,
  weights: Weights,
  options: OpenOptions = {},
): Promise<string> {
  const random = new Random(seed)
  const path = freshPath(t, `db${seed}`)
  const all = { ...small, ...options }
  let db = await openFor(t, path, all)
  const model = new SortedModel()
  let held: Held[] = []
  for (let step = 0; step < steps; step++) {
    const kind = pickKind(random, { ...weights, ...others })
    if (kind === 'snapshot') held.push({ snapshot: db.snapshot(), model: model.copy() })
    else if (kind === 'release') held.splice(random.below(held.length + 1), 1)[0]?.snapshot.close()
    else if (kind === 'flush') await db.flush()
    else if (kind === 'compact') await db.compact()
    else if (kind === 'compare') await compareAll(db, model, held)
    else if (kind === 'reopen') {
      held = []
      await db.close()
      db = await openFor(t, path, all)
    } else await change(db, model, random, kind, step)
  }
  await compareAll(db, model, held)
  await db.close()
  return path
}

function pickKind<Kind extends string>(random: Random, weights: Record<Kind, number>): Kind {
  const kinds = Object.entries(weights) as [Kind, number][]
  let left = random.below(kinds.reduce((sum, [, weight]) => sum + weight, 0))
  for (const [kind, weight] of kinds) {
    left -= weight
    if (left < 0) return kind
  }
  throw new Error('no kind has a weight')
}

async function change(
  db: Database,
  model: SortedModel,
  random: Random,
  kind: keyof Weights,
  step: number,
): Promise<void> {
  const key = keyOf(random.skewed(KEYS))
  if (kind === 'put') {
    await db.put(key, `${step}:`)
    model.put(Buffer.from(key), Buffer.from(`${step}:`))
  } else if (kind === 'merge') {
    const before = model.get(Buffer.from(key)) ?? Buffer.alloc(0)
    await db.merge(key, `${step};`)
    model.put(Buffer.from(key), Buffer.concat([before, Buffer.from(`${step};`)]))
  } else if (kind === 'delete') {
    await (random.chance(0.5) ? db.delete(key) : db.singleDelete(key))
    model.delete(Buffer.from(key))
  } else {
    const [start, end] = [keyOf(random.below(KEYS)), keyOf(random.below(KEYS))].sort()
    await db.deleteRange(start, end)
    for (let i = 0; i < KEYS; i++)
      if (keyOf(i) >= start && keyOf(i) < end) model.delete(Buffer.from(keyOf(i)))
  }
}

function keyOf(number: number): string {
  return `key${String(number).padStart(2, '0')}`
}

async function compareAll(db: Database, model: SortedModel, held: readonly Held[]): Promise<void> {
  await compareWithModel(db, model)
  for (const { snapshot, model: then } of held) await compareWithModel(db, then, snapshot)
}

/** Gets, scans and a cursor, in both directions. */
async function compareWithModel(db: Database, model: SortedModel, snapshot?: Snapshot): Promise<void> {
  const at = snapshot === undefined ? {} : { snapshot }
  const expected = textOf(model.rows())
  assert.deepEqual(textOf(await db.entries(at).toArray()), expected)
  assert.deepEqual(textOf(await db.entries({ ...at, reverse: true }).toArray()), expected.toReversed())
  const keys = Array.from({ length: KEYS }, (_, i) => keyOf(i))
  const values = keys.map(key => model.get(Buffer.from(key)))
  assert.deepEqual((await db.getMany(keys, at)).map(shown), values.map(shown))
  for (const [i, key] of keys.entries()) {
    assert.equal(shown(db.getSync(key, at)), shown(values[i]))
    assert.equal(await db.has(key, at), values[i] !== undefined)
  }
  walk(db, keys, expected, at)
}

/** From every key, there or not, one step on and one back. */
function walk(
  db: Database,
  keys: readonly string[],
  expected: readonly string[],
  at: { snapshot?: Snapshot },
): void {
  using cursor = db.cursor(at)
  const row = (): string | undefined => (cursor.valid ? textOf([[cursor.key, cursor.value]])[0] : undefined)
  for (const key of keys) {
    const next = expected.findIndex(text => text.slice(0, key.length) >= key)
    const index = next < 0 ? expected.length : next
    assert.equal(cursor.seek(key), index < expected.length)
    assert.equal(row(), expected[index])
    if (cursor.prev()) {
      assert.equal(row(), expected[index - 1])
      cursor.next()
      assert.equal(row(), expected[index])
    }
    const isThere = expected[index]?.slice(0, key.length) === key
    const before = isThere ? index : index - 1
    assert.equal(cursor.seekForPrev(key), before >= 0)
    assert.equal(row(), expected[before])
    if (cursor.next()) assert.equal(row(), expected[before + 1])
  }
}

function textOf(rows: Iterable<readonly [Uint8Array, Uint8Array]>): string[] {
  return [...rows].map(([key, value]) => `${Buffer.from(key)}=${Buffer.from(value)}`)
}

function shown(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString()
}

/** Databases that are in no directory. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { Random } from '@varve/testkit'
import { type OpenOptions, open } from '../index.ts'
import { failsWith, numberedKey, numberedRows, putAll, rowsOf } from './support.ts'

async function openInMemory(t: TestContext, options: OpenOptions = {}) {
  const db = await open(':memory:', options)
  t.after(() => db.close())
  return db
}

test('a database in memory does what any does, with threads, and leaves nothing', async t => {
  const db = await openInMemory(t, {
    writeBufferSize: 65_536,
    level0FileNumCompactionTrigger: 2,
    targetFileSizeBase: 65_536,
    maxSubcompactions: 2,
    columnFamilies: { users: {} },
    mergeOperator: 'stringappend',
  })
  const rows = numberedRows(2000, 'x'.repeat(200))
  await putAll(db, rows)
  await db.put('ada', '1', { columnFamily: 'users', sync: true })
  await db.merge('ada', '2', { columnFamily: 'users' })
  const snapshot = db.snapshot()
  await db.deleteRange('key0100', 'key0200')
  await db.flush()
  await db.compact()
  assert.equal((await rowsOf(db)).length, 1900)
  assert.deepEqual(
    await db
      .entries({ snapshot })
      .toArray()
      .then(found => found.length),
    2000,
  )
  assert.deepEqual(await rowsOf(db, { columnFamily: 'users' }), [['ada', '1,2']])
  assert.ok(db.statistics().flushes > 3 && db.statistics().compactions > 0)
  assert.ok(db.liveFiles().some(({ level }) => level > 0))
  await db.setOptions({ compression: 'zstd' })
  await db.dropColumnFamily('users')
  await db.close()
  assert.equal(existsSync(':memory:'), false)
  await assert.rejects(db.get('key0001'), failsWith('NOT_OPEN'))
})

test('each opening is a database of its own', async t => {
  const [a, b] = [await openInMemory(t), await openInMemory(t)]
  await a.put('key', 'a')
  assert.equal(await b.has('key'), false)
  await a.close()
  const again = await openInMemory(t)
  assert.equal(await again.has('key'), false)
  await assert.rejects(open(':memory:', { readOnly: true }), failsWith('NOT_FOUND'))
})

test('a random history in memory is what a sorted map says', async t => {
  const options = { writeBufferSize: 65_536, level0FileNumCompactionTrigger: 2, targetFileSizeBase: 16_384 }
  const db = await openInMemory(t, options)
  const random = new Random(5)
  const model = new Map<string, string>()
  for (let step = 0; step < 3000; step++) {
    const key = numberedKey(random.below(300))
    const kind = random.below(100)
    if (kind < 70) {
      const value = `${step} `.repeat(random.below(100))
      model.set(key, value)
      await db.put(key, value)
    } else if (kind < 97) {
      model.delete(key)
      await db.delete(key)
    } else if (kind < 98) await db.flush()
    else if (kind < 99) await db.compact()
    else assert.deepEqual(await rowsOf(db), sorted(model))
  }
  assert.deepEqual(await rowsOf(db), sorted(model))
})

function sorted(model: ReadonlyMap<string, string>): [string, string][] {
  return [...model].sort(([a], [b]) => (a < b ? -1 : 1))
}

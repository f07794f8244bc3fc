/** Databases of RocksDB whose keys have timestamps: they are read at any of them, and left as they are. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Database, open, verifyDatabase } from '../index.ts'
import { failsWith, filesOf, freshPath, openFor, rowsOf } from './support.ts'

const samples: Record<string, Record<string, string>> = JSON.parse(
  readFileSync(new URL('../../../testdata/rocksdb/vectors/sample_dbs.json', import.meta.url), 'utf8'),
)

function unpack(t: TestContext, name: string): string {
  const path = freshPath(t)
  mkdirSync(path)
  for (const [file, base64] of Object.entries(samples[name]))
    writeFileSync(join(path, file), Buffer.from(base64, 'base64'))
  return path
}

/** What `cursor` gives of all rows at a timestamp, with the timestamps of the versions. */
function versionsAt(db: Database, timestamp: number | bigint): string[] {
  using cursor = db.cursor({ timestamp })
  const rows: string[] = []
  for (cursor.first(); cursor.valid; cursor.next())
    rows.push(`${Buffer.from(cursor.key)}@${cursor.timestamp}=${Buffer.from(cursor.value)}`)
  return rows
}

test('a database of RocksDB 11.9 is read at every timestamp, by scans, cursors and gets alike', async t => {
  const path = unpack(t, '11.9.0/udt')
  const db = await openFor(t, path, { readOnly: true })
  const newest = versionsAt(db, 2n ** 64n - 1n)
  assert.ok(newest.length > 0)
  assert.deepEqual(versionsAt(db, 0), [])
  for (let timestamp = 0; timestamp <= 300; timestamp++) {
    const rows = versionsAt(db, timestamp)
    const plain = rows.map(row => row.replace(/@\d+=/, '='))
    const scanned = (await rowsOf(db, { timestamp })).map(([key, value]) => `${key}=${value}`)
    assert.deepEqual(scanned, plain)
    assert.deepEqual(
      (await rowsOf(db, { timestamp, reverse: true })).map(([key, value]) => `${key}=${value}`),
      plain.toReversed(),
    )
    for (const row of rows) {
      const [, key, own, value] = /^(.*)@(\d+)=(.*)$/.exec(row) ?? []
      assert.ok(Number(own) <= timestamp)
      assert.equal(Buffer.from((await db.get(key, { timestamp })) ?? []).toString(), value)
      assert.equal(Buffer.from(db.getSync(key, { timestamp }) ?? []).toString(), value)
      assert.equal(await db.has(key, { timestamp }), true)
      assert.equal((await db.getMany([key, 'no such key'], { timestamp }))[1], undefined)
      assert.equal(Buffer.from((await db.getEntity(key, { timestamp }))?.[0][1] ?? []).toString(), value)
    }
  }
})

test('what would change such a family is refused by name, and the others are written to', async t => {
  const path = unpack(t, '11.9.0/udt')
  const db = await openFor(t, path)
  const before = versionsAt(db, 2n ** 63n)
  const refused = failsWith('NOT_SUPPORTED', /leveldb\.BytewiseComparator\.u64ts/)
  await assert.rejects(db.put('k', 'v'), refused)
  await assert.rejects(db.delete('k'), refused)
  await assert.rejects(db.deleteRange('a', 'b'), refused)
  await assert.rejects(db.putEntity('k', {}), refused)
  await assert.rejects(db.write([{ type: 'put', key: 'k', value: 'v' }]), refused)
  await assert.rejects(db.compact(), refused)
  const other = await db.columnFamily('other')
  await other.put('k', 'v')
  await assert.rejects(other.get('k', { timestamp: 1 }), failsWith('INVALID_ARGUMENT', /no timestamps/))
  assert.throws(() => other.getSync('k', { timestamp: 1 }), failsWith('INVALID_ARGUMENT'))
  assert.throws(() => other.cursor({ timestamp: 1 }), failsWith('INVALID_ARGUMENT'))
  for (const timestamp of [-1, 0.5, 2n ** 64n, Number.NaN])
    await assert.rejects(db.get('k', { timestamp }), failsWith('INVALID_ARGUMENT', /timestamp/))
  await db.flush()
  await other.compact()
  await db.close()
  assert.deepEqual((await verifyDatabase(path, { deep: true })).problems, [])
  const again = await openFor(t, path)
  assert.deepEqual(versionsAt(again, 2n ** 63n), before)
})

test('timestamps that are not in the tables are refused by name', async t => {
  const path = unpack(t, '11.9.0/udt_nopersist')
  const files = filesOf(path, /./)
  await assert.rejects(open(path), failsWith('NOT_SUPPORTED', /timestamps .*u64ts/))
  assert.deepEqual(
    filesOf(path, /^(?!LOCK|VARVE)/),
    files.filter(name => !/^(LOCK|VARVE)/.test(name)),
  )
})

/**
 * The sample databases that C++ RocksDB 7.8.3 and 11.9.0 made (testdata/rocksdb/vectors): each opens with exactly
 * the rows that C++ finds in it, or is refused with the name of what it has that Varve cannot serve.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { differences, fingerprint } from '@varve/testkit'
import { type OpenOptions, open, verifyDatabase } from '../index.ts'
import { failsWith, filesOf, freshPath, openFor, rowsOf } from './support.ts'

type Files = Record<string, string>

const samples = JSON.parse(
  readFileSync(new URL('../../../testdata/rocksdb/vectors/sample_dbs.json', import.meta.url), 'utf8'),
) as Record<string, Files>

type Rows = [key: string, value: string][]

function counted(count: number, value = (i: number) => `value-${i}`): Rows {
  return Array.from({ length: count }, (_, i) => [`key${String(i).padStart(5, '0')}`, value(i)])
}

/** What RocksDB's own scan prints. */
const rowsOfSample: Record<string, Rows> = {
  '7.8.3/tiny': [
    ['a', '1'],
    ['b', '22'],
    ['c', '333'],
  ],
  '7.8.3/multiver': [
    ['samekey', 'v39'],
    ['zzz', 'last'],
  ],
  '7.8.3/hashidx': counted(200),
  '7.8.3/fcksum': [['a', '1']],
  '7.8.3/wal3': [
    ['', 'empty-key'],
    ['banana', 'yellow'],
    ['k', ''],
    ['m', 'x'],
  ],
  '7.8.3/rangedel': [
    ['a', '1'],
    ['e', '2'],
  ],
  '7.8.3/ingest': [
    ['a', '1'],
    ['b', '2'],
    ['zz', '1'],
  ],
  '7.8.3/wide': [
    ['ent', 'dv'],
    ['ent2', ''],
    ['ent3', ''],
    ['plain', 'p'],
  ],
  '7.8.3/idx2_pf1_fv5': counted(600),
  '7.8.3/idx3_pf0_fv4': counted(600),
  '7.8.3/idx1_pf0_fv5': counted(600),
  '7.8.3/cfs': [
    ['d1', 'v'],
    ['d2', 'v2'],
  ],
  '7.8.3/blobgc': Array.from('ABCDefghij', (letter, i) => [`k${i}`, letter.repeat(50)]),
  '11.9.0/tiny': [
    ['a', '1'],
    ['b', '22'],
    ['c', '333'],
  ],
  '11.9.0/fv6_ck1': counted(200, i => `value-${i}${'x'.repeat(i % 7)}`),
  '11.9.0/idx2_pf1_fv6': counted(600),
  '11.9.0/sepkv': counted(100),
  '11.9.0/rangedel': [
    ['a', '1'],
    ['e', '2'],
  ],
  '11.9.0/pred': [
    ['a', '1'],
    ['b', '1'],
  ],
}

/** What the refusal speaks of. */
const featureOfSample: Record<string, RegExp> = {
  '7.8.3/txn': /prepared transaction/,
  '11.9.0/udt_nopersist': /timestamps .*leveldb\.BytewiseComparator\.u64ts/,
}

/** A directory without an OPTIONS file does not say how its merge operands are merged. */
const options: OpenOptions = { mergeOperator: 'stringappend' }

function unpack(t: TestContext, name: string): string {
  const path = freshPath(t)
  mkdirSync(path)
  for (const [file, base64] of Object.entries(samples[name])) {
    writeFileSync(join(path, file), Buffer.from(base64, 'base64'))
  }
  return path
}

test('every sample database is spoken of here', () => {
  const elsewhere = ['11.9.0/udt', '11.9.0/wideblob'] // timestamps.test.ts, and below
  const expected = [...Object.keys(rowsOfSample), ...Object.keys(featureOfSample), ...elsewhere].sort()
  assert.deepEqual(Object.keys(samples).sort(), expected)
})

for (const [name, rows] of Object.entries(rowsOfSample)) {
  test(`a database of RocksDB ${name} opens with its rows, takes writes and compacts`, async t => {
    const path = unpack(t, name)
    const before = fingerprint(path)
    const reader = await openFor(t, path, { ...options, readOnly: true })
    assert.deepEqual(await rowsOf(reader), rows)
    assert.deepEqual(await rowsOf(reader, { reverse: true }), rows.toReversed())
    await reader.close()
    assert.deepEqual(differences(before, fingerprint(path)), [])

    const writer = await openFor(t, path, options)
    for (const [key, value] of rows) assert.equal((await writer.get(key))?.length, value.length)
    await writer.put('and more', 'of ours')
    await writer.delete(rows[0][0])
    await writer.compact()
    const expected = [...rows.slice(1), ['and more', 'of ours'] as const].sort(([a], [b]) => (a < b ? -1 : 1))
    assert.deepEqual(await rowsOf(writer), expected)
    await writer.close()
    assert.deepEqual((await verifyDatabase(path)).problems, [])
    assert.deepEqual(await rowsOf(await openFor(t, path)), expected)
  })
}

for (const [name, feature] of Object.entries(featureOfSample)) {
  test(`a database of RocksDB ${name} is refused by name and left as it was`, async t => {
    const path = unpack(t, name)
    const before = fingerprint(path)
    await assert.rejects(open(path), failsWith('NOT_SUPPORTED', feature))
    await assert.rejects(open(path, { readOnly: true }), failsWith('NOT_SUPPORTED', feature))
    const changed = differences(before, fingerprint(path)).filter(file => file !== join(path, 'LOCK'))
    assert.deepEqual(changed, [])
  })
}

test('a column family of RocksDB 7.8.3 whose values lie in a blob file is read', async t => {
  const db = await openFor(t, unpack(t, '7.8.3/cfs'))
  assert.deepEqual(await rowsOf(db, { columnFamily: 'blobby' }), [
    ['b2', 'small'],
    ['b3', 'C'.repeat(50)],
  ])
  assert.equal(db.blobStats({ columnFamily: 'blobby' }).files, 1)
})

test('an entity of RocksDB 11.9.0 with values in a blob file is refused by whoever meets it, and loses nothing', async t => {
  const path = unpack(t, '11.9.0/wideblob')
  const before = filesOf(path, /\.(sst|blob)$/)
  const db = await openFor(t, path)
  await assert.rejects(db.entries().toArray(), failsWith('NOT_SUPPORTED', /entity/))
  await assert.rejects(db.compact(), failsWith('NOT_SUPPORTED', /entity with values in blob files/))
  await db.close().catch(() => undefined)
  assert.deepEqual(filesOf(path, /\.(sst|blob)$/), before)
})

test('merge operands of an operator that nobody names are refused when they are read, and only then', async t => {
  const db = await openFor(t, unpack(t, '7.8.3/wal3'))
  assert.equal(String(Buffer.from((await db.get('banana')) ?? [])), 'yellow')
  await assert.rejects(db.get('m'), failsWith('INVALID_ARGUMENT', /no merge operator/))
  await assert.rejects(db.entries().toArray(), failsWith('INVALID_ARGUMENT', /no merge operator/))
})

/**
 * Databases that C++ RocksDB 7.8.3 and 11.9.0 made: each opens with just the rows that it holds, or is refused by
 * the name of what is not supported and stays as it is.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { failureOf, fingerprint, freshPath, killedCopy, openFor, rowsOf } from './support.ts'

const vectors = new URL('../../../testdata/rocksdb/vectors/sample_dbs.json', import.meta.url)
const samples: Record<string, Record<string, string>> = JSON.parse(readFileSync(vectors, 'utf8'))

type Rows = [key: string, value: string][]

/** `key00000` on, as most samples have them. */
function sampleRows(count: number, textOf = (i: number) => `value-${i}`): Rows {
  return Array.from({ length: count }, (_, i) => [`key${String(i).padStart(5, '0')}`, textOf(i)])
}

const tiny: Rows = [
  ['a', '1'],
  ['b', '22'],
  ['c', '333'],
]

const holds: Record<string, Rows> = {
  '7.8.3/tiny': tiny,
  '7.8.3/multiver': [
    ['samekey', 'v39'],
    ['zzz', 'last'],
  ],
  '7.8.3/hashidx': sampleRows(200),
  '7.8.3/fcksum': [['a', '1']],
  '7.8.3/idx1_pf0_fv5': sampleRows(600),
  '7.8.3/idx2_pf1_fv5': sampleRows(600),
  '7.8.3/idx3_pf0_fv4': sampleRows(600),
  '11.9.0/tiny': tiny,
  '11.9.0/fv6_ck1': sampleRows(200, i => `value-${i}${'x'.repeat(i % 7)}`),
  '11.9.0/idx2_pf1_fv6': sampleRows(600),
  '11.9.0/sepkv': sampleRows(100),
  '11.9.0/pred': [
    ['a', '1'],
    ['b', '1'],
  ],
}

const refused: Record<string, RegExp> = {
  '7.8.3/wal3': /Merge operation/,
  '7.8.3/cfs': /comparator|blob file/,
  '7.8.3/rangedel': /range deletions/,
  '7.8.3/ingest': /range deletions/,
  '7.8.3/txn': /prepared transaction/,
  '7.8.3/wide': /PutEntity/,
  '7.8.3/blobgc': /blob file/,
  '11.9.0/rangedel': /range deletions/,
  '11.9.0/udt': /comparator leveldb\.BytewiseComparator\.u64ts/,
  '11.9.0/udt_nopersist': /comparator leveldb\.BytewiseComparator\.u64ts/,
  '11.9.0/wideblob': /blob file/,
}

function sampleDirectory(t: TestContext, name: string): string {
  const path = freshPath(t)
  mkdirSync(path)
  for (const [file, base64] of Object.entries(samples[name]))
    writeFileSync(join(path, file), base64, 'base64')
  return path
}

test('every sample is judged', () => {
  assert.deepEqual(Object.keys(samples).sort(), [...Object.keys(holds), ...Object.keys(refused)].sort())
})

for (const [name, rows] of Object.entries(holds)) {
  test(`${name} opens with the rows that it holds, takes writes, compacts, and opens again`, async t => {
    const path = sampleDirectory(t, name)
    const before = fingerprint(path)
    const reader = await openFor(t, path, { readOnly: true })
    assert.deepEqual(await rowsOf(reader), rows)
    assert.deepEqual(await rowsOf(reader, { reverse: true }), rows.toReversed())
    await reader.close()
    assert.deepEqual(fingerprint(path), before)
    const db = await openFor(t, path)
    assert.deepEqual(await rowsOf(db), rows)
    await db.put('zzzz', 'ours')
    await db.compact()
    await db.close()
    const reopened = await openFor(t, path)
    assert.deepEqual(await rowsOf(reopened), [...rows, ['zzzz', 'ours']])
  })
}

for (const [name, feature] of Object.entries(refused)) {
  test(`${name} is refused by name and left byte for byte as it is`, async t => {
    const path = sampleDirectory(t, name)
    const before = fingerprint(path)
    for (const readOnly of [true, false]) {
      const error = await failureOf(openFor(t, path, { readOnly }))
      assert.equal(error.code, 'NOT_SUPPORTED')
      assert.match(String(error.details.feature), feature)
      assert.deepEqual(fingerprint(path), before)
    }
  })
}

const hasLdb = spawnSync('ldb', ['--version']).error === undefined

test('C++ RocksDB 7.8.3 finds the same rows in its samples, before and after Varve wrote to them', {
  skip: hasLdb ? false : 'ldb is not installed',
}, async t => {
  for (const [name, rows] of Object.entries(holds)) {
    if (!name.startsWith('7.8.3/')) continue
    const path = sampleDirectory(t, name)
    assert.deepEqual(ldbRows(killedCopy(t, path)), rows, name)
    const db = await openFor(t, path)
    await db.put('zzzz', 'ours')
    await db.close()
    assert.deepEqual(ldbRows(path), [...rows, ['zzzz', 'ours']], name)
  }
})

function ldbRows(path: string): Rows {
  const run = spawnSync('ldb', [`--db=${path}`, 'scan', '--hex'], { encoding: 'utf8' })
  assert.equal(run.status, 0, run.stdout + run.stderr)
  const text = (hex: string) => Buffer.from(hex.replace(/^0x/, ''), 'hex').toString()
  const lines = run.stdout.split('\n').filter(line => line !== '')
  return lines.map(line => {
    const [key, value] = line.split(' : ')
    return [text(key), text(value)]
  })
}

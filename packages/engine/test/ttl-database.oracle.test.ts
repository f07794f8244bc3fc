/** C++ RocksDB's `ldb --ttl` and Varve's `ttlDatabase` in one directory, and what C++ sees of `expiringKeys`. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { KEY_STAMP_LENGTH } from '@varve/format/expiry'
import { open } from '../index.ts'
import { failsWith, freshPath, openFor, rowsOf, worldWith } from './support.ts'

const hasLdb = spawnSync('ldb', ['--version']).error === undefined
const skip = hasLdb ? false : 'ldb is not installed'

const HARMLESS = "ldb doesn't support TTL DB with multiple column families"

/** What a command of ldb prints. */
function ldb(path: string, ...words: string[]): string {
  const run = spawnSync('ldb', [`--db=${path}`, ...words], { encoding: 'utf8' })
  // With --ttl, ldb 7.8.3 does its work and then complains of column families that nobody has named.
  const isDone = run.status === 0 || (words.includes('--ttl') && run.stderr.includes(HARMLESS))
  assert.ok(isDone, run.stdout + run.stderr)
  return run.stdout
}

/** `ldb --ttl scan --timestamp` as seconds, keys and values. */
function stampedRows(path: string): [key: string, value: string, second: number][] {
  const lines = ldb(path, '--ttl', 'scan', '--timestamp').trimEnd().split('\n').slice(1)
  return lines.map(line => {
    const [, time, key, value] = /^(\w+ \w+ [\d ]\d [\d:]+ \d+) (\S+) : (.*)$/.exec(line) ?? []
    return [key, value, Date.parse(`${time} UTC`) / 1000]
  })
}

function second(): number {
  return Math.floor(Date.now() / 1000)
}

test('Varve reads, merges and writes what ldb --ttl has written, and the other way round', {
  skip,
}, async t => {
  const path = freshPath(t)
  const before = second()
  ldb(path, '--ttl', '--create_if_missing', 'put', 'a', '1')
  ldb(path, '--ttl', 'batchput', 'b', '2', 'c', '3')
  const db = await open(path, { ttlDatabase: 3600 })
  assert.deepEqual(await rowsOf(db), [
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ])
  const { expiresAt = 0 } = (await db.getLiving('a')) ?? {}
  assert.ok(expiresAt >= (before + 3601) * 1000 && expiresAt <= (second() + 3601) * 1000)
  await db.put('d', '4')
  await db.delete('b')
  await db.merge('c', 'x') // By the operator that ldb's OPTIONS file names, with its delimiter.
  await db.compact()
  await db.put('e', '5')
  await db.close()
  const rows = stampedRows(path)
  assert.deepEqual(
    rows.map(([key, value]) => `${key}=${value}`),
    ['a=1', 'c=3:x', 'd=4', 'e=5'],
  )
  for (const [, , time] of rows) assert.ok(time >= before && time <= second(), `${time}`)
  const dumped = ldb(path, '--ttl', 'dump', '--timestamp')
  assert.match(dumped, / d ==> 4\n/)
  assert.equal(ldb(path, '--ttl', 'get', 'd').trim(), '4')
  ldb(path, '--ttl', 'put', 'f', '6')
  // C++ has left out of the MANIFEST what it does not know; the OPTIONS file says it again.
  const again = await openFor(t, path)
  assert.deepEqual((await rowsOf(again)).at(-1), ['f', '6'])
  const options = readdirSync(path)
    .filter(name => name.startsWith('OPTIONS-'))
    .sort()
    .at(-1)
  const text = readFileSync(join(path, options ?? ''), 'utf8')
  assert.match(text, /compaction_filter_factory=\{id=TtlCompactionFilterFactory;/)
  assert.match(text, /merge_operator=\{id=TtlMergeOperator;user_operator=\{id=StringAppendOperator;/)
})

test('what is over for Varve is dropped as RocksDB drops it, and shown before only if it is asked for', {
  skip,
}, async t => {
  const path = freshPath(t)
  ldb(path, '--ttl', '--create_if_missing', 'put', 'a', '1')
  const clock = { now: () => Date.now() + 10_000, monotonic: () => performance.now() }
  const shown = await openFor(t, path, { ttlDatabase: 5, ttlHidesExpired: false }, worldWith({ clock }))
  await shown.put('b', '2')
  assert.deepEqual(await rowsOf(shown), [
    ['a', '1'],
    ['b', '2'],
  ])
  await shown.close()
  const hidden = await openFor(t, path, { ttlDatabase: 5 }, worldWith({ clock }))
  assert.deepEqual(await rowsOf(hidden), [['b', '2']])
  await hidden.close()
  assert.equal(stampedRows(path).length, 2)
  const compacted = await openFor(t, path, { ttlDatabase: 5, ttlHidesExpired: false }, worldWith({ clock }))
  await compacted.compact()
  assert.deepEqual(await rowsOf(compacted), [['b', '2']])
  await compacted.close()
  assert.equal(stampedRows(path).length, 1)
})

test('a value without a time is corruption to both', { skip }, async t => {
  const path = freshPath(t)
  ldb(path, '--ttl', '--create_if_missing', 'put', 'a', '1')
  ldb(path, 'put', 'b', '22')
  // Who looks at values before it believes in their stamps finds this one.
  await assert.rejects(openFor(t, path, { ttlDatabase: 5 }), failsWith('INVALID_ARGUMENT', /without it/))
  const many = freshPath(t)
  const db = await open(many, { ttlDatabase: 5 })
  await db.put('a', '1')
  await db.close()
  const recorded = await open(many)
  await recorded.close()
  ldb(many, 'put', 'b', '22')
  assert.notEqual(
    spawnSync('ldb', [`--db=${many}`, '--ttl', 'get', 'b'])
      .stdout.toString()
      .trim(),
    '22',
  )
})

test('to C++ RocksDB an expiring key is a value with eight bytes more, and what it writes anew stays one', {
  skip,
}, async t => {
  const path = freshPath(t)
  const expiresAt = Date.now() + 3_600_000
  const db = await open(path, { expiringKeys: true })
  await db.put('a', '1', { expiresAt })
  await db.put('b', '2')
  await db.flush()
  await db.put('c', '3', { expiresAt })
  await db.close()
  const lines = ldb(path, 'scan', '--hex').trim().split('\n')
  const values = lines.map(line => Buffer.from(line.split(' : 0x')[1], 'hex'))
  assert.deepEqual(
    values.map(value => value.subarray(0, -KEY_STAMP_LENGTH).toString()),
    ['1', '2', '3'],
  )
  assert.deepEqual(
    values.map(value => value.readUIntLE(1, 6)),
    [expiresAt, 0, expiresAt],
  )
  assert.equal(ldb(path, 'checkconsistency').trim(), 'OK')
  assert.match(ldb(path, 'manifest_dump', '--verbose'), /ColumnFamily|Column family/i)
  const check = spawnSync('sst_dump', [`--file=${path}`, '--command=check', '--verify_checksum'], {
    encoding: 'utf8',
  })
  assert.equal(check.status, 0, check.stdout + check.stderr)
  // It opens it for writing: the MANIFEST is new, without what C++ does not know.
  ldb(path, 'delete', 'b')
  const again = await open(path)
  assert.equal((await again.getLiving('a'))?.expiresAt, expiresAt, 'its tables say what it is')
  await again.close()
  // It writes its tables anew as well, and nothing says any more what stands behind the values but the option.
  ldb(path, 'compact')
  ldb(path, 'put', 'zz', 'plain')
  await assert.rejects(openFor(t, path, { expiringKeys: true }), failsWith('INVALID_ARGUMENT', /without it/))
  ldb(path, 'delete', 'zz')
  const last = await openFor(t, path, { expiringKeys: true })
  assert.deepEqual(await rowsOf(last), [
    ['a', '1'],
    ['c', '3'],
  ])
  assert.equal((await last.getLiving('c'))?.expiresAt, expiresAt)
})

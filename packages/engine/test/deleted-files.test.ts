import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { decodeUtf8 } from '@varve/format/bytes'
import { type Database, type OpenOptions, open } from '../index.ts'
import { failsWith, freshPath, openFor, rowsOf, textOf } from './support.ts'

const KIB = 1024

/** Tables of a few rows each, so that a range has some within it and some that it cuts. */
const small: OpenOptions = {
  disableAutoCompactions: true,
  targetFileSizeBase: 4 * KIB,
  compression: 'none',
  writeBufferSize: 64 * KIB,
}

function keyOf(i: number): string {
  return `key${String(i).padStart(4, '0')}`
}

async function fill(db: Database, value: string, count = 400): Promise<void> {
  for (let i = 0; i < count; i++) await db.put(keyOf(i), `${value} ${'x'.repeat(200)}`)
}

async function keysOf(db: Database): Promise<string[]> {
  return (await db.keys().toArray()).map(decodeUtf8)
}

test('tables that lie wholly in the range go, and others stay whole', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, small)
  await fill(db, 'old')
  await db.compact()
  const before = db.liveFiles()
  assert.ok(before.length > 10)
  const [start, end] = [keyOf(95), keyOf(305)]
  const within = before.filter(
    ({ smallest, largest }) => decodeUtf8(smallest) >= start && decodeUtf8(largest) <= end,
  )
  const removed = await db.deleteFilesInRanges([{ start, end }])
  assert.deepEqual(removed, {
    files: within.length,
    bytes: within.reduce((bytes, { size }) => bytes + size, 0),
  })
  assert.deepEqual(
    db.liveFiles().map(({ number }) => number),
    before.filter(file => !within.includes(file)).map(({ number }) => number),
  )
  const gone = (key: string) =>
    within.some(({ smallest, largest }) => decodeUtf8(smallest) <= key && decodeUtf8(largest) >= key)
  const expected = Array.from({ length: 400 }, (_, i) => keyOf(i)).filter(key => !gone(key))
  assert.deepEqual(await keysOf(db), expected)
  await db.close()
  assert.deepEqual(await keysOf(await openFor(t, path)), expected)
})

test('the end of the range counts as asked for, and bounds may be open', async t => {
  const db = await openFor(t, freshPath(t), small)
  await fill(db, 'old')
  await db.compact()
  const [first, second] = db.liveFiles()
  const end = second.largest
  const excluded = await db.deleteFilesInRanges([{ start: second.smallest, end }], { includeEnd: false })
  assert.equal(excluded.files, 0)
  assert.equal((await db.deleteFilesInRanges([{ start: second.smallest, end }])).files, 1)
  assert.equal((await db.deleteFilesInRanges([{ end: first.largest }, { end: first.largest }])).files, 1)
  assert.equal(
    (await db.deleteFilesInRanges([{ start: keyOf(390) }, {}])).files,
    db.statistics().filesDropped - 2,
  )
  assert.deepEqual(db.liveFiles(), [])
  assert.deepEqual(await db.deleteFilesInRanges([{}]), { files: 0, bytes: 0 })
})

test('what is in memory and in level 0 stays, and so does what a cursor reads', async t => {
  const db = await openFor(t, freshPath(t), small)
  await fill(db, 'old')
  await db.compact()
  await db.put(keyOf(7), 'new in level 0')
  await db.flush()
  await db.put(keyOf(8), 'new in memory')
  using cursor = db.cursor()
  await db.deleteFilesInRanges([{}])
  assert.deepEqual(await rowsOf(db), [
    [keyOf(7), 'new in level 0'],
    [keyOf(8), 'new in memory'],
  ])
  let count = 0
  for (let more = cursor.first(); more; more = cursor.next()) count++
  assert.equal(count, 400)
})

test('as in RocksDB an older version in a table that reaches beyond the range comes to light again', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { numLevels: 3 })
  for (const key of ['a', 'b', 'z']) await db.put(key, 'old')
  await db.compact()
  await db.close()
  const options: OpenOptions = {
    numLevels: 3,
    levelCompactionDynamicLevelBytes: false,
    level0FileNumCompactionTrigger: 1,
  }
  const again = await openFor(t, path, options)
  await again.put('b', 'new')
  await again.flush()
  while (again.liveFiles().some(({ level }) => level === 0)) await again.nextTurn()
  assert.deepEqual(
    again.liveFiles().map(({ level }) => level),
    [1, 2],
  )
  assert.equal(await textOf(again, 'b'), 'new')
  assert.equal((await again.deleteFilesInRanges([{ start: '', end: 'c' }])).files, 1)
  assert.equal(await textOf(again, 'b'), 'old')
})

test('it is refused where writing is, and when the range runs backwards', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await assert.rejects(db.deleteFilesInRanges([{ start: 'b', end: 'a' }]), failsWith('INVALID_ARGUMENT'))
  const family = await db.columnFamily('gone')
  await db.dropColumnFamily('gone')
  await assert.rejects(family.deleteFilesInRanges([{}]), failsWith('NOT_FOUND'))
  await db.close()
  await assert.rejects(db.deleteFilesInRanges([{}]), failsWith('NOT_OPEN'))
  const reader = await openFor(t, path, { readOnly: true })
  await assert.rejects(reader.deleteFilesInRanges([{}]), failsWith('READ_ONLY'))
})

test("compactions and deletions of files do not get into each other's way", async t => {
  const options = {
    ...small,
    disableAutoCompactions: false,
    level0FileNumCompactionTrigger: 2,
    maxBytesForLevelBase: 16 * KIB,
  }
  const db = await openFor(t, freshPath(t), options)
  for (let round = 0; round < 6; round++) {
    const filled = fill(db, `round ${round}`, 300)
    for (let i = 0; i < 8; i++) {
      await db.deleteFilesInRanges([{ start: keyOf(i * 30), end: keyOf(i * 30 + 60) }])
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    await filled
    for (const [key, value] of await rowsOf(db)) assert.match(value, /^round \d /, key)
  }
  await db.compact()
  assert.equal(db.backgroundError, undefined)
})

test('C++ RocksDB finds the directory consistent', {
  skip: spawnSync('ldb', ['--version']).error === undefined ? false : 'ldb is not installed',
}, async t => {
  const path = freshPath(t)
  const db = await open(path, small)
  await fill(db, 'old')
  await db.compact()
  await db.deleteFilesInRanges([{ start: keyOf(100), end: keyOf(300) }])
  const keys = await keysOf(db)
  await db.close()
  const scanned = spawnSync('ldb', [`--db=${path}`, 'scan', '--no_value'], { encoding: 'utf8' })
  assert.deepEqual(
    scanned.stdout
      .trim()
      .split('\n')
      .map(line => line.replace(/ :.*$/, '').trim()),
    keys,
  )
  const checked = spawnSync('ldb', [`--db=${path}`, 'checkconsistency'], { encoding: 'utf8' })
  assert.equal(checked.stdout.trim(), 'OK')
})

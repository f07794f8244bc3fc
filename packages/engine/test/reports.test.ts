import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { propertyNames } from '../index.ts'
import { freshPath, killedCopy, numberedKey, numberedRows, openFor, putAll, rowsOf } from './support.ts'

test('every property has an answer, and a name that is none has not', async t => {
  const db = await openFor(t, freshPath(t), { columnFamilies: { other: {} } })
  await putAll(db, numberedRows(10))
  for (const name of propertyNames) {
    const asked = name.replace('<N>', '0')
    assert.equal(typeof db.property(asked), 'string', name)
    assert.equal(typeof db.property(asked, { columnFamily: 'other' }), 'string', name)
  }
  for (const name of ['rocksdb.nothing', 'toString', '', 'rocksdb.num-files-at-level99'])
    assert.equal(db.property(name), undefined, name)
})

test('properties follow what happens', async t => {
  const db = await openFor(t, freshPath(t), { disableAutoCompactions: true })
  const number = (name: string) => Number(db.property(`rocksdb.${name}`))
  await putAll(db, numberedRows(100))
  assert.equal(number('num-entries-active-mem-table'), 100)
  assert.equal(number('estimate-num-keys'), 100)
  assert.ok(number('cur-size-active-mem-table') > 0)
  await db.flush()
  assert.equal(number('num-entries-active-mem-table'), 0)
  assert.equal(number('num-files-at-level0'), 1)
  assert.equal(number('estimate-num-keys'), 100)
  assert.equal(number('total-sst-files-size'), db.liveFiles()[0].size)
  for (let i = 0; i < 40; i++) await db.delete(numberedKey(i))
  assert.equal(number('num-deletes-active-mem-table'), 40)
  const snapshot = db.snapshot()
  assert.equal(number('num-snapshots'), 1)
  assert.equal(number('oldest-snapshot-sequence'), snapshot.sequence)
  snapshot.close()
  await db.compact()
  assert.equal(number('num-files-at-level0'), 0)
  assert.equal(number('num-files-at-level6'), 1)
  assert.equal(number('estimate-num-keys'), 60)
  assert.match(db.property('rocksdb.levelstats') ?? '', /6 +1 /)
})

test('statistics count what was done', async t => {
  const db = await openFor(t, freshPath(t))
  await putAll(db, numberedRows(50))
  await db.write([
    { type: 'put', key: 'a', value: '1' },
    { type: 'delete', key: 'b' },
  ])
  await db.flush()
  await db.get(numberedKey(1))
  await db.get('not there')
  await db.getMany([numberedKey(1), numberedKey(2)])
  await rowsOf(db)
  const now = db.statistics()
  assert.equal(now.writesDone, 51)
  assert.equal(now.keysWritten, 52)
  assert.equal(now.keysRead, 4)
  assert.equal(now.keysFound, 3)
  assert.equal(now.flushes, 1)
  assert.ok(now.flushBytesWritten > 0 && now.walBytes > 0)
  assert.ok(now.blockCacheHits > 0 && now.blockCacheMisses > 0 && now.blockCacheUsage > 0)
  assert.equal(now.nexts, 51)
  const report = now as object as Record<string, unknown>
  for (const [name, value] of Object.entries(report)) assert.equal(typeof value, 'number', name)
})

test('events tell of recovery, flushes, compactions and the end, in order', async t => {
  const path = freshPath(t)
  const first = await openFor(t, path)
  await putAll(first, numberedRows(5))
  const told: string[] = []
  const db = await openFor(t, killedCopy(t, path), {
    level0FileNumCompactionTrigger: 100,
    listeners: {
      open: ({ logs, operations, cut }) => told.push(`open ${logs} ${operations} ${cut}`),
      flush: ({ columnFamily, entries }) => told.push(`flush ${columnFamily} ${entries}`),
      compaction: ({ reason, inputFiles, outputFiles }) =>
        told.push(`compaction ${reason} ${inputFiles} ${outputFiles}`),
      close: () => told.push('close'),
    },
  })
  await putAll(db, numberedRows(7))
  await db.compact()
  await db.close()
  assert.deepEqual(told.slice(0, 3), ['flush default 5', 'open 1 5 undefined', 'flush default 7'])
  assert.match(told.at(-2) ?? '', /^compaction manual 2 1$/)
  assert.equal(told.at(-1), 'close')
})

test('a listener can be taken off, and one that throws harms nothing', async t => {
  const db = await openFor(t, freshPath(t))
  const warnings: string[] = []
  const onWarning = ({ message }: Error) => warnings.push(message)
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))
  let flushes = 0
  const off = db.on('flush', () => flushes++)
  db.on('flush', () => {
    throw new Error('a bad listener')
  })
  await db.put('a', '1')
  await db.flush()
  off()
  await db.put('b', '1')
  await db.flush()
  assert.equal(flushes, 1)
  assert.equal(db.backgroundError, undefined)
  await sleep(5)
  assert.ok(warnings.some(message => /flush.*a bad listener/.test(message)))
})

test('live files say what lies where', async t => {
  const db = await openFor(t, freshPath(t), { columnFamilies: { other: {} } })
  await putAll(db, numberedRows(10))
  await putAll(db, numberedRows(3), 'other')
  await db.flush()
  const files = db.liveFiles()
  assert.deepEqual(
    files.map(({ columnFamily, level }) => [columnFamily, level]),
    [
      ['default', 0],
      ['other', 0],
    ],
  )
  assert.deepEqual(new TextDecoder().decode(files[0].smallest), numberedKey(0))
  assert.deepEqual(new TextDecoder().decode(files[0].largest), numberedKey(9))
})

test('approximate sizes are about right and cost no read', async t => {
  const db = await openFor(t, freshPath(t), { compression: 'none' })
  await putAll(db, numberedRows(2000, 'x'.repeat(100)))
  await db.flush()
  const [whole, half, none] = db.approximateSizes([
    { start: 'a', end: 'z' },
    { start: numberedKey(0), end: numberedKey(1000) },
    { start: 'x', end: 'z' },
  ])
  const [{ size }] = db.liveFiles()
  assert.ok(Math.abs(whole - size) < size / 10, `${whole} of ${size}`)
  assert.ok(Math.abs(half - size / 2) < size / 10, `${half} of ${size}`)
  assert.equal(none, 0)
  assert.equal(db.statistics().blockCacheMisses, 0)
})

test('each family tells how often its bytes were written and how much space it takes', async t => {
  const db = await openFor(t, freshPath(t), { columnFamilies: { idle: {} } })
  const of = (name: string, columnFamily?: string) => Number(db.property(`varve.${name}`, { columnFamily }))
  assert.equal(of('write-amplification'), 0)
  await putAll(db, numberedRows(200))
  await db.flush()
  assert.deepEqual([of('write-amplification'), of('space-amplification')], [1, 1])
  await putAll(db, numberedRows(200))
  await db.flush()
  assert.ok(of('space-amplification') >= 2)
  await db.compact()
  assert.ok(of('write-amplification') > 1.2 && of('write-amplification') < 2)
  assert.equal(of('space-amplification'), 1)
  assert.equal(of('write-amplification', 'idle'), 0)
  assert.match(
    db.property('rocksdb.cfstats') ?? '',
    /Style: leveled, write amplification 1\.\d\d, space at most 1\.00/,
  )
})

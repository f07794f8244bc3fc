/** Keys that expire, and filters, where values are in blob files. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8 } from '@varve/format/bytes'
import type { Database, OpenOptions } from '../index.ts'
import type { Clock } from '../internal.ts'
import { failsWith, freshPath, openFor, worldWith } from './support.ts'

class TestClock implements Clock {
  time = 1_700_000_000_000
  now(): number {
    return this.time
  }
  monotonic(): number {
    return performance.now()
  }
}

const inBlobs: OpenOptions = {
  enableBlobFiles: true,
  mergeOperator: 'stringappend',
  disableAutoCompactions: true,
}

async function seen(db: Database, keys: readonly string[]): Promise<string> {
  const forward = (await db.entries().toArray()).map(row => row.map(decodeUtf8).join('='))
  const back = (await db.entries({ reverse: true }).toArray()).map(row => row.map(decodeUtf8).join('='))
  assert.deepEqual(back, forward.toReversed())
  const names = [...db.keys()].map(decodeUtf8)
  assert.deepEqual(
    names,
    forward.map(row => row.slice(0, row.indexOf('='))),
  )
  for (const key of keys) {
    const value = db.getSync(key)
    assert.equal(
      value === undefined ? undefined : `${key}=${decodeUtf8(value)}`,
      forward.find(row => row.startsWith(`${key}=`)),
    )
    assert.equal(await db.has(key), names.includes(key), key)
  }
  return forward.join(' ')
}

test('a key whose value is in a blob file is there until its time is over', async t => {
  const clock = new TestClock()
  const db = await openFor(t, freshPath(t), { ...inBlobs, expiringKeys: true }, worldWith({ clock }))
  const keys = ['a', 'b', 'c', 'd', 'e']
  await db.put('a', 'one', { ttl: 10 })
  await db.put('b', 'two')
  await db.put('c', 'old')
  await db.put('d', 'base', { ttl: 10 })
  await db.put('e', 'base')
  await db.flush()
  await db.put('c', 'new', { ttl: 10 })
  await db.merge('d', 'more')
  await db.merge('e', 'more', { ttl: 10 })
  await db.flush()
  assert.equal(await seen(db, keys), 'a=one b=two c=new d=base,more e=base,more')
  clock.time += 11_000
  assert.equal(await seen(db, keys), 'b=two d=more e=base')
  await db.compact({ bottommostLevelCompaction: 'ifHaveCompactionFilter' })
  assert.equal(await seen(db, keys), 'b=two d=more e=base')
  clock.time -= 11_000
  assert.equal(await seen(db, keys), 'b=two d=more e=base', 'the compaction has removed what was over')
})

test('a filter is shown values of blob files, and what it says of them holds', async t => {
  const shown: string[] = []
  const compactionFilter = {
    name: 'test.Blobs',
    filter(key: Uint8Array, value: Uint8Array) {
      shown.push(`${decodeUtf8(key)}=${decodeUtf8(value)}`)
      if (decodeUtf8(key) === 'gone') return 'remove' as const
      return decodeUtf8(key) === 'other' ? { value: Buffer.from('changed') } : ('keep' as const)
    },
  }
  const db = await openFor(t, freshPath(t), { ...inBlobs, compactionFilter })
  for (const key of ['gone', 'kept', 'other']) await db.put(key, `value of ${key}`)
  await db.compact()
  assert.deepEqual(shown, ['gone=value of gone', 'kept=value of kept', 'other=value of other'])
  assert.equal(await seen(db, ['gone', 'kept', 'other']), 'kept=value of kept other=changed')
  // What is left in the table refers to one value, and to the one that the filter gave.
  assert.equal(db.property('rocksdb.estimate-num-keys'), '2')
})

test('entities are refused where keys expire, alone and in batches, and nothing of the batch is written', async t => {
  const db = await openFor(t, freshPath(t), { expiringKeys: true })
  const columns = { name: 'Ada' }
  const refused = failsWith('NOT_SUPPORTED')
  await assert.rejects(async () => db.putEntity('a', columns), refused)
  await assert.rejects(
    async () =>
      db.write([
        { type: 'put', key: 'b', value: 'b' },
        { type: 'putEntity', key: 'a', columns },
      ]),
    refused,
  )
  assert.equal(await seen(db, ['a', 'b']), '')
})

test('columns of values in blob files, and of entities beside them, in an order of its own', async t => {
  const db = await openFor(t, freshPath(t), { ...inBlobs, comparator: 'rocksdb.ReverseBytewiseComparator' })
  await db.put('a', 'value of a')
  await db.putEntity('b', { '': 'plain', more: 'columns' })
  await db.put('c', 'value of c')
  await db.flush()
  await db.compact({ blobGarbageCollectionPolicy: 'force' })
  assert.equal(db.property('rocksdb.num-blob-files') === '0', false)
  const rows = (await db.entities().toArray()).map(
    ([key, columns]) =>
      `${decodeUtf8(key)} ${columns.map(column => column.map(decodeUtf8).join(':')).join(',')}`,
  )
  assert.deepEqual(rows, ['c :value of c', 'b :plain,more:columns', 'a :value of a'])
  assert.deepEqual(
    (await db.getEntity('a'))?.map(([, value]) => decodeUtf8(value)),
    ['value of a'],
  )
  assert.equal(await seen(db, ['a', 'b', 'c']), 'c=value of c b=plain a=value of a')
})

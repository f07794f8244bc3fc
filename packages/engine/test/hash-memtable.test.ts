/** Column families of point lookups (`memtable: 'hash'`) beside others: the same answers to everything. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { decodeUtf8 } from '@varve/format/bytes'
import fc from 'fast-check'
import { type Database, type OpenOptions, open, verifyDatabase, WriteBufferManager } from '../index.ts'
import { HeldRunner } from './faulty-world.ts'
import { failsWith, freshPath, killedCopy, newestFileOf, openFor, rowsOf, worldWith } from './support.ts'

const KIB = 1024

const options: OpenOptions = {
  mergeOperator: 'stringappend',
  columnFamilies: { lookups: { memtable: 'hash' }, sorted: {} },
}

const families = ['lookups', 'sorted'] as const

const text = (value: Uint8Array | undefined): string | undefined => value && decodeUtf8(value)

/** What both families say is the same, and is returned. */
async function both<T>(ask: (columnFamily: string) => Promise<T> | T): Promise<T> {
  const [lookups, sorted] = [await ask('lookups'), await ask('sorted')]
  assert.deepEqual(lookups, sorted)
  return lookups
}

async function fill(db: Database, count: number, from = 0): Promise<void> {
  for (const columnFamily of families) {
    const puts: Promise<void>[] = []
    for (let i = from; i < from + count; i++)
      puts.push(db.put(`key ${(i * 7919) % 1009}`, `value ${i}`, { columnFamily }))
    await Promise.all(puts)
  }
}

async function compareAll(db: Database): Promise<void> {
  for (let i = 0; i < 1009; i += 13)
    await both(columnFamily => text(db.getSync(`key ${i}`, { columnFamily })))
  await both(columnFamily => rowsOf(db, { columnFamily }))
  await both(columnFamily => rowsOf(db, { columnFamily, reverse: true, limit: 50 }))
}

test('what is written is read back, at once, flushed, reopened and after a kill', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, options)
  await fill(db, 2500)
  assert.equal(text(db.getSync('key 0', { columnFamily: 'lookups' })), 'value 2018')
  assert.equal(text(await db.get('absent', { columnFamily: 'lookups' })), undefined)
  const killed = await openFor(t, killedCopy(t, path), options)
  await compareAll(killed)
  await killed.close()
  await compareAll(db)
  await fill(db, 500, 2500)
  await db.flush()
  await compareAll(db)
  await fill(db, 300, 5000)
  await db.close()
  for (const again of [options, { ...options, avoidFlushDuringRecovery: true }, {}]) {
    const reopened = await openFor(t, path, again)
    await compareAll(reopened)
    await reopened.close()
  }
  const report = await verifyDatabase(path, { deep: true })
  assert.deepEqual(report.problems, [])
})

test('a replay into memory alone keeps the memtables as they were', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, options)
  await fill(db, 1500)
  const copy = killedCopy(t, path)
  const kept = await openFor(t, copy, { ...options, avoidFlushDuringRecovery: true })
  assert.deepEqual(kept.liveFiles(), [])
  await compareAll(kept)
  await kept.close()
  const reader = await openFor(t, copy, { ...options, readOnly: true })
  await compareAll(reader)
})

test('snapshots, merges, deletes and ranges are as elsewhere', async t => {
  const db = await openFor(t, freshPath(t), options)
  await fill(db, 1200)
  const early = db.snapshot()
  for (const columnFamily of families) {
    await db.merge('key 1', '+1', { columnFamily })
    await db.merge('key 1', '+2', { columnFamily })
    await db.delete('key 2', { columnFamily })
    await db.deleteRange('key 3', 'key 4', { columnFamily })
    await db.put('key 33', 'again', { columnFamily })
  }
  const late = db.snapshot()
  await fill(db, 400, 9000)
  for (const isFlushed of [false, true]) {
    if (isFlushed) await db.flush()
    for (const snapshot of [early, late, undefined]) {
      for (const key of ['key 1', 'key 2', 'key 3', 'key 33', 'key 39', 'key 4', 'absent'])
        await both(columnFamily => text(db.getSync(key, { columnFamily, snapshot })))
      await both(async columnFamily => {
        const rows = await db.entries({ columnFamily, snapshot }).toArray()
        return rows.map(([key, value]) => `${text(key)}=${text(value)}`)
      })
    }
  }
  assert.match(String(text(db.getSync('key 1', { columnFamily: 'lookups', snapshot: late }))), /,\+1,\+2$/)
  early.close()
  late.close()
})

test('a scan that is open sees its moment, and one that begins later sees what came since', async t => {
  const db = await openFor(t, freshPath(t), options)
  await fill(db, 600)
  const open = db.entries({ columnFamily: 'lookups' })[Symbol.asyncIterator]()
  const first = await open.next()
  assert.equal(text(first.value?.[0]), 'key 0')
  await db.put('key 00', 'later', { columnFamily: 'lookups' })
  assert.equal(text((await open.next()).value?.[0]), 'key 1')
  await open.return?.()
  const [, [second]] = await rowsOf(db, { columnFamily: 'lookups', limit: 2 })
  assert.equal(second, 'key 00')
})

test('a memtable is sealed and flushed by itself, and read while its flush waits', async t => {
  const jobs = new HeldRunner()
  t.after(() => jobs.release())
  const sealed = Promise.withResolvers<void>()
  const small = { ...options, writeBufferSize: 64 * KIB, maxWriteBufferNumber: 20 }
  const listeners = { memtableSealed: () => sealed.resolve() }
  const db = await openFor(t, freshPath(t), { ...small, listeners }, worldWith({ jobs }))
  jobs.hold('flush')
  for (let from = 0; from < 6000; from += 500) await fill(db, 500, from)
  await sealed.promise
  await compareAll(db)
  jobs.release()
  await db.flush()
  assert.ok(db.liveFiles().some(({ columnFamily }) => columnFamily === 'lookups'))
  await compareAll(db)
})

test('flushes on this thread, for a filter that is a function, have the order, too', async t => {
  const keep = { name: 'test.Keep', filter: () => 'keep' as const, filtersFlushes: true }
  const db = await openFor(t, freshPath(t), { ...options, compactionFilter: keep })
  await fill(db, 3000)
  await db.flush()
  await compareAll(db)
})

test('databases in memory have them, and threads flush them', async () => {
  const db = await open(':memory:', options)
  await fill(db, 3000)
  await Promise.all([db.flush(), compareAll(db)])
  await compareAll(db)
  await db.close()
})

test('a write-buffer manager counts what the order will take', async t => {
  const writeBufferManager = new WriteBufferManager({ bufferSize: 8 * KIB * KIB })
  const db = await openFor(t, freshPath(t), { memtable: 'hash', writeBufferManager })
  for (let i = 0; i < 3000; i++) await db.put(`key ${(i * 7919) % 3001}`, `value ${i}`)
  const before = writeBufferManager.memoryUsage
  assert.ok(before > 3000 * 40, `${before}`)
  await rowsOf(db, { limit: 1 })
  const after = writeBufferManager.memoryUsage
  assert.ok(after <= before && after > before / 2, `${before}, then ${after}`)
})

test('any history is the same in both families', async t => {
  const key = fc.integer({ min: 0, max: 30 }).map(n => `k${n}`)
  const operation = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('put' as const), key }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'merge' as const), key }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('deleteRange' as const), key }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('get' as const), key }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('scan' as const, 'flush' as const, 'snapshot' as const),
        key,
      }),
    },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 120 }), async operations => {
      const db = await openFor(t, freshPath(t), options)
      let snapshot = db.snapshot()
      for (const [i, { kind, key }] of operations.entries()) {
        for (const columnFamily of families) {
          if (kind === 'put') await db.put(key, `${i}`, { columnFamily })
          else if (kind === 'merge') await db.merge(key, `${i}`, { columnFamily })
          else if (kind === 'delete') await db.delete(key, { columnFamily })
          else if (kind === 'deleteRange') await db.deleteRange(key, `${key}5`, { columnFamily })
        }
        if (kind === 'flush') await db.flush()
        else if (kind === 'scan') await both(columnFamily => rowsOf(db, { columnFamily }))
        else if (kind === 'get') {
          await both(columnFamily => text(db.getSync(key, { columnFamily })))
          if (i % 5 === 0) await both(columnFamily => text(db.getSync(key, { columnFamily, snapshot })))
        } else if (kind === 'snapshot') {
          snapshot.close()
          snapshot = db.snapshot()
        }
      }
      await both(columnFamily => rowsOf(db, { columnFamily }))
      snapshot.close()
      await db.close()
    }),
    { numRuns: 25 },
  )
})

test('the option is refused for another order, and is not one to be changed; C++ is not told of it', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, options)
  const comparator = 'rocksdb.ReverseBytewiseComparator'
  await assert.rejects(
    db.columnFamily('reverse', { comparator, memtable: 'hash' }),
    failsWith('INVALID_ARGUMENT', /memtable: "hash" is for bytewise order only; .*"reverse" .*Reverse/),
  )
  assert.ok(!db.columnFamilyNames().includes('reverse'))
  await db.columnFamily('reverse', { comparator })
  const change = { memtable: 'tree' } as object
  await assert.rejects(
    db.setOptions(change, { columnFamily: 'lookups' }),
    failsWith('INVALID_ARGUMENT', /memtable.*cannot be changed/),
  )
  assert.equal(db.getOptions({ columnFamily: 'lookups' }).memtable, 'hash')
  await db.close()
  const refused = { columnFamilies: { reverse: { memtable: 'hash' as const } } }
  await assert.rejects(open(path, refused), failsWith('INVALID_ARGUMENT', /memtable/))
  await assert.rejects(
    open(freshPath(t), { memtable: 'skiplist' as 'hash' }),
    failsWith('INVALID_ARGUMENT', /memtable.*one of tree, hash/),
  )
  assert.doesNotMatch(
    readFileSync(newestFileOf(path, /^OPTIONS/), 'utf8'),
    /memtable=|memtable_factory=.*hash/,
  )
})

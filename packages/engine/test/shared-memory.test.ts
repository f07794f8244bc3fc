/** A block cache for several databases, indexes and filters that count towards it, and one number for all memory. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SimulatedDisk } from '@varve/testkit/disk'
import { plainRuntime } from '@varve/testkit/simulation'
import { BlockCache, type Database, type OpenOptions, open, WriteBufferManager } from '../index.ts'
import { failsWith, freshPath, numberedKey, numberedRows, openFor, putAll, rowsOf } from './support.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** Many tables, some of them with range tombstones alone at their ends. */
async function fillTables(db: Database, tables: number): Promise<void> {
  for (let table = 0; table < tables; table++) {
    const rows = numberedRows((table + 1) * 50, 'x'.repeat(200)).slice(table * 50)
    await putAll(db, rows)
    if (table % 5 === 4) await db.deleteRange(numberedKey(table * 50 - 20), numberedKey(table * 50 - 5))
    await db.flush()
  }
}

const small: OpenOptions = { compression: 'none', targetFileSizeBase: 8 * KIB, disableAutoCompactions: true }

test('databases share a cache: it holds no more than its capacity, and lives on when one is closed', async t => {
  const blockCache = new BlockCache({ capacity: 64 * KIB })
  const [a, b] = await Promise.all([1, 2].map(() => openFor(t, freshPath(t), { ...small, blockCache })))
  for (const db of [a, b]) await fillTables(db, 4)
  const rows = await rowsOf(a)
  for (const db of [a, b]) {
    for (const [key] of rows) assert.ok(db.getSync(key))
    assert.ok(blockCache.usage <= 64 * KIB)
  }
  assert.ok(blockCache.blockCount > 8)
  assert.equal(a.property('rocksdb.block-cache-capacity'), String(64 * KIB))
  assert.equal(a.statistics().blockCacheUsage, b.statistics().blockCacheUsage)
  assert.ok(blockCache.statistics().evictions > 0)
  await a.close()
  const { hits } = blockCache.statistics()
  for (let turn = 0; turn < 2; turn++) assert.ok(b.getSync(rows[0][0]))
  assert.ok(blockCache.statistics().hits > hits)
  await b.close()
  assert.equal(blockCache.blockCount, 0)
  const again = await openFor(t, b.path, { ...small, blockCache })
  assert.deepEqual(await rowsOf(again), rows)
  await assert.rejects(
    openFor(t, freshPath(t), { blockCache, blockCacheSize: 1 }),
    failsWith('INVALID_ARGUMENT', /blockCache is given too/),
  )
})

async function openTiny(t: TestContext, options: OpenOptions = {}) {
  const blockCache = new BlockCache({ capacity: 8 * KIB })
  const db = await openFor(t, freshPath(t), {
    ...small,
    ...options,
    blockCache,
    cacheIndexAndFilterBlocks: true,
  })
  return { db, blockCache }
}

test('indexes and filters that are let go come back when they are needed, whoever reads how', async t => {
  const { db, blockCache } = await openTiny(t)
  await fillTables(db, 40)
  await db.compact({ bottommostLevelCompaction: 'skip' })
  await fillTables(db, 20)
  const plain = await openFor(t, freshPath(t), small)
  await fillTables(plain, 40)
  await fillTables(plain, 20)
  const rows = await rowsOf(plain)
  assert.deepEqual(await rowsOf(db), rows)
  assert.deepEqual(await rowsOf(db, { reverse: true }), rows.toReversed())
  const keys = Array.from({ length: 2100 }, (_, i) => numberedKey((i * 7919) % 2100))
  const expected = await plain.getMany(keys)
  assert.deepEqual(await db.getMany(keys), expected)
  assert.deepEqual(await Promise.all(keys.map(key => db.get(key))), expected)
  assert.deepEqual(
    keys.map(key => db.getSync(key)),
    expected,
  )
  const cursors = Array.from({ length: 5 }, () => db.cursor())
  for (const [index, cursor] of cursors.entries()) {
    assert.equal(cursor.seek(rows[index * 100][0]), true)
    for (let i = 0; i < 300; i++) {
      assert.equal(Buffer.from(cursor.key).toString(), rows[index * 100 + i][0])
      cursor.next()
    }
    cursor.close()
  }
  assert.ok(blockCache.statistics().contentsEvictions > 100)
  assert.ok(db.statistics().tableReadersUsage <= 8 * KIB)
  assert.ok(blockCache.usage <= 8 * KIB)
})

test('those of level 0 stay when they are pinned', async t => {
  const { db, blockCache } = await openTiny(t, { pinL0FilterAndIndexBlocksInCache: true })
  await fillTables(db, 40)
  await rowsOf(db)
  assert.equal(blockCache.statistics().contentsEvictions, 0)
  assert.ok(db.statistics().tableReadersUsage > 8 * KIB)
  await db.compact()
  await rowsOf(db)
  assert.ok(blockCache.statistics().contentsEvictions > 0)
})

test('no descriptor is left open by tables that were let go while they were read', async () => {
  const disk = new SimulatedDisk()
  const options = { ...small, blockCacheSize: 8 * KIB, cacheIndexAndFilterBlocks: true }
  const db = await open('/db', options, plainRuntime(disk, 1))
  await fillTables(db, 30)
  const cursors = Array.from({ length: 10 }, (_, i) => {
    const cursor = db.cursor({ start: numberedKey(i * 100) })
    cursor.first()
    return cursor
  })
  const reads = Array.from({ length: 1500 }, (_, i) => db.get(numberedKey(i)))
  for (const cursor of cursors) for (let i = 0; i < 200; i++) cursor.next()
  const rows = await Promise.all(reads)
  assert.ok(rows.filter(row => row !== undefined).length > 1000)
  await db.close()
  assert.equal(disk.openHandles, 0)
})

test('what memtables take, a cache can be made to leave', async t => {
  const blockCache = new BlockCache({ capacity: MIB })
  const writeBufferManager = new WriteBufferManager({ bufferSize: 16 * MIB, cache: blockCache })
  const db = await openFor(t, freshPath(t), { blockCache, writeBufferManager })
  await putAll(db, numberedRows(600, 'x'.repeat(1000)))
  assert.ok(blockCache.pinnedUsage >= 600_000 && blockCache.pinnedUsage <= MIB, `${blockCache.pinnedUsage}`)
  assert.equal(db.property('rocksdb.block-cache-pinned-usage'), String(blockCache.pinnedUsage))
  await db.flush()
  assert.ok(blockCache.pinnedUsage <= 256 * KIB)
  await db.close()
  assert.equal(blockCache.pinnedUsage, 0)
})

test('a memory budget bounds memtables, blocks, indexes and filters', async t => {
  const memoryBudget = 4 * MIB
  const options: OpenOptions = {
    memoryBudget,
    compression: 'none',
    blockSize: 256,
    columnFamilies: { a: {}, b: {} },
  }
  const db = await openFor(t, freshPath(t), options)
  const most = { memtables: 0, cache: 0, tables: 0 }
  for (let i = 0; i < 30_000; i++) {
    await db.put(`key ${(i * 7919) % 30_000}`, 'x'.repeat(400), {
      columnFamily: ['default', 'a', 'b'][i % 3],
    })
    if (i % 100 !== 0) continue
    await db.get(`key ${i}`, { columnFamily: 'a' })
    const { memtableUsage, blockCacheUsage, tableReadersUsage } = db.statistics()
    most.memtables = Math.max(most.memtables, memtableUsage)
    most.cache = Math.max(most.cache, blockCacheUsage)
    most.tables = Math.max(most.tables, tableReadersUsage)
  }
  assert.ok(db.statistics().flushes > 10)
  assert.ok(
    most.memtables > memoryBudget / 16 && most.memtables <= memoryBudget / 4 + 64 * KIB,
    `${most.memtables}`,
  )
  assert.ok(most.cache <= memoryBudget / 2, `${most.cache}`)
  assert.ok(most.tables <= memoryBudget / 4, `${most.tables}`)
})

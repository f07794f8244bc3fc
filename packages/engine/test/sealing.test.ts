/**
 * Invariant F2: a log is in a family's tables whole or not at all. Were it there in part, a replay would bring back
 * what a table has, and two tables of level 0 would hold the same sequences, which C++ RocksDB refuses.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { BatchOperation, OpenOptions } from '../index.ts'
import { FaultyFileSystem } from './faulty-world.ts'
import { failsWith, freshPath, numberedRows, openFor, putAll, worldWith } from './support.ts'

const MIB = 1024 * 1024

/** Small memtables, and tables that stay as they were flushed. */
const small: OpenOptions = { writeBufferSize: 65536, disableAutoCompactions: true }
const large: OpenOptions = { disableAutoCompactions: true }

/** Opens the database once more, so that all is in tables, and looks for what lies in two of them. */
async function assertEachIsInOneTable(t: TestContext, path: string, operations: number): Promise<void> {
  const db = await openFor(t, path, large)
  const tables = db.liveFiles().sort((a, b) => a.smallestSequence - b.smallestSequence)
  const ranges = tables.map(({ smallestSequence, largestSequence }) => [smallestSequence, largestSequence])
  for (const [i, [smallest]] of ranges.entries())
    assert.ok(i === 0 || smallest > ranges[i - 1][1], `tables share sequences: ${JSON.stringify(ranges)}`)
  assert.equal(
    tables.reduce((sum, { entries }) => sum + entries, 0),
    operations,
  )
  await db.close()
}

/** As many rows of 1 KiB, one log record each, none of them in a table. */
async function logRows(t: TestContext, path: string, count: number, value: string): Promise<void> {
  const db = await openFor(t, path, { ...large, avoidFlushDuringRecovery: true })
  await putAll(db, numberedRows(count, value.padEnd(1000, 'x')))
  await db.close()
}

test('a replay brings back nothing of the memtable that a batch had no room in', async t => {
  const path = freshPath(t)
  const flushed = Promise.withResolvers<unknown>()
  const db = await openFor(t, path, { ...small, listeners: { flush: flushed.resolve } })
  await putAll(db, numberedRows(10))
  const value = new Uint8Array(MIB)
  await db.write(['a', 'b', 'c'].map((key): BatchOperation => ({ type: 'put', key, value })))
  await flushed.promise
  await db.close()
  await assertEachIsInOneTable(t, path, 13)
})

test('a replay brings back nothing of the memtables that small writes have filled', async t => {
  const path = freshPath(t)
  const flushed = Promise.withResolvers<unknown>()
  const db = await openFor(t, path, { ...small, listeners: { flush: flushed.resolve } })
  await putAll(db, numberedRows(100, 'x'.repeat(1000)))
  await flushed.promise
  await db.close()
  await assertEachIsInOneTable(t, path, 100)
})

test('a log that recovery keeps is in no table, or all of it is', async t => {
  // In memtables of 64 KiB: one, one and a part, four and a part.
  for (const count of [30, 100, 300]) {
    const path = freshPath(t)
    await logRows(t, path, count, 'kept')
    const db = await openFor(t, path, { ...small, avoidFlushDuringRecovery: true })
    await db.close()
    await assertEachIsInOneTable(t, path, count)
  }
})

test('a log that a recovery flushed before it failed is not replayed again', async t => {
  const path = freshPath(t)
  await logRows(t, path, 300, 'first log')
  await logRows(t, path, 300, 'second log')
  const fs = new FaultyFileSystem()
  fs.fail({ operation: 'create', path: /\.sst$/, after: 1 })
  await assert.rejects(openFor(t, path, small, worldWith({}, fs)), failsWith('IO_ERROR'))
  assert.equal(fs.failures, 1)
  await assertEachIsInOneTable(t, path, 600)
})

test('what closing flushes because a part of it is in no log is not replayed', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, large)
  await db.put('logged', '1')
  await db.put('not logged', '1', { disableWAL: true })
  await db.close()
  await assertEachIsInOneTable(t, path, 2)
})

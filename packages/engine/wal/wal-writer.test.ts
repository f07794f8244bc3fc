import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isVarveError } from '@varve/format/errors'
import { LogReader } from '@varve/format/wal'
import { SimulatedDisk } from '@varve/testkit/disk'
import { simulatedRuntime } from '@varve/testkit/simulation'
import fc from 'fast-check'
import { FakeFile } from './fake-file.ts'
import { WalWriter } from './index.ts'

function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const reader = new LogReader(bytes)
  const records: Uint8Array[] = []
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    assert.equal(item.kind, 'record')
    if (item.kind === 'record') records.push(item.payload.slice())
  }
  return records
}

const payloads = fc.array(
  fc.tuple(fc.oneof(fc.nat(300), fc.integer({ min: 32_700, max: 32_800 }), fc.nat(100_000)), fc.boolean()),
  { maxLength: 12 },
)

test('what is appended is read back, each record written in one call', async () => {
  await fc.assert(
    fc.asyncProperty(payloads, async sizes => {
      const file = new FakeFile()
      const writer = new WalWriter(file, 7)
      const expected = sizes.map(([size], i) => new Uint8Array(size).fill(i + 1))
      for (const [i, payload] of expected.entries()) {
        if (sizes[i][1]) writer.appendSync(payload)
        else await writer.append(payload)
      }
      assert.deepEqual(recordsOf(file.bytes), expected)
      assert.equal(file.writes, sizes.length)
      assert.equal(writer.size, file.bytes.length)
    }),
    { numRuns: 50 },
  )
})

test('a writer that goes on behind existing bytes keeps to their blocks', () => {
  const file = new FakeFile()
  const first = new WalWriter(file, 7)
  first.appendSync(new Uint8Array(32_755).fill(1))
  const second = new WalWriter(file, 7, first.size)
  second.appendSync(new Uint8Array(50).fill(2))
  assert.deepEqual(
    recordsOf(file.bytes).map(record => record.length),
    [32_755, 50],
  )
})

test('syncedSize is what had been appended when the sync began', async () => {
  const file = new FakeFile()
  const writer = new WalWriter(file, 7)
  writer.appendSync(new Uint8Array(10))
  const sizeBefore = writer.size
  const syncing = writer.sync()
  writer.appendSync(new Uint8Array(10))
  await syncing
  assert.equal(writer.syncedSize, sizeBefore)
})

test('syncs never overlap, and one serves all who wait for the same bytes', async () => {
  const file = new FakeFile()
  const writer = new WalWriter(file, 7)
  writer.appendSync(new Uint8Array(10))
  const first = writer.sync()
  writer.appendSync(new Uint8Array(10))
  await Promise.all([first, writer.sync(), writer.sync(), writer.sync()])
  assert.equal(file.mostSyncsAtOnce, 1)
  assert.equal(file.syncs, 2)
  assert.equal(writer.syncedSize, writer.size)
  await writer.sync()
  assert.equal(file.syncs, 2)
})

test('after a failed write nothing is written behind what it may have left', async () => {
  for (const isAsync of [false, true]) {
    const file = new FakeFile()
    const writer = new WalWriter(file, 7)
    writer.appendSync(new Uint8Array(10).fill(1))
    file.failWriteAfter = 5
    const append = async () =>
      isAsync ? writer.append(new Uint8Array(20)) : writer.appendSync(new Uint8Array(20))
    await assert.rejects(append, error => isVarveError(error, 'NO_SPACE'))
    const left = file.bytes.length
    await assert.rejects(append, error => isVarveError(error, 'NO_SPACE') && error === writer.poisoned)
    await assert.rejects(writer.sync(), error => error === writer.poisoned)
    assert.equal(file.bytes.length, left)
    assert.equal(file.syncs, 0)
    await writer.close()
    assert.equal(file.closes, 1)
  }
})

test('a failed sync is never tried again, by anyone', async () => {
  const file = new FakeFile()
  const writer = new WalWriter(file, 7)
  writer.appendSync(new Uint8Array(10))
  file.failSync = true
  const outcomes = await Promise.allSettled([writer.sync(), writer.sync(), writer.sync()])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  file.failSync = false
  await assert.rejects(writer.sync(), error => isVarveError(error, 'IO_ERROR') && error === writer.poisoned)
  assert.throws(
    () => writer.appendSync(new Uint8Array(1)),
    error => error === writer.poisoned,
  )
  assert.equal(file.syncs, 1)
  assert.equal(writer.syncedSize, 0)
})

test('an append during another one is a mistake that is told', async () => {
  const writer = new WalWriter(new FakeFile(), 7)
  const first = writer.append(new Uint8Array(10))
  assert.throws(() => writer.appendSync(new Uint8Array(1)), /another one/)
  await first
})

test('two who close it at once close its file once, while a sync is under way too', async () => {
  const file = new FakeFile()
  const writer = new WalWriter(file, 7)
  writer.appendSync(new Uint8Array(10))
  const syncing = writer.sync()
  await Promise.all([writer.close(), writer.close()])
  await syncing
  await writer.close()
  assert.equal(file.closes, 1)
})

test('whoever waits to sync a log that is let go meanwhile is not failed by it', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = new SimulatedDisk()
    disk.pace = simulatedRuntime(disk, seed).scheduler
    const writer = new WalWriter(await disk.open('/log', 'create'), 1)
    writer.appendSync(Uint8Array.of(1))
    const first = writer.sync()
    writer.appendSync(Uint8Array.of(2))
    await Promise.all([first, writer.sync(), writer.letGo()])
    await writer.sync()
    assert.equal(writer.poisoned, undefined)
    assert.equal(disk.openHandles, 0)
  }
})

test('a log that cannot be closed says so to everyone, and takes nothing more', async () => {
  const file = new FakeFile()
  file.failClose = true
  const writer = new WalWriter(file, 7)
  writer.appendSync(new Uint8Array(10))
  await assert.rejects(writer.close(), /input\/output error/)
  await assert.rejects(writer.close(), /input\/output error/)
  assert.throws(() => writer.appendSync(new Uint8Array(10)), /takes no more writes/)
})

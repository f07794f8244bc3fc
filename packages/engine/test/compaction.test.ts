import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type CompactionEvent, type CompactProgress, type Database, verifyDatabase } from '../index.ts'
import { InlineRunner, NodeFileSystem } from '../internal.ts'
import { FaultyFileSystem, HeldRunner } from './faulty-world.ts'
import {
  failsWith,
  filesOf,
  freshPath,
  numberedKey,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
  worldWith,
} from './support.ts'

function tableBytes(db: Database): number {
  return filesOf(db.path, /\.sst$/).reduce((sum, name) => sum + statSync(join(db.path, name)).size, 0)
}

/** Rows that do not compress. */
function bulk(from: number, to: number, salt: number): [string, string][] {
  const rows: [string, string][] = []
  for (let i = from; i < to; i++) {
    let value = ''
    for (let j = 0; value.length < 400; j++)
      value += Math.sin(i * 31 + j + salt * 977)
        .toString(36)
        .slice(2)
    rows.push([numberedKey(i), value])
  }
  return rows
}

const put = (rows: [string, string][]) => rows.map(([key, value]) => ({ type: 'put' as const, key, value }))

test('space is given back after deletes and a compaction', async t => {
  const db = await openFor(t, freshPath(t))
  await db.write(put(bulk(0, 1000, 1)))
  await db.flush()
  const full = tableBytes(db)
  assert.ok(full > 300_000)
  for (let i = 0; i < 1000; i++) if (i % 10 !== 0) await db.delete(numberedKey(i))
  await db.compact()
  assert.ok(tableBytes(db) < full / 8, `${tableBytes(db)} of ${full}`)
  assert.equal((await rowsOf(db)).length, 100)
  for (let i = 0; i < 1000; i += 10) await db.delete(numberedKey(i))
  await db.compact()
  assert.equal(tableBytes(db), 0)
  assert.deepEqual(db.liveFiles(), [])
})

test('overwritten versions go, unless a snapshot sees them; then when it is closed', async t => {
  const db = await openFor(t, freshPath(t))
  await db.write(put(bulk(0, 300, 1)))
  const snapshot = db.snapshot()
  const before = await rowsOf(db, { snapshot })
  for (let round = 2; round < 6; round++) {
    await db.write(put(bulk(0, 300, round)))
    await db.flush()
  }
  await db.compact()
  const entries = () => Number(db.property('rocksdb.estimate-num-keys'))
  assert.equal(entries(), 600)
  assert.deepEqual(await rowsOf(db, { snapshot }), before)
  snapshot.close()
  await db.compact()
  assert.equal(entries(), 300)
  assert.deepEqual(await rowsOf(db), bulk(0, 300, 5))
})

test('a compaction of a range leaves the rest where it is', async t => {
  const db = await openFor(t, freshPath(t), { disableAutoCompactions: true })
  for (let i = 0; i < 4; i++) {
    await db.write(put(bulk(i * 100, i * 100 + 100, i)))
    await db.flush()
  }
  await db.compact({ start: numberedKey(120), end: numberedKey(180) })
  const atLevel0 = db.liveFiles().filter(({ level }) => level === 0)
  assert.ok(atLevel0.length <= 3, 'the file of the range is gone from level 0')
  assert.ok(db.liveFiles().some(({ level }) => level > 0))
  assert.equal((await rowsOf(db)).length, 400)
})

test('files that meet no others are moved, not rewritten', async t => {
  const moves: CompactionEvent[] = []
  const db = await openFor(t, freshPath(t), { listeners: { compaction: event => moves.push(event) } })
  await db.write(put(bulk(0, 100, 1)))
  await db.flush()
  const [before] = db.liveFiles()
  await db.compact({ rewriteBottommost: false })
  const [after] = db.liveFiles()
  assert.equal(after.number, before.number)
  assert.ok(after.level > before.level)
  assert.equal(moves.at(-1)?.trivialMove, true)
  assert.equal(db.statistics().trivialMoves, moves.length)
  assert.equal(db.statistics().compactionBytesWritten, 0)
  assert.deepEqual(await rowsOf(db), bulk(0, 100, 1))
})

test('each level is compressed as its options say', async t => {
  const db = await openFor(t, freshPath(t), {
    // The first for level 0, the next for the first level below it that is in use.
    compressionPerLevel: ['none', 'zstd'],
  })
  const rows = numberedRows(500, 'the same words again and again '.repeat(8))
  await putAll(db, rows)
  await db.flush()
  const plain = tableBytes(db)
  assert.ok(plain > 100_000)
  await putAll(db, rows)
  await db.compact()
  await db.compact()
  assert.deepEqual(new Set(db.liveFiles().map(({ level }) => level)), new Set([6]))
  assert.ok(tableBytes(db) < plain / 4, `${tableBytes(db)} of ${plain}`)
  assert.deepEqual(await rowsOf(db), rows)
})

test('automatic compactions keep level 0 short and every row in its place', async t => {
  const db = await openFor(t, freshPath(t), {
    writeBufferSize: 65536,
    targetFileSizeBase: 65536,
    maxBytesForLevelBase: 262144,
    level0FileNumCompactionTrigger: 2,
  })
  const expected = new Map<string, string>()
  for (let round = 0; round < 4; round++) {
    const rows = bulk(round * 150, round * 150 + 700, round)
    for (let i = 0; i < rows.length; i += 50) await db.write(put(rows.slice(i, i + 50)))
    for (const [key, value] of rows) expected.set(key, value)
  }
  await db.flush()
  const sorted = [...expected].sort(([a], [b]) => (a < b ? -1 : 1))
  assert.deepEqual(await rowsOf(db), sorted)
  assert.ok(db.statistics().compactions > 3)
  await db.close()
  const reopened = await openFor(t, db.path, { disableAutoCompactions: true })
  assert.deepEqual(await rowsOf(reopened), sorted)
  assert.equal(filesOf(db.path, /\.sst$/).length, reopened.liveFiles().length, 'every table on disk is live')
})

test('a compaction that is told to stop stops, and nothing is lost or left', async t => {
  const jobs = new HeldRunner(new NodeFileSystem())
  const db = await openFor(t, freshPath(t), { disableAutoCompactions: true }, worldWith({ jobs }))
  const rows = bulk(0, 200, 1)
  for (let i = 0; i < 200; i += 50) {
    await db.write(put(rows.slice(i, i + 50)))
    await db.write(put(rows.slice(0, 1)))
    await db.flush()
  }
  await assert.rejects(db.compact({ signal: AbortSignal.abort() }), failsWith('ABORTED'))
  const control = new AbortController()
  jobs.hold('compaction')
  const compacting = db.compact({ signal: control.signal })
  control.abort()
  jobs.release()
  await compacting.catch(failsWith('ABORTED'))
  assert.deepEqual(await rowsOf(db), rows)
  assert.equal(db.backgroundError, undefined)
  await db.compact()
  assert.deepEqual(await rowsOf(db), rows)
  assert.equal(filesOf(db.path, /\.sst$/).length, db.liveFiles().length)
})

test('progress goes up to the end', async t => {
  const db = await openFor(t, freshPath(t))
  await db.write(put(bulk(0, 1500, 1)))
  await db.flush()
  await db.write(put(bulk(0, 1500, 2)))
  const seen: CompactProgress[] = []
  await db.compact({ onProgress: progress => seen.push(progress) })
  for (const [i, { bytesRead, bytesTotal }] of seen.entries()) {
    assert.ok(bytesRead >= (seen[i - 1]?.bytesRead ?? 0))
    assert.ok(bytesTotal > 1_000_000)
  }
})

test('compactions that are asked for at once all end, with writes beside them', async t => {
  const db = await openFor(t, freshPath(t), { writeBufferSize: 65536 })
  const rows = bulk(0, 600, 3)
  await db.write(put(rows))
  await Promise.all([
    db.compact(),
    db.compact(),
    db.flush(),
    db.compact({ end: numberedKey(100) }),
    ...rows.map(([key, value]) => db.put(key, value)),
  ])
  assert.deepEqual(await rowsOf(db), rows)
})

test('a compaction divided over several threads leaves every row in its place', async t => {
  const events: CompactionEvent[] = []
  const options = { maxSubcompactions: 3, targetFileSizeBase: 2 ** 20, disableAutoCompactions: true }
  const db = await openFor(t, freshPath(t), {
    ...options,
    listeners: { compaction: event => events.push(event) },
  })
  const rows = new Map(bulk(0, 3000, 1))
  await db.write(put([...rows]))
  await db.flush()
  for (const [key, value] of bulk(1000, 2500, 2)) rows.set(key, value)
  await db.write(put(bulk(1000, 2500, 2)))
  for (let i = 0; i < 3000; i += 7) {
    rows.delete(numberedKey(i))
    await db.delete(numberedKey(i))
  }
  const seen: CompactProgress[] = []
  await db.compact({ onProgress: progress => seen.push(progress) })
  assert.equal(events[0].outputFiles, 3)
  assert.deepEqual(await rowsOf(db), [...rows])
  assert.ok(seen.every(({ bytesRead }, i) => bytesRead >= (seen[i - 1]?.bytesRead ?? 0)))
  await db.close()
  assert.deepEqual((await verifyDatabase(db.path)).problems, [])
})

test('when one part of a compaction fails, nothing of the others stays, and it can be done again', async t => {
  const fs = new FaultyFileSystem()
  const options = { maxSubcompactions: 3, targetFileSizeBase: 2 ** 20, disableAutoCompactions: true }
  const db = await openFor(t, freshPath(t), options, worldWith({ jobs: new InlineRunner(fs) }, fs))
  const rows = bulk(0, 3000, 1)
  await db.write(put(rows))
  await db.flush()
  await db.write(put(rows.slice(0, 10)))
  await db.flush()
  const before = filesOf(db.path, /\.sst$/)
  fs.fail({ operation: 'create', path: /\.sst$/, after: 1, once: true })
  await assert.rejects(db.compact(), failsWith('IO_ERROR'))
  assert.deepEqual(filesOf(db.path, /\.sst$/), before)
  await db.resume()
  await db.compact()
  assert.deepEqual(await rowsOf(db), rows)
})

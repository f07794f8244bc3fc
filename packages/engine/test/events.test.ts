import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, DatabaseEvents, EventListeners, OpenListeners, OpenOptions } from '../index.ts'
import { nodeRuntime } from '../internal.ts'
import { FaultyFileSystem } from './faulty-world.ts'
import { failsWith, freshPath, numberedRows, openFor, putAll, rowsOf, worldWith } from './support.ts'

type Name = keyof DatabaseEvents
type Told = { [Each in Name]: [Each, DatabaseEvents[Each]] }[Name]

const names: readonly Name[] = [
  'open',
  'memtableSealed',
  'flushBegin',
  'flush',
  'flushFailed',
  'compactionBegin',
  'subcompactionBegin',
  'subcompaction',
  'compaction',
  'compactionFailed',
  'tableCreated',
  'tableDeleted',
  'columnFamilyCreated',
  'columnFamilyDropped',
  'stall',
  'quarantine',
  'backgroundError',
  'resumeBegin',
  'resumeEnd',
  'resumed',
  'close',
]

/** Listeners that note everything. */
function recorder(): { told: Told[]; listeners: EventListeners } {
  const told: Told[] = []
  const listeners = Object.fromEntries(names.map(name => [name, (event: never) => told.push([name, event])]))
  return { told, listeners }
}

function of<Each extends Name>(told: readonly Told[], name: Each): DatabaseEvents[Each][] {
  return told.flatMap(([own, event]) => (own === name ? [event as DatabaseEvents[Each]] : []))
}

test('a flush and a compaction tell of each of their steps, in order, with what each was about', async t => {
  const { told, listeners } = recorder()
  const options: OpenOptions = { disableAutoCompactions: true }
  const db = await openFor(t, freshPath(t), { ...options, listeners })
  await putAll(db, numberedRows(10))
  await db.delete('key0')
  await db.flush()
  assert.deepEqual(
    told.map(([name]) => name),
    ['open', 'memtableSealed', 'flushBegin', 'tableCreated', 'flush'],
  )
  const [sealed] = of(told, 'memtableSealed')
  assert.equal(sealed.entries, 11)
  assert.equal(sealed.deletions, 1)
  assert.ok(sealed.bytes > 0)
  const [begun] = of(told, 'flushBegin')
  const [created] = of(told, 'tableCreated')
  const [flushed] = of(told, 'flush')
  assert.deepEqual([begun.job, created.job, flushed.job], [1, 1, 1])
  assert.deepEqual([begun.memtables, begun.bytes], [1, sealed.bytes])
  const [file] = db.liveFiles()
  assert.deepEqual(
    [created.file, created.level, created.bytes, created.entries, created.reason],
    [file.number, 0, file.size, file.entries, 'flush'],
  )
  told.length = 0
  await db.put('key5', 'new')
  await db.compact()
  assert.deepEqual(
    told.map(([name]) => name),
    [
      'memtableSealed',
      'flushBegin',
      'tableCreated',
      'flush',
      'compactionBegin',
      'subcompactionBegin',
      'tableCreated',
      'subcompaction',
      'compaction',
      'tableDeleted',
      'tableDeleted',
    ],
  )
  const [compactionBegun] = of(told, 'compactionBegin')
  const [part] = of(told, 'subcompaction')
  const [compacted] = of(told, 'compaction')
  assert.deepEqual([compactionBegun.job, part.job, compacted.job], [3, 3, 3])
  assert.deepEqual([part.part, part.parts], [0, 1])
  assert.deepEqual([compactionBegun.reason, compactionBegun.inputFiles], ['manual', 2])
  assert.ok(compactionBegun.inputBytes > 0)
  assert.equal(compacted.entriesFiltered, 0)
  assert.ok(compacted.entriesDropped > 0)
  assert.ok(of(told, 'tableDeleted').some(({ file: number }) => number === file.number))
})

test('what time and the filter have removed is counted apart', async t => {
  const { told, listeners } = recorder()
  const filter = (_key: Uint8Array, value: Uint8Array) => (value[0] === 0x2d ? 'remove' : 'keep')
  const db = await openFor(t, freshPath(t), { compactionFilter: filter, expiringKeys: true, listeners })
  await db.put('a', '-1')
  await db.put('b', '1', { expiresAt: 1 })
  await db.put('c', '1')
  await db.compact()
  const [compacted] = of(told, 'compaction')
  assert.deepEqual([compacted.entriesDropped, compacted.entriesFiltered], [2, 2])
})

test('each part of a divided compaction tells of itself', async t => {
  const { told, listeners } = recorder()
  const options: OpenOptions & OpenListeners = {
    maxSubcompactions: 3,
    disableAutoCompactions: true,
    targetFileSizeBase: 16 * 1024,
    compression: 'none',
    listeners,
  }
  const db = await openFor(t, freshPath(t), options, nodeRuntime({ workers: 3 }))
  for (let round = 0; round < 3; round++) {
    await putAll(db, numberedRows(2000))
    await db.flush()
  }
  await db.compact()
  const begun = of(told, 'subcompactionBegin')
  const ended = of(told, 'subcompaction')
  assert.ok(begun.length > 1 && begun.length === ended.length, `${begun.length} parts`)
  assert.deepEqual(
    ended.map(({ part }) => part).sort(),
    begun.map((_, part) => part),
  )
})

test('column families that come and go are told of', async t => {
  const { told, listeners } = recorder()
  const db = await openFor(t, freshPath(t), { listeners })
  const { id } = await db.columnFamily('users')
  await db.columnFamily('users')
  await db.dropColumnFamily('users')
  assert.deepEqual(of(told, 'columnFamilyCreated'), [{ columnFamily: 'users', id }])
  assert.deepEqual(of(told, 'columnFamilyDropped'), [{ columnFamily: 'users', id }])
  await db.close()
  assert.equal(told.at(-1)?.[0], 'close')
})

test('tables that deleteFilesInRanges removes are told of when they go', async t => {
  const { told, listeners } = recorder()
  const db = await openFor(t, freshPath(t), { listeners })
  await db.put('a', '1')
  await db.compact()
  const [{ number }] = db.liveFiles()
  const cursor = db.cursor()
  told.length = 0
  await db.deleteFilesInRanges([{}])
  assert.deepEqual(told, [])
  cursor.close()
  while (told.length === 0) await sleep(1)
  assert.deepEqual(told, [['tableDeleted', { file: number }]])
})

test('a failure, and the attempts to go on after it, are told of', async t => {
  const { told, listeners } = recorder()
  const fs = new FaultyFileSystem()
  const db = await openFor(t, freshPath(t), { listeners }, worldWith({}, fs))
  await db.put('a', '1')
  fs.fail({ operation: 'create', path: /\.sst$/ })
  await assert.rejects(db.flush())
  const [failed] = of(told, 'flushFailed')
  assert.equal(failed.job, of(told, 'flushBegin')[0].job)
  const [{ error }] = of(told, 'backgroundError')
  assert.equal(failed.error, error)
  await assert.rejects(db.resume())
  assert.deepEqual(of(told, 'resumeBegin'), [{ error }])
  const [ended] = of(told, 'resumeEnd')
  assert.equal(ended.error, error)
  assert.equal(ended.newError?.code, 'IO_ERROR')
  assert.deepEqual(of(told, 'resumed'), [])
  fs.heal()
  told.length = 0
  await db.resume()
  const order = told.map(([name]) => name)
  assert.equal(order[0], 'resumeBegin')
  assert.deepEqual(order.slice(-2), ['resumeEnd', 'resumed'])
  assert.equal(of(told, 'resumeEnd')[0].newError, undefined)
})

test('a compaction that fails is told of', async t => {
  const { told, listeners } = recorder()
  const db = await openFor(t, freshPath(t), {
    listeners,
    compactionFilter: () => {
      throw new Error('oh')
    },
  })
  await db.put('a', '1')
  await assert.rejects(db.compact(), failsWith('FILTER_FAILED'))
  const [failed] = of(told, 'compactionFailed')
  assert.equal(failed.job, of(told, 'compactionBegin')[0].job)
  assert.deepEqual(of(told, 'compaction'), [])
})

/** Lives a life in which most events happen. */
async function live(db: Database): Promise<void> {
  await db.columnFamily('users')
  for (let round = 0; round < 4; round++) {
    await putAll(db, numberedRows(50))
    await db.flush()
  }
  await db.compact()
  await db.dropColumnFamily('users')
}

test('a listener that throws, or whose promise rejects, breaks nothing and is warned of', async t => {
  const warnings: string[] = []
  const note = (warning: Error): void => {
    if (warning.name === 'VarveWarning') warnings.push(warning.message)
  }
  process.on('warning', note)
  t.after(() => process.off('warning', note))
  const heard: Name[] = []
  const listeners = Object.fromEntries(
    names.map((name, index) => [
      name,
      index % 2 === 0
        ? () => {
            throw new Error('oh')
          }
        : async () => {
            throw new Error('oh')
          },
    ]),
  )
  const path = freshPath(t)
  const db = await openFor(t, path, { listeners })
  for (const name of names) db.on(name, () => heard.push(name))
  await live(db)
  assert.equal(db.backgroundError, undefined)
  const rows = await rowsOf(db)
  await db.close()
  await sleep(20)
  for (const name of [
    'flush',
    'compaction',
    'tableCreated',
    'tableDeleted',
    'memtableSealed',
    'close',
  ] as const) {
    assert.ok(heard.includes(name), `those behind it hear of ${name}`)
    assert.ok(
      warnings.some(text => text.includes(`database's ${name} event threw: Error: oh`)),
      name,
    )
  }
  assert.deepEqual(await rowsOf(await openFor(t, path)), rows)
})

test('a listener may call the database, take itself off and put others on', async t => {
  const db = await openFor(t, freshPath(t))
  let calls = 0
  const again = (): void => {
    calls++
    off()
    off = db.on('memtableSealed', again)
    void db.put('from a listener', String(calls))
  }
  let off = db.on('memtableSealed', again)
  await db.put('a', '1')
  await db.flush()
  assert.equal(calls, 1)
  await db.flush()
  assert.equal(calls, 2)
  assert.equal((await rowsOf(db)).length, 2)
})

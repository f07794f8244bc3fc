/** Manual compactions: stopped, alone or side by side, of named files, into other levels; and background work that is paused. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import type { CompactionEvent, Database, OpenOptions } from '../index.ts'
import { type Job, type JobPriority, NodeFileSystem, nodeRuntime, type OnProgress } from '../internal.ts'
import { HeldRunner } from './faulty-world.ts'
import {
  failsWith,
  failureOf,
  filesOf,
  freshPath,
  numberedKey,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
  worldWith,
} from './support.ts'

const quiet: OpenOptions = { disableAutoCompactions: true }

/** Notes jobs as they are asked for, held back or not. */
class NotingRunner extends HeldRunner {
  readonly asked: { kind: Job['kind']; priority: JobPriority }[] = []

  constructor() {
    super(new NodeFileSystem())
  }

  override run<Result>(job: Job, priority: JobPriority, onProgress?: OnProgress): Promise<Result> {
    this.asked.push({ kind: job.kind, priority })
    return super.run(job, priority, onProgress)
  }

  get compactions(): number {
    return this.asked.filter(({ kind }) => kind === 'compaction').length
  }
}

async function openNoting(t: TestContext, options: OpenOptions = quiet) {
  const jobs = new NotingRunner()
  t.after(() => jobs.release())
  const db = await openFor(t, freshPath(t), options, worldWith({ jobs }))
  return { db, jobs }
}

/** Rows [from, to), flushed into a table of their own. */
async function flushRows(db: Database, from: number, to: number, value: string): Promise<void> {
  await putAll(db, numberedRows(to, value).slice(from))
  await db.flush()
}

/** Two parts of the keys, two tables of level 0 each. */
async function fillTwoParts(db: Database): Promise<void> {
  for (const value of ['first', 'second']) {
    await flushRows(db, 0, 50, value)
    await flushRows(db, 100, 150, value)
  }
}

const levelsOf = (db: Database) => db.liveFiles().map(({ level }) => level)
const numbersIn = (db: Database, level: number) =>
  db.liveFiles().flatMap(file => (file.level === level ? [file.number] : []))

async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve))
}

test('a signal stops a compaction in the middle of a step; no file of it is left, no row lost', async t => {
  const options = { ...quiet, writeBufferSize: 32 << 20 }
  const db = await openFor(t, freshPath(t), options, nodeRuntime({ workers: 2 }))
  const count = 80_000
  for (let round = 0; round < 2; round++) {
    const operations = Array.from({ length: count }, (_, i) => {
      return { type: 'put' as const, key: String(i).padStart(8, '0'), value: `${round}` }
    })
    await db.write(operations)
    await db.flush()
  }
  const control = new AbortController()
  const reason = new Error('no longer wanted')
  let reports = 0
  const onProgress = () => {
    reports++
    control.abort(reason)
  }
  const error = await failureOf(db.compact({ signal: control.signal, onProgress }))
  assert.deepEqual([error.code, error.cause, reports], ['ABORTED', reason, 1])
  assert.deepEqual(levelsOf(db), [0, 0])
  assert.equal(filesOf(db.path, /\.sst$/).length, 2)
  assert.equal(db.backgroundError, undefined)
  await db.compact()
  assert.deepEqual(levelsOf(db), [6])
  assert.equal((await db.keys().toArray()).length, count)
})

test('a signal stops a compaction that waits for its turn or for others', async t => {
  const { db, jobs } = await openNoting(t)
  await fillTwoParts(db)
  jobs.hold('compaction')
  const first = db.compact()
  await turns()
  const control = new AbortController()
  const { signal } = control
  const waiting = [db.compact({ signal }), db.compact({ signal, exclusive: true })].map(failureOf)
  await turns()
  control.abort()
  for (const { code } of await Promise.all(waiting)) assert.equal(code, 'ABORTED')
  jobs.release()
  await first
  await db.compact({ exclusive: true })
  assert.equal(db.backgroundError, undefined)
})

test('compactions of ranges that do not meet run at once; an exclusive one runs alone', async t => {
  const { db, jobs } = await openNoting(t, { ...quiet, columnFamilies: { users: {} } })
  await fillTwoParts(db)
  await db.put('key', 'value', { columnFamily: 'users' })
  await db.flush()
  const low = { end: numberedKey(50) }
  const high = { start: numberedKey(100) }
  // Level 0 goes to one compaction at a time: bring both down first.
  await Promise.all([db.compact(low), db.compact(high)])
  const before = jobs.compactions
  jobs.hold('compaction')
  const both = [db.compact({ ...low, bottommostLevelCompaction: 'force' }), db.compact(high)]
  await turns()
  assert.equal(jobs.compactions, before + 2, 'both have begun')
  const alone = db.compact({ exclusive: true, columnFamily: 'users' })
  await sleep(100) // Long enough to begin, if it did not wait.
  const behind = db.compact(low)
  await turns()
  assert.equal(jobs.compactions, before + 2, 'the exclusive one waits, and who came later waits for it')
  jobs.release()
  await Promise.all([...both, alone, behind])
})

test('automatic compactions of the family wait for a manual one, of all families for an exclusive one', async t => {
  const { db, jobs } = await openNoting(t, {
    level0FileNumCompactionTrigger: 2,
    maxBackgroundJobs: 8,
    columnFamilies: { users: {} },
  })
  const isBusy = () => db.liveFiles().some(file => file.columnFamily === 'users' && file.beingCompacted)
  for (const exclusive of [false, true]) {
    await flushRows(db, 0, 20, 'a')
    jobs.hold('compaction')
    const manual = db.compact({ exclusive })
    await turns()
    for (let i = 0; i < 2; i++) {
      await db.put('key', `${i}`, { columnFamily: 'users' })
      await db.flush({ columnFamily: 'users' })
    }
    await turns()
    assert.equal(isBusy(), !exclusive, `exclusive: ${exclusive}`)
    jobs.release()
    await manual
    while (isBusy()) await sleep(1)
  }
})

test('the last level is rewritten or left as it is, as was asked', async t => {
  const db = await openFor(t, freshPath(t), quiet)
  await flushRows(db, 0, 50, 'value')
  await db.compact()
  const [before] = db.liveFiles()
  await db.compact({ bottommostLevelCompaction: 'skip' })
  await db.compact({ bottommostLevelCompaction: 'ifHaveCompactionFilter' })
  assert.equal(db.liveFiles()[0].number, before.number)
  for (const bottommostLevelCompaction of ['force', 'forceOptimized', undefined] as const) {
    const [{ number }] = db.liveFiles()
    await db.compact({ bottommostLevelCompaction })
    assert.notEqual(db.liveFiles()[0].number, number, `${bottommostLevelCompaction}`)
  }
})

test('tables that lie between the named ones go along, also where these are in two levels', async t => {
  const db = await openFor(t, freshPath(t), quiet)
  for (const from of [20, 40]) {
    await flushRows(db, from, from + 10, 'value')
    await db.compactFiles(numbersIn(db, 0), 1)
  }
  await flushRows(db, 0, 10, 'value')
  const [, behind] = numbersIn(db, 1)
  await db.compactFiles([...numbersIn(db, 0), behind], 1)
  assert.deepEqual(levelsOf(db), [1])
  const rows = numberedRows(50, 'value')
  assert.deepEqual(await rowsOf(db), [...rows.slice(0, 10), ...rows.slice(20, 30), ...rows.slice(40)])
})

test('what a call cannot mean is refused before anything happens', async t => {
  const { db, jobs } = await openNoting(t)
  await fillTwoParts(db)
  const [number] = numbersIn(db, 0)
  const refusals: [Promise<unknown>, RegExp][] = [
    [db.compact({ bottommostLevelCompaction: 'all' as 'skip' }), /must be one of skip, .*, not all/],
    [db.compact({ maxSubcompactions: 0 }), /maxSubcompactions must be a whole number from 1 to 64, not 0/],
    [db.compact({ changeLevel: true, targetLevel: 7 }), /targetLevel must be from 1 to 6, not 7/],
    [db.compact({ changeLevel: true, targetLevel: 0 }), /targetLevel must be from 1 to 6, not 0/],
    [db.compactFiles([], 1), /at least one file/],
    [db.compactFiles([number, 999], 1), /no table 999/],
    [db.compactFiles(['000001.log'], 1), /"000001.log" is no name of a table/],
    [db.compactFiles([number], 7), /output level must be from 0 to 6 under leveled, not 7/],
    [db.compactFiles([number], -1), /not -1/],
    [db.compactFiles([number], 1, { maxSubcompactions: 65 }), /from 1 to 64, not 65/],
  ]
  for (const [call, message] of refusals) await assert.rejects(call, failsWith('INVALID_ARGUMENT', message))
  assert.equal(jobs.compactions, 0)
  await db.compact()
  await assert.rejects(db.compactFiles(numbersIn(db, 6), 3), failsWith('INVALID_ARGUMENT', /up to level 3/))
})

test('the level that a compaction ends in can be changed: to the one asked for, or the highest that fits', async t => {
  const db = await openFor(t, freshPath(t), {
    ...quiet,
    levelCompactionDynamicLevelBytes: false,
    maxBytesForLevelBase: 4096,
    compression: 'none',
  })
  const rows = numberedRows(100, 'x'.repeat(100))
  await putAll(db, rows)
  await db.compact({ changeLevel: true, targetLevel: 5 })
  assert.deepEqual(levelsOf(db), [5])
  const [{ number }] = db.liveFiles()
  await db.compact({ changeLevel: true, bottommostLevelCompaction: 'skip' })
  assert.deepEqual(levelsOf(db), [2], 'level 1 is too small for it')
  assert.equal(db.liveFiles()[0].number, number, 'it was moved')
  assert.deepEqual(await rowsOf(db), rows)
  await db.put('z', 'apart from the others')
  await db.flush()
  await db.compactFiles(numbersIn(db, 0), 1)
  await assert.rejects(
    db.compact({ end: numberedKey(100), changeLevel: true, targetLevel: 1 }),
    failsWith('NOT_SUPPORTED', /from level 2 to 1 while level 1 has files/),
  )
  const reopened = db.path
  await db.close()
  const again = await openFor(t, reopened, quiet)
  assert.deepEqual(await rowsOf(again), [...rows, ['z', 'apart from the others']])
})

test('paused, no flush and no compaction begins, writes wait when memory is full, and all goes on after', async t => {
  const events: CompactionEvent[] = []
  const db = await openFor(t, freshPath(t), {
    writeBufferSize: 65_536,
    level0FileNumCompactionTrigger: 2,
    listeners: { compaction: event => events.push(event) },
  })
  await flushRows(db, 0, 20, 'a')
  await db.pauseBackgroundWork()
  await db.pauseBackgroundWork()
  const flush = db.flush()
  const compaction = db.compact()
  const writes = putAll(db, numberedRows(300, 'x'.repeat(1000)))
  await sleep(50)
  db.continueBackgroundWork()
  await sleep(20)
  assert.equal(db.statistics().flushes, 1)
  assert.equal(events.length, 0)
  assert.equal(db.property('rocksdb.is-write-stopped'), '1')
  assert.match(db.property('rocksdb.stats') ?? '', /while background work is paused/)
  db.continueBackgroundWork()
  await Promise.all([flush, compaction, writes])
  assert.ok(events.length > 0)
  assert.equal((await rowsOf(db)).length, 300)
  assert.throws(() => db.continueBackgroundWork(), failsWith('INVALID_ARGUMENT', /not paused/))
})

test('pausing waits for what runs', async t => {
  const { db, jobs } = await openNoting(t)
  await fillTwoParts(db)
  jobs.hold('compaction')
  const compaction = db.compact()
  await turns()
  let isPaused = false
  const paused = db.pauseBackgroundWork().then(() => {
    isPaused = true
  })
  await turns()
  assert.equal(isPaused, false)
  jobs.release()
  await paused
  db.continueBackgroundWork()
  await compaction
})

test('a database that is paused can be closed, with writers that wait', async t => {
  const db = await openFor(t, freshPath(t), { writeBufferSize: 65_536 })
  await db.pauseBackgroundWork()
  const rows = numberedRows(300, 'x'.repeat(1000))
  for (const part of [rows.slice(0, 100), rows.slice(100, 200)]) {
    await db.write(part.map(([key, value]) => ({ type: 'put', key, value })))
  }
  const write = db.write(rows.slice(200).map(([key, value]) => ({ type: 'put', key, value })))
  await sleep(20)
  assert.equal(db.property('rocksdb.is-write-stopped'), '1')
  await db.close()
  await write
  assert.deepEqual(await rowsOf(await openFor(t, db.path)), rows)
})

test('disabled, manual compactions stop and are refused, until they are enabled as often', async t => {
  const { db, jobs } = await openNoting(t)
  await fillTwoParts(db)
  jobs.hold('compaction')
  const stopped = [db.compact(), db.compactFiles(numbersIn(db, 0), 6)].map(failureOf)
  await turns()
  const disabled = db.disableManualCompaction()
  await db.put('writes', 'go on')
  jobs.release()
  await disabled
  await db.disableManualCompaction()
  for (const { code } of await Promise.all(stopped)) assert.equal(code, 'ABORTED')
  await assert.rejects(db.compact(), failsWith('ABORTED', /disabled/))
  db.enableManualCompaction()
  await assert.rejects(db.compactFiles(numbersIn(db, 0), 6), failsWith('ABORTED', /disabled/))
  db.enableManualCompaction()
  assert.throws(() => db.enableManualCompaction(), failsWith('INVALID_ARGUMENT'))
  await db.compact()
  assert.equal(db.backgroundError, undefined)
})

test('named files are compacted into the level asked for, with what must go along', async t => {
  const db = await openFor(t, freshPath(t), quiet)
  const expected = new Map<string, string>()
  for (const value of ['a', 'b', 'c', 'd']) {
    await flushRows(db, 0, 30, value)
    for (const [key, text] of numberedRows(30, value)) expected.set(key, text)
  }
  const [newest, second, third, oldest] = numbersIn(db, 0)
  const within = await db.compactFiles([second, third], 0)
  assert.equal(within.length, 1)
  assert.deepEqual(numbersIn(db, 0), [newest, within[0], oldest])
  const down = await db.compactFiles([`${db.path}/${String(within[0]).padStart(6, '0')}.sst`], 4)
  assert.deepEqual([numbersIn(db, 0), numbersIn(db, 4)], [[newest], down], 'what is older has gone along')
  const whole = await db.compactFiles([newest], 5)
  assert.deepEqual([levelsOf(db), numbersIn(db, 5)], [[5], whole], 'what lies between has gone along')
  const again = await db.compactFiles(whole, 5)
  assert.notDeepEqual(again, whole, 'a table can be rewritten where it is')
  assert.deepEqual(await rowsOf(db), [...expected])
})

test('files that a running compaction has are not compacted', async t => {
  const { db, jobs } = await openNoting(t)
  await fillTwoParts(db)
  jobs.hold('compaction')
  const running = db.compact()
  await turns()
  await assert.rejects(
    db.compactFiles(numbersIn(db, 0).slice(0, 1), 1),
    failsWith('ABORTED', /is being compacted|running compaction/),
  )
  jobs.release()
  await running
})

test('rows are the same whatever files are compacted into whatever level', async t => {
  const styles: OpenOptions[] = [{}, { compactionStyle: 'universal' }, { compactionStyle: 'fifo' }]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...styles),
      fc.array(
        fc.record({
          from: fc.nat(40),
          count: fc.integer({ min: 1, max: 20 }),
          pick: fc.nat(),
          level: fc.nat(6),
        }),
        { minLength: 3, maxLength: 12 },
      ),
      async (style, steps) => {
        const db = await openFor(t, freshPath(t), { ...quiet, ...style, targetFileSizeBase: 4096 })
        const expected = new Map<string, string>()
        let round = 0
        for (const { from, count, pick, level } of steps) {
          for (const [key, value] of numberedRows(from + count, `${round++} `.repeat(30)).slice(from)) {
            await db.put(key, value)
            expected.set(key, value)
          }
          const removed = numberedKey(pick % 60)
          await db.delete(removed)
          expected.delete(removed)
          await db.flush()
          const files = db.liveFiles()
          const chosen = files.filter((_, i) => (pick >> (i % 20)) % 3 === 0).map(({ number }) => number)
          const outcome = await db.compactFiles(chosen, level).catch(failsWith('INVALID_ARGUMENT'))
          assert.ok(outcome)
          const sorted = [...expected].sort(([a], [b]) => (a < b ? -1 : 1))
          assert.deepEqual(await rowsOf(db), sorted)
        }
        await db.close()
      },
    ),
    { numRuns: 25 },
  )
})

test('a call may divide a compaction into more parts than the option says', async t => {
  const { db, jobs } = await openNoting(t, { ...quiet, targetFileSizeBase: 65_536, compression: 'none' })
  for (const value of ['a', 'b']) await flushRows(db, 0, 500, value.repeat(500))
  await db.compact({ maxSubcompactions: 3 })
  assert.equal(jobs.compactions, 3)
})

test('flushes go before compactions, and those of level 0 before those of deeper levels', async t => {
  const { db, jobs } = await openNoting(t)
  await fillTwoParts(db)
  await db.compact()
  await db.compactFiles(numbersIn(db, 6), 6)
  assert.deepEqual(
    new Set(jobs.asked.map(({ kind, priority }) => `${kind}: ${priority}`)),
    new Set(['flush: high', 'compaction: middle', 'compaction: low']),
  )
})

test('the family whose writes are nearest to a stop is compacted first', async t => {
  const { db, jobs } = await openNoting(t, {
    level0FileNumCompactionTrigger: 2,
    columnFamilies: { a: {}, urgent: {}, b: {} },
  })
  await db.pauseBackgroundWork()
  db.continueBackgroundWork()
  jobs.hold('compaction')
  // One thread for compactions: this one takes it.
  for (let i = 0; i < 2; i++) await flushRows(db, 0, 5, `${i}`)
  await turns()
  for (const [columnFamily, files] of [
    ['a', 3],
    ['urgent', 6],
    ['b', 4],
  ] as const) {
    for (let i = 0; i < files; i++) {
      await db.put('key', `${i}`, { columnFamily })
      await db.flush({ columnFamily })
    }
  }
  const order: string[] = []
  db.on('compaction', ({ columnFamily }) => order.push(columnFamily))
  jobs.release()
  while (order.length < 4) await sleep(1)
  assert.deepEqual(order, ['default', 'urgent', 'b', 'a'])
})

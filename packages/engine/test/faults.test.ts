import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type ErrorCode, type OpenOptions, type VarveError, verifyDatabase } from '../index.ts'
import type { OpenMode } from '../internal.ts'
import { type Fault, FaultyFileSystem, HeldRunner, type Operation } from './faulty-world.ts'
import {
  failureOf,
  filesOf,
  fingerprint,
  freshPath,
  killedCopy,
  numberedKey,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
  textOf,
  worldWith,
} from './support.ts'

async function openFaulty(t: TestContext, options: OpenOptions = {}, path = freshPath(t)) {
  const fs = new FaultyFileSystem()
  const errors: VarveError[] = []
  const listeners = { backgroundError: ({ error }: { error: VarveError }) => errors.push(error) }
  // Closing after the test must not meet the faults.
  t.after(() => fs.heal())
  const db = await openFor(t, path, { ...options, listeners }, worldWith({}, fs))
  return { db, fs, errors, path }
}

interface Scene {
  name: string
  fault: Fault
  /** What meets the fault. */
  act: 'put' | 'sync' | 'large' | 'flush' | 'compact'
}

const scenes: Scene[] = [
  { name: 'the log cannot be written', fault: { operation: 'write', path: /\.log$/ }, act: 'put' },
  {
    name: 'the log cannot be written by a large batch',
    fault: { operation: 'write', path: /\.log$/ },
    act: 'large',
  },
  { name: 'the log cannot be synced', fault: { operation: 'sync', path: /\.log$/ }, act: 'sync' },
  {
    name: 'the directory of a log cannot be synced',
    fault: { operation: 'syncDirectory', path: /./ },
    act: 'flush',
  },
  { name: 'a new log cannot be made', fault: { operation: 'create', path: /\.log$/ }, act: 'flush' },
  { name: 'a table cannot be made', fault: { operation: 'create', path: /\.sst$/ }, act: 'flush' },
  { name: 'a table cannot be written', fault: { operation: 'write', path: /\.sst$/ }, act: 'flush' },
  { name: 'a table cannot be synced', fault: { operation: 'sync', path: /\.sst$/ }, act: 'flush' },
  { name: 'a table cannot be opened again', fault: { operation: 'open', path: /\.sst$/ }, act: 'flush' },
  { name: 'the MANIFEST cannot be written', fault: { operation: 'write', path: /MANIFEST/ }, act: 'flush' },
  { name: 'the MANIFEST cannot be synced', fault: { operation: 'sync', path: /MANIFEST/ }, act: 'flush' },
  { name: 'an old log cannot be removed', fault: { operation: 'unlink', path: /\.log$/ }, act: 'flush' },
  {
    name: 'the MANIFEST cannot be written after a compaction',
    fault: { operation: 'write', path: /MANIFEST/, after: 1 },
    act: 'compact',
  },
]

const codes: ErrorCode[] = ['NO_SPACE', 'IO_ERROR']

for (const { name, fault, act } of scenes) {
  test(`${name}: no false word, reads go on, resume goes on, nothing is lost`, async t => {
    for (const code of codes) {
      const { db, fs, errors } = await openFaulty(t, { disableAutoCompactions: true })
      await putAll(db, numberedRows(20))
      await db.flush()
      await putAll(db, numberedRows(30))
      const acknowledged = new Map(numberedRows(30))
      fs.fail({ ...fault, code })
      const attempts: Record<Scene['act'], () => Promise<void>> = {
        put: () => db.put('attempt', '1'),
        sync: () => db.put('attempt', '1', { sync: true }),
        large: () => db.put('attempt', 'x'.repeat(1_000_000)),
        flush: () => db.flush(),
        compact: () => db.compact(),
      }
      const error = await failureOf(attempts[act]())
      assert.equal(error.code, code, `${error}`)
      assert.ok(fs.failures > 0)
      assert.equal(db.backgroundError?.code, code)
      assert.equal(errors.length, 1)
      assert.equal(db.property('rocksdb.background-errors'), '1')
      // Reads go on; writes say why they do not.
      assert.equal(await textOf(db, numberedKey(25)), 'value 25')
      assert.equal((await rowsOf(db, { prefix: 'key' })).length, 30)
      const refused = await failureOf(db.put('refused', '1'))
      assert.equal(refused.code, code)
      assert.match(refused.message, /resume\(\)/)
      // While the cause is there, resume says so and nothing gets worse.
      if (fault.after === undefined && !fault.path.test('.log')) {
        await failureOf(db.resume())
        assert.ok(db.backgroundError)
      }
      // A crash now loses nothing that was acknowledged.
      const crashed = await openFor(t, killedCopy(t, db.path))
      const rows = new Map(await rowsOf(crashed))
      for (const [key, value] of acknowledged) assert.equal(rows.get(key), value)
      assert.equal(rows.has('refused'), false)
      await crashed.close()
      // Without the cause it goes on, on the spot.
      fs.heal()
      await db.resume()
      assert.equal(db.backgroundError, undefined)
      await db.put('after', 'resume')
      await db.flush()
      await db.compact()
      assert.equal((await rowsOf(db, { prefix: 'key' })).length, 30)
      await db.close()
      const reopened = await openFor(t, db.path)
      assert.equal(await textOf(reopened, 'after'), 'resume')
      assert.equal(await textOf(reopened, 'refused'), undefined)
      assert.equal((await rowsOf(reopened, { prefix: 'key' })).length, 30)
      const live = reopened.liveFiles().length
      assert.equal(filesOf(db.path, /\.sst$/).length, live, 'no half-made table is left')
      await reopened.close()
    }
  })
}

test('a manual compaction that cannot write is its caller’s error, and leaves nothing behind', async t => {
  for (const operation of ['create', 'write', 'sync'] as const) {
    const { db, fs } = await openFaulty(t, { disableAutoCompactions: true })
    for (let i = 0; i < 3; i++) {
      await putAll(db, numberedRows(20, `round ${i}`))
      await db.flush()
    }
    fs.fail({ operation, path: /\.sst$/, code: 'NO_SPACE' })
    assert.equal((await failureOf(db.compact())).code, 'NO_SPACE')
    assert.equal(db.backgroundError, undefined)
    assert.equal(filesOf(db.path, /\.sst$/).length, 3)
    await db.put('goes', 'on')
    fs.heal()
    await db.compact()
    assert.deepEqual(await rowsOf(db, { prefix: 'key' }), numberedRows(20, 'round 2'))
    assert.equal(filesOf(db.path, /\.sst$/).length, db.liveFiles().length)
  }
})

test('an automatic compaction that cannot write stops the writes until it can', async t => {
  const { db, fs, errors } = await openFaulty(t, { level0FileNumCompactionTrigger: 2 })
  await putAll(db, numberedRows(20))
  await db.flush()
  fs.fail({ operation: 'write', path: /\.sst$/, code: 'NO_SPACE', after: 1 })
  await putAll(db, numberedRows(20, 'newer'))
  await db.flush()
  for (let tries = 0; db.backgroundError === undefined && tries < 200; tries++)
    await new Promise(resolve => setTimeout(resolve, 5))
  assert.equal(db.backgroundError?.code, 'NO_SPACE')
  assert.equal(errors.length, 1)
  assert.equal((await failureOf(db.put('a', '1'))).code, 'NO_SPACE')
  assert.deepEqual(await rowsOf(db), numberedRows(20, 'newer'))
  fs.heal()
  await db.resume()
  await db.put('zzz', '1')
  await db.compact()
  assert.equal((await rowsOf(db)).length, 21)
  assert.equal(filesOf(db.path, /\.sst$/).length, db.liveFiles().length)
})

test('after a failed sync nobody is told that anything is on disk, nor is the file asked again', async t => {
  const { db, fs } = await openFaulty(t)
  await db.put('before', '1')
  fs.fail({ operation: 'sync', path: /\.log$/, once: true })
  const writes = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => db.put(`together ${i}`, '1', { sync: true })),
  )
  assert.ok(writes.every(({ status }) => status === 'rejected'))
  for (const sync of [true, false]) await failureOf(db.put('later', '1', { sync }))
  assert.equal(fs.failures, 1)
  await db.resume()
  await db.put('later', '2', { sync: true })
  await db.close()
  const reopened = await openFor(t, db.path)
  assert.equal(await textOf(reopened, 'before'), '1')
  assert.equal(await textOf(reopened, 'later'), '2')
})

test('a write that failed is not seen, and its sequence number not used again', async t => {
  const { db, fs } = await openFaulty(t)
  await db.put('key', 'old')
  fs.fail({ operation: 'write', path: /\.log$/, once: true })
  await failureOf(db.put('key', 'failed'))
  assert.equal(await textOf(db, 'key'), 'old')
  await db.resume()
  assert.equal(await textOf(db, 'key'), 'old')
  const before = db.snapshot().sequence
  await db.put('key', 'new')
  // What the log may hold of the write that failed has the number between.
  assert.equal(db.snapshot().sequence, before + 2)
  const crashed = await openFor(t, killedCopy(t, db.path))
  assert.equal(await textOf(crashed, 'key'), 'new')
})

test('a failed read is that read’s failure and nobody else’s', async t => {
  const { db, fs } = await openFaulty(t, { blockCacheSize: 0, blockSize: 512, compression: 'none' })
  await putAll(db, numberedRows(200))
  await db.flush()
  for (const read of [
    () => db.get(numberedKey(100)),
    () => db.getMany([numberedKey(100)]),
    () => rowsOf(db),
    async () => db.getSync(numberedKey(100)),
    async () => [...db.entries()],
    async () => {
      using cursor = db.cursor()
      cursor.seek(numberedKey(100))
    },
  ]) {
    fs.fail({ operation: 'read', path: /\.sst$/ })
    assert.equal((await failureOf(read())).code, 'IO_ERROR')
    fs.heal()
    await read()
  }
  assert.equal(db.backgroundError, undefined)
  assert.equal((await rowsOf(db)).length, 200)
})

test('a scan that meets a failed read says so and does not end early', async t => {
  const { db, fs } = await openFaulty(t, { blockCacheSize: 0, blockSize: 512, compression: 'none' })
  await putAll(db, numberedRows(500))
  await db.flush()
  fs.fail({ operation: 'read', path: /\.sst$/, after: 3 })
  let rows = 0
  const scan = (async () => {
    for await (const _ of db.keys()) rows++
  })()
  assert.equal((await failureOf(scan)).code, 'IO_ERROR')
  assert.ok(rows < 500)
})

test('an error at open is reported, and nothing is removed or changed by it', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await putAll(db, numberedRows(20))
  await db.flush()
  await putAll(db, numberedRows(30))
  await db.close()
  const faults: [Operation, RegExp][] = [
    ['read', /CURRENT$/],
    ['read', /MANIFEST/],
    ['read', /\.log$/],
    ['read', /\.sst$/],
    ['open', /\.sst$/],
    ['list', /db$/],
    ['stat', /CURRENT$/],
    ['stat', /db$/],
    ['stat', /lost$/],
    ['create', /\.log$/],
    ['write', /\.log$/],
    ['create', /\.sst$/],
    ['write', /\.sst$/],
    ['sync', /\.sst$/],
    ['create', /MANIFEST/],
    ['write', /MANIFEST/],
    ['sync', /MANIFEST/],
    ['write', /dbtmp/],
    ['sync', /dbtmp/],
    ['rename', /CURRENT$/],
    ['rename', /OPTIONS/],
    ['syncDirectory', /db$/],
    ['unlink', /\.log$/],
  ]
  for (const [operation, pattern] of faults) {
    const copy = killedCopy(t, path)
    const before = fingerprint(copy)
    const fs = new FaultyFileSystem()
    fs.fail({ operation, path: pattern, code: 'IO_ERROR' })
    const error = await failureOf(openFor(t, copy, {}, worldWith({}, fs)))
    assert.equal(error.code, 'IO_ERROR', `${operation} ${pattern}: ${error}`)
    const after = fingerprint(copy)
    for (const name of Object.keys(before)) {
      // Once another MANIFEST is in force, the old one and the logs that were flushed may go.
      const isReplaced = after.CURRENT !== before.CURRENT && !/\.sst$/.test(name)
      if (!isReplaced) assert.equal(after[name], before[name], `${name} after ${operation} ${pattern}`)
    }
    // A crash at this point, and an open in a world that works.
    const reopened = await openFor(t, copy)
    assert.deepEqual(await rowsOf(reopened), numberedRows(30), `${operation} ${pattern}`)
    await reopened.close()
  }
})

test('closing reports what failed, and gives up the lock all the same', async t => {
  const { db, fs, path } = await openFaulty(t)
  await putAll(db, numberedRows(5))
  fs.fail({ operation: 'sync', path: /\.log$/ })
  assert.equal((await failureOf(db.close())).code, 'IO_ERROR')
  fs.heal()
  const reopened = await openFor(t, path)
  assert.deepEqual(await rowsOf(reopened), numberedRows(5))
})

test('a database with an error closes without another', async t => {
  const { db, fs, path } = await openFaulty(t)
  await putAll(db, numberedRows(5))
  fs.fail({ operation: 'write', path: /\.log$/, once: true })
  await failureOf(db.put('a', '1'))
  await db.close()
  assert.deepEqual(await rowsOf(await openFor(t, path)), numberedRows(5))
})

test('a full disk fails the flush of writes that are in no log, and they are kept until there is room', async t => {
  const { db, fs } = await openFaulty(t)
  await db.put('a', '1', { disableWAL: true })
  fs.fail({ operation: 'write', path: /\.sst$/, code: 'NO_SPACE' })
  assert.equal((await failureOf(db.flush())).code, 'NO_SPACE')
  assert.equal(await textOf(db, 'a'), '1')
  fs.heal()
  await db.resume()
  await db.close()
  assert.equal(await textOf(await openFor(t, db.path), 'a'), '1')
})

test('a failed change of column families leaves them as they were until it is resumed', async t => {
  const { db, fs } = await openFaulty(t, { columnFamilies: { old: {} } })
  await db.put('a', '1', { columnFamily: 'old' })
  fs.fail({ operation: 'sync', path: /MANIFEST/ })
  await failureOf(db.columnFamily('new'))
  assert.deepEqual(db.columnFamilyNames(), ['default', 'old'])
  await failureOf(db.dropColumnFamily('old'))
  assert.equal(await db.has('a', { columnFamily: 'old' }), true)
  fs.heal()
  await db.resume()
  const family = await db.columnFamily('new')
  await family.put('b', '2')
  await db.close()
  const reopened = await openFor(t, db.path)
  assert.deepEqual(reopened.columnFamilyNames(), ['default', 'old', 'new'])
  assert.equal((await rowsOf(reopened, { columnFamily: 'new' })).length, 1)
})

test('resume while writers go on neither loses nor doubles a write', async t => {
  const { db, fs } = await openFaulty(t, { writeBufferSize: 65536 })
  const expected = new Map<string, string>()
  let stop = false
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let i = 0; !stop; i++) {
      const key = `writer ${writer} ${i % 20}`
      const value = `${i} ${'x'.repeat(200)}`
      // Between the call and a failure the old value or the new one may stand.
      const done = await db.put(key, value).then(
        () => true,
        () => false,
      )
      if (done) expected.set(key, value)
      else if (!stop) await new Promise(resolve => setImmediate(resolve))
    }
  })
  for (let round = 0; round < 6; round++) {
    await new Promise(resolve => setTimeout(resolve, 15))
    fs.fail({ operation: round % 2 === 0 ? 'write' : 'create', path: /\.(log|sst)$/, once: true })
    while (db.backgroundError === undefined) await new Promise(resolve => setTimeout(resolve, 2))
    fs.heal()
    await db.resume()
  }
  stop = true
  await Promise.all(writers)
  assert.ok(expected.size > 0)
  for (const [key, value] of expected) assert.equal(await textOf(db, key), value)
  const crashed = await openFor(t, killedCopy(t, db.path))
  for (const [key, value] of expected) assert.equal(await textOf(crashed, key), value)
})

/** The next log that is made waits for `gate`. */
class SlowLogs extends FaultyFileSystem {
  readonly reached = Promise.withResolvers<void>()
  readonly gate = Promise.withResolvers<void>()
  isSlow = false

  override async open(path: string, mode: OpenMode) {
    if (this.isSlow && mode === 'create' && path.endsWith('.log')) {
      this.isSlow = false
      this.reached.resolve()
      await this.gate.promise
    }
    return super.open(path, mode)
  }
}

test('a write that waits for a new log is refused when the database fails meanwhile', async t => {
  const fs = new SlowLogs()
  const jobs = new HeldRunner(fs)
  const failed = Promise.withResolvers<void>()
  const listeners = { backgroundError: () => failed.resolve() }
  const options = { writeBufferSize: 65536, maxWriteBufferNumber: 4, listeners }
  const db = await openFor(t, freshPath(t), options, worldWith({ jobs }, fs))
  jobs.hold('flush')
  for (const key of ['first', 'second']) await db.put(key, 'x'.repeat(70_000))
  fs.isSlow = true
  const waiting = db.put('third', '1')
  await fs.reached.promise
  fs.fail({ operation: 'write', path: /\.sst$/ })
  jobs.release()
  await failed.promise
  fs.gate.resolve()
  assert.match((await failureOf(waiting)).message, /goes on after resume/)
  fs.heal()
  await db.resume()
  assert.equal(await textOf(db, 'third'), undefined)
  assert.equal((await textOf(db, 'second'))?.length, 70_000)
})

test('a table that the MANIFEST has and that could not be opened is not written a second time', async t => {
  const { db, fs, path } = await openFaulty(t, { disableAutoCompactions: true, compression: 'none' })
  await db.put('key', 'first')
  await db.flush()
  await db.put('key', 'second')
  // The worker's own look at the table comes first, then the MANIFEST, then this.
  fs.fail({ operation: 'open', path: /\.sst$/, after: 1, once: true })
  assert.equal((await failureOf(db.flush())).code, 'IO_ERROR')
  assert.equal(await textOf(db, 'key'), 'second')
  await db.resume()
  await db.put('key', 'third')
  await db.flush()
  assert.equal(await textOf(db, 'key'), 'third')
  assert.equal(filesOf(path, /\.sst$/).length, 3)
  await db.close()
  const { problems } = await verifyDatabase(path, { deep: true })
  assert.deepEqual(problems, [])
})

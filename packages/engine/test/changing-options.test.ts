/** Options changed while the database is open. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseFileName } from '@varve/format/names'
import { parseOptionsFile } from '@varve/format/options'
import { Random } from '@varve/testkit'
import { crashModes, isChange, SimulatedDisk } from '@varve/testkit/disk'
import { plainRuntime } from '@varve/testkit/simulation'
import { type Database, mutableOptionNames, type OpenOptions, open, optionNames } from '../index.ts'
import { FaultyFileSystem, HeldRunner, type Operation } from './faulty-world.ts'
import {
  failsWith,
  failureOf,
  filesOf,
  freshPath,
  newestFileOf,
  numberedRows,
  openFor,
  putAll,
  worldWith,
} from './support.ts'

const quiet: OpenOptions = { writeBufferSize: 1 << 20, disableAutoCompactions: true }

/** Tables of level 0 that overlap. */
async function flushTables(db: Database, count: number, columnFamily = 'default'): Promise<void> {
  for (let i = 0; i < count; i++) {
    await putAll(db, numberedRows(20, `table ${i}`), columnFamily)
    await db.flush({ columnFamily })
  }
}

const filesInLevel0 = (db: Database, columnFamily?: string) =>
  Number(db.property('rocksdb.num-files-at-level0', { columnFamily }))

async function settled(db: Database): Promise<void> {
  await sleep(1)
  while (db.property('rocksdb.num-running-compactions') !== '0') await sleep(1)
}

/** What the newest OPTIONS file says of a column family. */
function written(path: string, family = 'default'): Record<string, string> {
  const { columnFamilies } = parseOptionsFile(readFileSync(newestFileOf(path, /^OPTIONS-\d+$/), 'utf8'))
  const section = columnFamilies.find(({ name }) => name === family)
  return Object.fromEntries([...(section?.options ?? []), ...(section?.table?.options ?? [])])
}

test('triggers and limits hold at once: compactions begin though nothing is written', async t => {
  const db = await openFor(t, freshPath(t), { ...quiet, level0FileNumCompactionTrigger: 4 })
  await flushTables(db, 3)
  await db.setOptions({ disableAutoCompactions: false })
  await settled(db)
  assert.equal(filesInLevel0(db), 3)
  await db.setOptions({ level0FileNumCompactionTrigger: 3 })
  await settled(db)
  assert.equal(filesInLevel0(db), 0)
})

test('level sizes hold at once', async t => {
  const db = await openFor(t, freshPath(t), { levelCompactionDynamicLevelBytes: false, compression: 'none' })
  await flushTables(db, 4)
  await settled(db)
  const filesIn = (level: number) => db.property(`rocksdb.num-files-at-level${level}`)
  assert.deepEqual([filesIn(1), filesIn(2)], ['1', '0'])
  await putAll(db, numberedRows(200, 'x'.repeat(100)))
  await db.flush()
  await db.compact({ rewriteBottommost: false })
  assert.deepEqual([filesIn(1), filesIn(2)], ['1', '0'])
  await db.setOptions({ maxBytesForLevelBase: 4096, maxBytesForLevelMultiplier: 100 })
  await settled(db)
  assert.deepEqual([filesIn(1), filesIn(2)], ['0', '1'])
})

test('a write buffer that is made smaller is flushed with the next write', async t => {
  const db = await openFor(t, freshPath(t), quiet)
  await putAll(db, numberedRows(100, 'x'.repeat(1000)))
  assert.equal(db.statistics().flushes, 0)
  await db.setOptions({ writeBufferSize: 65_536 })
  await db.put('next', 'write')
  while (db.statistics().flushes === 0) await sleep(1)
})

test('tables begun after the change have the new compression and blocks', async t => {
  const db = await openFor(t, freshPath(t), { ...quiet, compression: 'none' })
  const flushed = async () => {
    await putAll(db, numberedRows(300, 'again and again and again and again'))
    await db.flush()
    return Math.max(...db.liveFiles().map(({ number, size }) => number * 1e6 + size)) % 1e6
  }
  const plain = await flushed()
  await db.setOptions({ compression: 'zstd', blockSize: 16_384 })
  assert.ok((await flushed()) < plain / 2)
  assert.equal(db.getOptions().blockSize, 16_384)
})

test('a writer that waits goes on when the trigger that stopped it is raised', async t => {
  const jobs = new HeldRunner()
  t.after(() => jobs.release())
  const options = {
    level0FileNumCompactionTrigger: 2,
    level0SlowdownWritesTrigger: 2,
    level0StopWritesTrigger: 2,
  }
  const db = await openFor(t, freshPath(t), options, worldWith({ jobs }))
  jobs.hold('compaction')
  await flushTables(db, 2)
  assert.equal(db.property('rocksdb.is-write-stopped'), '1')
  const write = db.put('waits', '1')
  await db.setOptions({ level0SlowdownWritesTrigger: 20, level0StopWritesTrigger: 36 })
  await write
  assert.equal(db.property('rocksdb.is-write-stopped'), '0')
  await db.setOptions({ level0StopWritesTrigger: 2, level0SlowdownWritesTrigger: 2 })
  assert.equal(db.property('rocksdb.is-write-stopped'), '1')
})

test('the options of one column family are changed, and no others', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { ...quiet, columnFamilies: { users: {} } })
  const users = await db.columnFamily('users')
  await users.setOptions({ maxWriteBufferNumber: 7, ttl: undefined })
  assert.equal(users.getOptions().maxWriteBufferNumber, 7)
  assert.equal(db.getOptions().maxWriteBufferNumber, 2)
  assert.equal(written(path, 'users').max_write_buffer_number, '7')
  assert.equal(written(path).max_write_buffer_number, '2')
  await db.setOptions({ maxWriteBufferNumber: 6 })
  assert.equal(users.getOptions().maxWriteBufferNumber, 7)
  assert.equal((await db.columnFamily('later')).getOptions().maxWriteBufferNumber, 2)
  await db.close()
  const reopened = await openFor(t, path, quiet)
  await (await reopened.columnFamily('users')).setOptions({ maxWriteBufferNumber: 8 })
  assert.equal((await reopened.columnFamily('later')).getOptions().maxWriteBufferNumber, 2)
})

test('options of the database: descriptors, jobs, rates', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { ...quiet, columnFamilies: { users: {} } })
  await flushTables(db, 6)
  await db.setDBOptions({ maxOpenFiles: 2, maxBackgroundJobs: 5, delayedWriteRate: 2048, walSync: 'always' })
  const { maxOpenFiles, maxBackgroundJobs, delayedWriteRate, walSync } = db.getOptions()
  assert.deepEqual([maxOpenFiles, maxBackgroundJobs, delayedWriteRate, walSync], [2, 5, 2048, 'always'])
  const before = db.statistics().walSyncs
  await db.put('synced', '1')
  assert.equal(db.statistics().walSyncs, before + 1)
  assert.equal((await db.entries().toArray()).length, 21)
  await db.setDBOptions({ maxOpenFiles: -1, walSync: 'onRequest' })
  assert.equal((await db.entries().toArray()).length, 21)
  const { db: section } = parseOptionsFile(readFileSync(newestFileOf(path, /^OPTIONS-\d+$/), 'utf8'))
  assert.deepEqual(
    ['max_open_files', 'max_background_jobs', 'delayed_write_rate'].map(name => section.get(name)),
    ['-1', '5', '2048'],
  )
})

test('what open would refuse is refused, and nothing changes', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { ...quiet, level0SlowdownWritesTrigger: 10 })
  const before = [db.getOptions(), filesOf(path, /^OPTIONS/)]
  const refused = async (changes: object, message: RegExp) => {
    await assert.rejects(db.setOptions(changes), failsWith('INVALID_ARGUMENT', message))
  }
  await refused(
    { writeBufferSize: 12 },
    /writeBufferSize: 12 must be a whole number from 65536 to 4294967296/,
  )
  await refused({ writeBuferSize: 1 }, /did you mean writeBufferSize/)
  await refused(
    { level0StopWritesTrigger: 5 },
    /level0StopWritesTrigger: 5 must be at least level0SlowdownWritesTrigger/,
  )
  await refused({ compactionOptionsUniversal: { sizeRatio: -1 } }, /compactionOptionsUniversal.sizeRatio: -1/)
  await refused({ ttl: 60 }, /leveled has none/)
  await refused({ maxOpenFiles: 1 }, /maxOpenFiles: 1 is no option of the column family/)
  await refused({}, /no option/)
  await refused({ write_buffer_size: 65_536, numLevels: 3 }, /numLevels: 3 cannot be changed while/)
  await assert.rejects(
    db.setDBOptions({ maxBackgroundJobs: 0 }),
    failsWith('INVALID_ARGUMENT', /from 1 to 64/),
  )
  assert.deepEqual([db.getOptions(), filesOf(path, /^OPTIONS/)], before)
})

test('an option that cannot be changed is refused by its name', async t => {
  const db = await openFor(t, freshPath(t))
  const fixed = optionNames.filter(name => !mutableOptionNames.includes(name))
  assert.ok(fixed.includes('compactionStyle') && fixed.includes('blockCacheSize'))
  for (const name of fixed) {
    const changes = { [name]: 1 } as object
    const errors = [await failureOf(db.setOptions(changes)), await failureOf(db.setDBOptions(changes))]
    const named = new RegExp(`${name}: 1 (cannot be changed|is no option of the)`)
    for (const { message } of errors) assert.match(message, named)
    assert.ok(errors.some(({ message }) => message.includes('cannot be changed while')))
  }
})

test('two OPTIONS files are kept, and the newest says what holds', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, quiet)
  await Promise.all([3, 4, 5].map(count => db.setOptions({ maxWriteBufferNumber: count })))
  assert.equal(filesOf(path, /^OPTIONS/).length, 2)
  assert.equal(written(path).max_write_buffer_number, '5')
  assert.equal(db.getOptions().maxWriteBufferNumber, 5)
  await db.setOptions({ prefixExtractor: { fixed: 3 }, compactionOptionsFifo: { maxTableFilesSize: 99 } })
  assert.equal(written(path).prefix_extractor, 'rocksdb.FixedPrefix.3')
  assert.match(written(path).compaction_options_fifo, /max_table_files_size=99;/)
})

test('a failure to write the OPTIONS file leaves the options as they were', async t => {
  const path = freshPath(t)
  const fs = new FaultyFileSystem()
  const db = await openFor(t, path, quiet, worldWith({}, fs))
  const files = filesOf(path, /./)
  const steps: Operation[] = ['list', 'read', 'create', 'write', 'sync', 'rename']
  for (const operation of steps) {
    fs.fail({ operation, path: /OPTIONS|db$/ })
    await assert.rejects(db.setOptions({ maxWriteBufferNumber: 9 }), failsWith('IO_ERROR'))
    fs.heal()
    assert.equal(db.getOptions().maxWriteBufferNumber, 2, operation)
    assert.deepEqual(filesOf(path, /./), files, operation)
  }
  await db.put('goes', 'on')
  await db.setOptions({ maxWriteBufferNumber: 9 })
  assert.equal(written(path).max_write_buffer_number, '9')
})

test('a loss of power leaves the old options or the new ones, and the new ones once they were said to hold', async () => {
  const disk = new SimulatedDisk()
  const db = await open('/db', quiet, plainRuntime(disk, 1))
  const moments: SimulatedDisk[] = []
  const stop = disk.observe(operation => {
    if (isChange(operation)) moments.push(disk.copy())
  })
  await db.setOptions({ maxWriteBufferNumber: 9 })
  stop()
  assert.ok(moments.length >= 5)
  for (const mode of crashModes) {
    for (const moment of moments)
      assert.match((await newestOf(moment.crash(mode, new Random(1)))) ?? 'none', /^[29]$/)
    assert.equal(await newestOf(disk.crash(mode, new Random(1))), '9')
  }
  await db.close()
})

async function newestOf(disk: SimulatedDisk): Promise<string | undefined> {
  const names = (await disk.list('/db')).filter(name => parseFileName(name)?.kind === 'options')
  const newest = names
    .sort((a, b) => (parseFileName(a)?.number ?? 0) - (parseFileName(b)?.number ?? 0))
    .at(-1)
  assert.ok(newest !== undefined)
  const { columnFamilies } = parseOptionsFile(await disk.readFile(`/db/${newest}`), newest)
  return columnFamilies[0].options.get('max_write_buffer_number')
}

test('closed, read-only or failed, a database changes no options', async t => {
  const path = freshPath(t)
  const fs = new FaultyFileSystem()
  const db = await openFor(t, path, quiet, worldWith({}, fs))
  fs.fail({ operation: 'write', path: /\.log$/ })
  await failureOf(db.put('key', 'value'))
  await assert.rejects(db.setOptions({ maxWriteBufferNumber: 9 }), failsWith('IO_ERROR', /resume/))
  fs.heal()
  await db.resume()
  await db.setOptions({ maxWriteBufferNumber: 9 })
  await db.close()
  await assert.rejects(db.setOptions({ maxWriteBufferNumber: 8 }), failsWith('NOT_OPEN'))
  const reader = await openFor(t, path, { readOnly: true })
  await assert.rejects(reader.setDBOptions({ maxOpenFiles: 8 }), failsWith('READ_ONLY'))
})

test('what is written after blob files were turned on goes to blob files, and what was written before stays', async t => {
  const db = await openFor(t, freshPath(t), { blobFileSize: 5000 })
  const value = 'v'.repeat(1000)
  await db.put('before', value)
  await db.flush()
  assert.equal(db.getOptions().enableBlobFiles, false)
  await db.setOptions({ enableBlobFiles: true, minBlobSize: 100 })
  await db.put('after', value)
  await db.flush()
  const { enableBlobFiles, minBlobSize, blobFileSize } = db.getOptions()
  assert.deepEqual([enableBlobFiles, minBlobSize, blobFileSize], [true, 100, 5000])
  assert.equal(db.property('rocksdb.num-blob-files'), '1')
  assert.equal(Buffer.from((await db.get('before')) ?? []).toString(), value)
  assert.equal(Buffer.from((await db.get('after')) ?? []).toString(), value)
  await db.setOptions({ enableBlobFiles: false })
  await db.compact({ blobGarbageCollectionPolicy: 'force' })
  assert.equal(db.property('rocksdb.num-blob-files'), '0')
  assert.equal(Buffer.from((await db.get('after')) ?? []).toString(), value)
})

/** Promises that only a machine which loses power can break, on a simulated disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '@varve/testkit'
import {
  crashModes,
  type Fault,
  isChange,
  type Operation,
  SimulatedDisk,
  zeroSector,
} from '@varve/testkit/disk'
import { plainRuntime, simulatedRuntime } from '@varve/testkit/simulation'
import { type Database, type OpenOptions, open } from '../index.ts'
import { failureOf, rowsOf, textOf } from './support.ts'

const small: OpenOptions = { writeBufferSize: 65_536, disableAutoCompactions: true }

function openOn(disk: SimulatedDisk, options: OpenOptions = small): Promise<Database> {
  return open('/db', options, plainRuntime(disk, 1))
}

function powerLoss(disk: SimulatedDisk): SimulatedDisk {
  return disk.crash('loseAll', new Random(1))
}

async function keysOf(disk: SimulatedDisk, columnFamily = 'default', options = small): Promise<string[]> {
  const db = await openOn(disk, options)
  const rows = await rowsOf(db, { columnFamily })
  await db.close()
  return rows.map(([key]) => key)
}

test('after resume a synced write is on disk, whatever the log that failed held', async () => {
  const options = { ...small, columnFamilies: { other: {} } }
  for (const fillsMemory of [false, true]) {
    const disk = new SimulatedDisk()
    const db = await openOn(disk, options)
    if (fillsMemory) {
      await db.put('before', '1')
      await db.put('before', '1', { columnFamily: 'other' })
    }
    disk.faults.add({
      kind: 'syncExt4',
      matches: ({ kind, path }) => kind === 'sync' && path.endsWith('.log'),
    })
    await failureOf(db.put('failed', '1', { sync: true }))
    await db.resume()
    for (const key of ['after', 'later']) await db.put(key, '1', { sync: true })
    const expected = fillsMemory ? ['after', 'before', 'later'] : ['after', 'later']
    assert.deepEqual(await keysOf(powerLoss(disk), 'default', options), expected)
    assert.deepEqual(await keysOf(powerLoss(disk), 'other', options), fillsMemory ? ['before'] : [])
    await db.close()
  }
})

test('resume brings all families to disk or none: a crash in it leaves a prefix of the writes', async () => {
  const options = { ...small, columnFamilies: { other: {} } }
  const disk = new SimulatedDisk()
  const db = await openOn(disk, options)
  await db.put('first', '1', { columnFamily: 'other' })
  await db.put('second', '1')
  disk.faults.add({ kind: 'EIO', matches: ({ kind, path }) => kind === 'write' && path.endsWith('.log') })
  await failureOf(db.put('failed', '1'))
  const moments: SimulatedDisk[] = []
  disk.observe(() => moments.push(disk.copy()))
  await db.resume()
  for (const moment of [...moments, disk]) {
    const second = await keysOf(powerLoss(moment), 'default', options)
    const first = await keysOf(powerLoss(moment), 'other', options)
    assert.ok(second.length === 0 || first.length > 0, 'the second without the first')
  }
  assert.deepEqual(await keysOf(powerLoss(disk), 'default', options), ['second'])
  await db.close()
})

test('a crash while the database resumes leaves one that opens, whatever became of the write that failed', async () => {
  const isWrite = ({ kind, path }: Operation) => kind === 'write' && path.endsWith('.log')
  const faults: Fault[] = [
    { kind: 'EIO', matches: isWrite },
    { kind: 'shortWrite', matches: isWrite },
    // The write is in the log, whole, and what is reserved behind it cannot be written.
    { kind: 'EIO', matches: operation => isWrite(operation) && operation.length > 65_536 },
    { kind: 'syncExt4', matches: ({ kind, path }) => kind === 'sync' && path.endsWith('.log') },
  ]
  for (const fault of faults) {
    const disk = new SimulatedDisk()
    const db = await openOn(disk)
    await db.put('before', '1')
    disk.faults.add(fault)
    await failureOf(db.put('failed', '1', { sync: true }))
    const moments: SimulatedDisk[] = []
    disk.observe(() => moments.push(disk.copy()))
    await db.resume()
    for (const [index, moment] of moments.entries()) {
      for (const mode of crashModes) {
        const keys = await keysOf(moment.crash(mode, new Random(index)))
        assert.deepEqual(
          keys,
          ['before', 'failed'].slice(0, keys.length),
          `${fault.kind}, ${mode} at ${index}`,
        )
      }
    }
    await db.close()
  }
})

test('a write that comes while the database resumes is refused, or is kept like any other', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = new SimulatedDisk()
    const world = simulatedRuntime(disk, seed)
    const db = await open('/db', small, world)
    await db.put('before', '1')
    disk.faults.add({ kind: 'EIO', matches: ({ kind, path }) => kind === 'write' && path.endsWith('.log') })
    await failureOf(db.put('failed', '1'))
    const resumed = db.resume()
    const taken: string[] = []
    for (let i = 0; i < 10; i++) {
      await world.sleep(0.3)
      await db.put(`key ${i}`, '1', { sync: true }).then(
        () => taken.push(`key ${i}`),
        () => assert.ok(db.backgroundError),
      )
    }
    await resumed
    assert.deepEqual(await keysOf(powerLoss(disk)), ['before', ...taken], `seed ${seed}`)
    await db.close()
  }
})

test('a log goes only when the MANIFEST says so, also when flushes end together', async () => {
  for (let seed = 0; seed < 30; seed++) {
    const disk = new SimulatedDisk()
    const world = simulatedRuntime(disk, seed)
    const db = await open('/db', { ...small, columnFamilies: { other: {} } }, world)
    await db.put('a', '1', { sync: true })
    await db.flush()
    await db.put('b', '1', { sync: true })
    // It begins at the log that the next flushes make unnecessary, and never has anything in it.
    await db.columnFamily('empty')
    await db.put('c', '1', { columnFamily: 'other', sync: true })
    await db.flush()
    const after = powerLoss(disk)
    assert.deepEqual(await keysOf(after), ['a', 'b'], `seed ${seed}`)
    await db.close()
    assert.deepEqual(await keysOf(disk), ['a', 'b'], `seed ${seed}`)
  }
})

test('what a killed process had not synced is on disk once it has been recovered', async () => {
  for (const avoidFlushDuringRecovery of [true, false]) {
    const options = { ...small, avoidFlushDuringRecovery }
    const disk = new SimulatedDisk()
    const killed = await openOn(disk, options)
    await killed.put('unsynced', '1')
    // The page cache outlives the process.
    const after = disk.copy()
    const db = await openOn(after, options)
    await db.put('synced', '1', { sync: true })
    assert.deepEqual(await keysOf(powerLoss(after), 'default', options), ['synced', 'unsynced'])
    await db.close()
    await killed.close()
  }
})

test('a log that a crash has made zeros, and that is kept, is not missed at the opening after', async () => {
  const options = { ...small, avoidFlushDuringRecovery: true }
  const first = new SimulatedDisk()
  const killed = await openOn(first, options)
  await killed.put('a', '1')
  const disk = first.copy()
  await killed.close()
  const db = await openOn(disk, options)
  await db.put('lost', '1')
  // The MANIFEST now knows of a sequence that the log has lost.
  await db.columnFamily('other')
  const after = disk.copy()
  await db.close()
  zeroSector(after, after.filesBelow('/db').findLast(path => path.endsWith('.log')) ?? '', 0)
  const reopened = await openOn(after, options)
  await reopened.put('b', '1', { sync: true })
  await reopened.close()
  assert.deepEqual(await keysOf(after, 'default', options), ['a', 'b'])
})

test('a log that somebody removed is missed, also the newest one of a process that was killed', async () => {
  for (const flushes of [0, 1, 2]) {
    const disk = new SimulatedDisk()
    const db = await openOn(disk)
    for (let i = 0; i < flushes; i++) {
      await db.put('flushed', '1')
      await db.flush()
    }
    await db.put('a', '1', { sync: true })
    const after = disk.copy()
    const newest = after.filesBelow('/db').findLast(path => path.endsWith('.log'))
    after.unlinkSync(newest ?? '')
    assert.equal((await failureOf(openOn(after))).code, 'CORRUPTION')
    await db.close()
  }
})

test('closing says so when work in the background fails meanwhile: what was written last is not on disk', async () => {
  const disk = new SimulatedDisk()
  const db = await open('/db', small, simulatedRuntime(disk, 1))
  await db.put('a', '1')
  const flushed = db.flush()
  await db.put('b', '1')
  await flushed
  disk.faults.add({ kind: 'EIO', matches: ({ kind }) => kind === 'unlink' })
  const error = await failureOf(db.close())
  assert.equal(error.details.errno, 'EIO')
  assert.equal(disk.faults.bites, 1)
  assert.deepEqual(await keysOf(disk), ['a', 'b'])
})

test('a table whose file could not be closed can be read all the same', async () => {
  const options = { ...small, maxOpenFiles: 2, blockCacheSize: 0 }
  const keys = [0, 1, 2, 3, 4].map(i => `key ${i}`)
  for (const wanted of keys) {
    const disk = new SimulatedDisk()
    const db = await openOn(disk, options)
    for (const key of keys) {
      await db.put(key, '1')
      await db.flush()
    }
    disk.faults.add({ kind: 'EIO', matches: ({ kind, path }) => kind === 'close' && path.endsWith('.sst') })
    for (let i = 0; disk.faults.bites === 0; i++) await Promise.allSettled([db.get(keys[i % 5])])
    assert.equal(await textOf(db, wanted), '1')
    await db.close()
  }
})

test('a directory whose name an earlier attempt could not sync is there after a crash', async () => {
  const disk = new SimulatedDisk()
  disk.faults.add({ kind: 'EIO', matches: ({ kind, path }) => kind === 'syncDirectory' && path === '/' })
  await failureOf(openOn(disk))
  const db = await openOn(disk)
  await db.put('a', '1', { sync: true })
  const reopened = await openOn(powerLoss(disk), { ...small, createIfMissing: false })
  assert.equal(await textOf(reopened, 'a'), '1')
  await reopened.close()
  await db.close()
})

test('a CURRENT that survives a crash names a MANIFEST that did so too', async () => {
  const disk = new SimulatedDisk()
  const moments: SimulatedDisk[] = []
  disk.observe(({ kind }) => {
    if (kind === 'syncDirectory') moments.push(disk.copy())
  })
  await (await openOn(disk)).close()
  await (await openOn(disk)).close()
  for (const moment of moments) {
    for (let seed = 0; seed < 16; seed++) {
      const left = moment.crash('directoryAnomalies', new Random(seed))
      assert.deepEqual(await keysOf(left), [])
    }
  }
})

test('a synced write brings the older logs to disk before its own', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = new SimulatedDisk()
    const db = await open('/db', small, simulatedRuntime(disk, seed))
    await db.put('unsynced', '1')
    const flushed = db.flush()
    // In the next log, while the first one's table is not written yet.
    await db.put('synced', '1', { sync: true })
    assert.deepEqual(await keysOf(powerLoss(disk)), ['synced', 'unsynced'], `seed ${seed}`)
    await flushed
    await db.close()
  }
})

test('a crash between two flushes of a family loses nothing that was in the second memtable', async () => {
  for (let seed = 0; seed < 10; seed++) {
    const disk = new SimulatedDisk()
    const db = await open('/db', small, simulatedRuntime(disk, seed))
    await db.put('first', '1')
    const first = db.flush()
    await db.put('second', '1', { sync: true })
    const moments: SimulatedDisk[] = []
    disk.observe(operation => {
      if (isChange(operation)) moments.push(disk.copy())
    })
    await Promise.all([first, db.flush()])
    await db.close()
    for (const moment of moments) {
      assert.deepEqual(await keysOf(powerLoss(moment)), ['first', 'second'], `seed ${seed}`)
    }
  }
})

/** What a caller may rely on under the compaction styles universal and fifo, and when going from one to another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '@varve/testkit'
import { type CompactionEvent, type Database, type OpenOptions, verifyDatabase } from '../index.ts'
import { failsWith, filesOf, freshPath, numberedKey, openFor, rowsOf, textOf } from './support.ts'

const KIB = 1024

const universal: OpenOptions = {
  compactionStyle: 'universal',
  level0FileNumCompactionTrigger: 3,
  targetFileSizeBase: 8 * KIB,
  compression: 'none',
}

const fifo: OpenOptions = { compactionStyle: 'fifo', compression: 'none' }

/** Puts so many rows of a kilobyte from `from` on, and flushes them as one table. */
async function flushRows(db: Database, from: number, count: number, salt = 'x'): Promise<void> {
  for (let i = from; i < from + count; i++) await db.put(numberedKey(i), salt.repeat(KIB / salt.length))
  await db.flush()
}

/** Once no compaction runs or has to. */
async function settled(db: Database): Promise<void> {
  while (
    db.property('rocksdb.num-running-compactions') !== '0' ||
    db.property('rocksdb.compaction-pending') !== '0'
  )
    await new Promise(resolve => setImmediate(resolve))
}

const levelsOf = (db: Database) => [...new Set(db.liveFiles().map(({ level }) => level))].sort()

const sets: Record<string, OpenOptions> = {
  'as it comes': universal,
  'in one level': { ...universal, numLevels: 1 },
  'runs of similar size, never for space': {
    ...universal,
    compactionOptionsUniversal: {
      stopStyle: 'similarSize',
      sizeRatio: 30,
      maxSizeAmplificationPercent: 100_000,
    },
  },
  'moving, three at a time': {
    ...universal,
    compactionOptionsUniversal: {
      allowTrivialMove: true,
      maxMergeWidth: 3,
      maxSizeAmplificationPercent: 5000,
    },
  },
}
for (const [name, options] of Object.entries(sets)) {
  test(`universal: any sequence of writes, flushes and compactions leaves what a map holds: ${name}`, async t => {
    const random = new Random(name.length)
    const path = freshPath(t)
    const model = new Map<string, string>()
    for (let life = 0; life < 3; life++) {
      const db = await openFor(t, path, options)
      for (let step = 0; step < 60; step++) {
        for (let n = random.between(1, 40); n > 0; n--) {
          const key = numberedKey(random.below(300))
          if (random.chance(0.3)) {
            model.delete(key)
            await db.delete(key)
          } else {
            model.set(key, `${step} of life ${life} `.repeat(20))
            await db.put(key, `${step} of life ${life} `.repeat(20))
          }
        }
        if (random.chance(0.03)) await db.compact()
        else await db.flush()
        if (random.chance(0.1)) assert.deepEqual(await rowsOf(db), sorted(model))
      }
      await settled(db)
      assert.ok(Number(db.property('varve.write-amplification')) > 1.2, 'it compacts')
      assert.deepEqual(await rowsOf(db), sorted(model))
      await db.close()
      assert.deepEqual((await verifyDatabase(path, { deep: true })).problems, [])
    }
  })
}

function sorted(model: ReadonlyMap<string, string>): [string, string][] {
  return [...model].sort(([a], [b]) => (a < b ? -1 : 1))
}

test('universal: what was deleted stays deleted, through merges that leave the oldest run alone', async t => {
  const events: CompactionEvent[] = []
  const db = await openFor(t, freshPath(t), {
    ...universal,
    compactionOptionsUniversal: { maxSizeAmplificationPercent: 100_000 },
    listeners: { compaction: event => events.push(event) },
  })
  await flushRows(db, 0, 200)
  await db.compact()
  for (let i = 0; i < 100; i++) {
    await db.delete(numberedKey(i))
    if (i % 10 === 9) await db.flush()
  }
  await settled(db)
  assert.ok(events.some(({ reason, outputLevel }) => reason === 'size ratio' && outputLevel < 6))
  assert.equal((await rowsOf(db)).length, 100)
  await db.compact()
  assert.equal((await rowsOf(db)).length, 100)
  assert.equal(db.property('rocksdb.estimate-num-keys'), '100', 'the deletions are gone too')
})

test('universal: a snapshot keeps what it sees, through merges of everything', async t => {
  const db = await openFor(t, freshPath(t), universal)
  await flushRows(db, 0, 20, 'a')
  using snapshot = db.snapshot()
  const before = await rowsOf(db, { snapshot })
  for (let round = 0; round < 6; round++) await flushRows(db, round, 20, 'b')
  await db.compact()
  assert.deepEqual(await rowsOf(db, { snapshot }), before)
  assert.equal((await rowsOf(db)).length, 25)
})

test('universal rewrites less than leveled, where keys come in any order', async t => {
  const small: OpenOptions = {
    level0FileNumCompactionTrigger: 8,
    maxBytesForLevelBase: 64 * KIB,
    maxBytesForLevelMultiplier: 4,
  }
  const written = async (options: OpenOptions) => {
    const db = await openFor(t, freshPath(t), { ...universal, ...small, ...options })
    for (let i = 0; i < 1800; i++) {
      await db.put(numberedKey((i * 7919) % 9000), 'x'.repeat(KIB))
      if (i % 20 !== 19) continue
      await db.flush()
      await settled(db)
    }
    return Number(db.property('varve.write-amplification'))
  }
  const [leveled, tiered] = [await written({ compactionStyle: 'leveled' }), await written({})]
  assert.ok(tiered < 0.8 * leveled, `${tiered} and ${leveled}`)
})

test('universal: compact() of a range with anything in it merges everything, of another nothing', async t => {
  const db = await openFor(t, freshPath(t), { ...universal, disableAutoCompactions: true })
  await flushRows(db, 0, 20)
  await flushRows(db, 50, 20)
  await db.compact({ start: numberedKey(500), end: numberedKey(600) })
  assert.deepEqual(levelsOf(db), [0])
  await db.compact({ start: numberedKey(5), end: numberedKey(6) })
  assert.deepEqual(levelsOf(db), [6])
  assert.equal((await rowsOf(db)).length, 40)
})

test('universal: writes wait when there are too many sorted runs, and say so', async t => {
  const stalls: string[] = []
  const db = await openFor(t, freshPath(t), {
    ...universal,
    level0FileNumCompactionTrigger: 2,
    level0SlowdownWritesTrigger: 2,
    level0StopWritesTrigger: 3,
    listeners: { stall: ({ reason }) => stalls.push(reason) },
  })
  for (let round = 0; round < 12; round++) await flushRows(db, round, 10 ** (round % 3))
  assert.ok(
    stalls.some(reason => /default has [23] sorted runs \(level0/.test(reason)),
    stalls.join(),
  )
  await settled(db)
  await db.put('goes', 'on')
})

test('a database goes from style to style', async t => {
  const path = freshPath(t)
  const styles: OpenOptions[] = [
    {
      ...universal,
      compactionStyle: 'leveled',
      maxBytesForLevelBase: 16 * KIB,
      maxBytesForLevelMultiplier: 2,
    },
    universal,
    { ...universal, compactionStyle: 'leveled', levelCompactionDynamicLevelBytes: false },
    { ...fifo, compactionOptionsFifo: { allowCompaction: true }, level0FileNumCompactionTrigger: 3 },
    universal,
  ]
  let rows = 0
  for (const [turn, options] of styles.entries()) {
    const db = await openFor(t, path, options)
    for (let i = 0; i < 8; i++) await flushRows(db, turn * 100 + i * 10, 20)
    rows = turn * 100 + 90
    await settled(db)
    assert.ok(turn === 3 || levelsOf(db).some(level => level > 0))
    assert.equal((await rowsOf(db)).filter(([key]) => key < numberedKey(rows)).length, turn * 90 + 90)
    await db.close()
    assert.deepEqual((await verifyDatabase(path, { deep: true })).problems, [])
  }
  await assert.rejects(
    openFor(t, path, { ...universal, numLevels: 1 }),
    failsWith('INVALID_ARGUMENT', /is in level \d.*numLevels is 1/),
  )
})

test('fifo: the oldest tables go when all are too large, the newest stay', async t => {
  const events: CompactionEvent[] = []
  const options = { ...fifo, compactionOptionsFifo: { maxTableFilesSize: 50 * KIB } }
  const db = await openFor(t, freshPath(t), {
    ...options,
    listeners: { compaction: event => events.push(event) },
  })
  for (let i = 0; i < 20; i++) {
    await flushRows(db, i * 10, 10)
    await settled(db)
    const bytes = Number(db.property('rocksdb.total-sst-files-size'))
    assert.ok(bytes <= 50 * KIB, `${bytes} bytes`)
  }
  const kept = (await rowsOf(db)).map(([key]) => key)
  assert.deepEqual(
    kept,
    Array.from({ length: 40 }, (_, i) => numberedKey(160 + i)),
  )
  assert.equal(filesOf(db.path, /\.sst$/).length, 4)
  assert.equal(db.statistics().filesDropped, 16)
  assert.equal(db.property('varve.write-amplification'), '1.00')
  const { reason, inputFiles, outputFiles, bytesWritten } = events[0]
  assert.deepEqual([reason, inputFiles, outputFiles, bytesWritten], ['total size', 1, 0, 0])
  await db.close()
  const reopened = await openFor(t, db.path, options)
  assert.equal((await rowsOf(reopened)).length, 40)
})

test('fifo: an older value never comes back', async t => {
  const db = await openFor(t, freshPath(t), {
    ...fifo,
    level0FileNumCompactionTrigger: 2,
    compactionOptionsFifo: { maxTableFilesSize: 30 * KIB, allowCompaction: true },
  })
  for (let round = 0; round < 30; round++) {
    await db.put('key', `round ${round}`)
    await flushRows(db, round * 10, 7)
    await settled(db)
    assert.equal(await textOf(db, 'key'), `round ${round}`)
  }
  await db.delete('key')
  for (let round = 0; round < 10; round++) {
    await flushRows(db, round * 10, 7)
    await settled(db)
    assert.equal(await textOf(db, 'key'), undefined)
  }
})

test('fifo: who reads goes on with tables that are dropped meanwhile', async t => {
  const options = { ...fifo, compactionOptionsFifo: { maxTableFilesSize: 15 * KIB } }
  const db = await openFor(t, freshPath(t), options)
  await flushRows(db, 0, 10)
  const rows = db.entries()[Symbol.asyncIterator]()
  await rows.next()
  await flushRows(db, 100, 10)
  await settled(db)
  let seen = 1
  while (!(await rows.next()).done) seen++
  assert.equal(seen, 10)
  assert.equal((await rowsOf(db)).length, 10)
})

test('fifo: writes never wait for the number of tables', async t => {
  const db = await openFor(t, freshPath(t), {
    ...fifo,
    level0FileNumCompactionTrigger: 1,
    level0SlowdownWritesTrigger: 1,
    level0StopWritesTrigger: 1,
  })
  for (let i = 0; i < 5; i++) await flushRows(db, i, 1)
  assert.equal(db.liveFiles().length, 5)
  assert.equal(db.statistics().stalls, 0)
})

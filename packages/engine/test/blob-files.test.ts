/** Values in blob files: they are what they were in a table, and cost no more space than they must. */
import assert from 'node:assert/strict'
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isVarveError, type OpenOptions, verifyDatabase } from '../index.ts'
import { FaultyFileSystem } from './faulty-world.ts'
import { playHistory } from './random-history.ts'
import {
  failsWith,
  failureOf,
  fileOf,
  filesOf,
  fingerprint,
  freshPath,
  numberedKey,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
  textOf,
  worldWith,
} from './support.ts'

const blobs: OpenOptions = { enableBlobFiles: true, minBlobSize: 100, blobFileSize: 8192 }
const large = 'x'.repeat(500)

/** Nothing is wrong, and nothing is counted wrongly. */
async function checked(path: string): Promise<void> {
  const { problems, notes } = await verifyDatabase(path, { deep: true })
  assert.deepEqual([...problems, ...notes], [])
}

const codecs = ['none', 'snappy', 'zlib', 'lz4', 'zstd'] as const

for (const blobCompressionType of codecs) {
  test(`large values lie in blob files and are read like others (${blobCompressionType})`, async t => {
    const path = freshPath(t)
    const options = { ...blobs, blobCompressionType }
    const db = await openFor(t, path, options)
    const rows = numberedRows(100, large).map(
      ([key, value], i) => [key, i % 3 === 0 ? 'small' : value] as const,
    )
    await putAll(db, rows as [string, string][])
    const snapshot = db.snapshot()
    await db.flush()
    await db.put(numberedKey(4), 'another')
    await db.flush()
    assert.ok(filesOf(path, /\.blob$/).length >= (blobCompressionType === 'none' ? 2 : 1))
    assert.deepEqual(await rowsOf(db, { snapshot }), rows)
    await db.compact()
    assert.deepEqual(await rowsOf(db, { snapshot }), rows)
    snapshot.close()
    const now = rows.map(([key, value], i) => [key, i === 4 ? 'another' : value])
    for (let round = 0; round < 2; round++) {
      const reader = round === 0 ? db : await openFor(t, path, {})
      assert.deepEqual(await rowsOf(reader), now)
      assert.deepEqual(await rowsOf(reader, { reverse: true }), now.toReversed())
      for (const [key, value] of now) {
        assert.equal(String(Buffer.from(reader.getSync(key) ?? [])), value)
        assert.equal(await textOf(reader, key), value)
        assert.equal(await reader.has(key), true)
      }
      const many = await reader.getMany(now.map(([key]) => key))
      assert.deepEqual(
        many.map(value => String(Buffer.from(value ?? []))),
        now.map(([, value]) => value),
      )
      assert.equal((await reader.keys().toArray()).length, now.length)
      await reader.close()
      await checked(path)
    }
  })
}

test('keys are told from blob files that cannot be read', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, blobs)
  await putAll(db, numberedRows(20, large))
  await db.flush()
  const before = db.blobStats()
  for (const name of filesOf(path, /\.blob$/)) truncateSync(join(path, name), 0)
  assert.equal((await db.keys().toArray()).length, 20)
  assert.equal((await db.keys({ reverse: true }).toArray()).length, 20)
  assert.equal(await db.has(numberedKey(1)), true)
  assert.equal(before.liveCount, 20)
  await assert.rejects(db.get(numberedKey(1)), failsWith('CORRUPTION', /\.blob/))
})

test('operands are merged into a value in a blob file, by readers and by compactions', async t => {
  const path = freshPath(t)
  const options = { ...blobs, mergeOperator: { name: 'stringappend', delimiter: '' } } as const
  const db = await openFor(t, path, options)
  await putAll(db, numberedRows(10, large))
  await db.flush()
  for (let i = 0; i < 10; i++) await db.merge(numberedKey(i), '!')
  const expected = numberedRows(10, large).map(([key, value]) => [key, `${value}!`])
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(await rowsOf(db), expected)
    assert.deepEqual(await rowsOf(db, { reverse: true }), expected.toReversed())
    for (const [key, value] of expected) assert.equal(await textOf(db, key), value)
    assert.equal((await db.keys().toArray()).length, 10)
    await (round === 0 ? db.flush() : db.compact())
  }
  assert.equal(db.blobStats().liveCount, 10)
  await db.close()
  await checked(path)
})

const operator = { mergeOperator: { name: 'stringappend', delimiter: '' } } as const
const weights = { put: 40, merge: 8, delete: 12, deleteRange: 5 }

test('histories give the same with values in blob files, wherever and however small', async t => {
  for (let seed = 1; seed <= 8; seed++) {
    const path = await playHistory(t, seed, 400, weights, {
      ...operator,
      enableBlobFiles: true,
      minBlobSize: seed % 3 === 0 ? 0 : 8,
      blobFileSize: [1, 300, 4096][seed % 3],
      blobCompressionType: codecs[seed % 5],
      blobFileStartingLevel: seed % 4 === 1 ? 2 : 0,
      blobGarbageCollectionAgeCutoff: [0.25, 1, 0.5][seed % 3],
      maxOpenFiles: seed % 2 === 0 ? 1 : -1,
      compactionStyle: seed === 8 ? 'universal' : 'leveled',
    })
    await checked(path)
  }
})

test('a compaction that is divided writes blob files of its parts side by side', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, {
    ...blobs,
    maxSubcompactions: 4,
    targetFileSizeBase: 4096,
    blockSize: 256,
    blobFileSize: 4096,
    disableAutoCompactions: true,
  })
  const rows = numberedRows(400, large)
  for (const half of [rows.slice(0, 250), rows.slice(150)]) {
    await putAll(db, half)
    await db.flush()
  }
  await db.compact({ blobGarbageCollectionPolicy: 'force' })
  assert.deepEqual(await rowsOf(db), rows)
  await db.close()
  await checked(path)
})

test('a flush or compaction that fails leaves no blob files behind', async t => {
  const path = freshPath(t)
  const files = new FaultyFileSystem()
  const db = await openFor(t, path, { ...blobs, disableAutoCompactions: true }, worldWith({}, files))
  await putAll(db, numberedRows(20, large))
  await db.flush()
  const present = () => filesOf(path, /\.blob$/)
  for (const operation of ['sync', 'write'] as const) {
    await db.put('another', large)
    const before = present()
    files.fail({ operation, path: /\.sst$/, once: true })
    await failureOf(db.flush())
    assert.deepEqual(present(), before)
    await db.resume()
    const flushed = present()
    files.fail({ operation, path: /\.(blob|sst)$/, once: true })
    await failureOf(db.compact({ blobGarbageCollectionPolicy: 'force' }))
    assert.deepEqual(present(), flushed)
    await db.resume()
  }
  assert.ok(files.failures >= 4)
  assert.equal((await rowsOf(db)).length, 21)
  await db.close()
  await checked(path)
})

test('what is deleted gives its space back, and nobody asks for it', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { ...blobs, writeBufferSize: 65_536, level0FileNumCompactionTrigger: 2 })
  const value = 'y'.repeat(4000)
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 100; i++) await db.put(numberedKey(i), `${round}${value}`)
  }
  await db.flush()
  for (let i = 0; i < 100 && db.blobStats().spaceAmplification > 3; i++) {
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  const { liveBytes, totalBytes, garbageRatio, spaceAmplification } = db.blobStats()
  assert.ok(liveBytes >= 400_000 && totalBytes < 3 * 450_000, JSON.stringify(db.blobStats()))
  assert.ok(garbageRatio < 0.67 && spaceAmplification <= 3)
  await db.close()
  await checked(path)
})

test('garbage is known from MANIFEST to MANIFEST', async t => {
  const path = freshPath(t)
  const options = { ...blobs, enableBlobGarbageCollection: false }
  const db = await openFor(t, path, options)
  await putAll(db, numberedRows(10, large))
  await db.flush()
  await putAll(db, numberedRows(4, large))
  await db.compact()
  const stats = db.blobStats()
  assert.deepEqual([stats.garbageCount, stats.liveCount], [4, 10])
  await db.close()
  for (let round = 0; round < 2; round++) {
    const again = await openFor(t, path, options)
    assert.deepEqual(again.blobStats(), stats)
    await again.close()
  }
  await checked(path)
})

test('tables are compacted for nothing else when enough of the oldest blob files is garbage', async t => {
  const path = freshPath(t)
  const reasons: string[] = []
  const listeners = { compaction: ({ reason }: { reason: string }) => reasons.push(reason) }
  const options = { ...blobs, blobGarbageCollectionAgeCutoff: 0.5, blobFileSize: 2000 }
  const db = await openFor(t, path, { ...options, listeners })
  await putAll(db, numberedRows(40, large))
  await db.compact()
  const [oldest] = filesOf(path, /\.blob$/)
  for (let i = 0; i < 40; i += 2) await db.put(numberedKey(i), large)
  await db.compact({ blobGarbageCollectionPolicy: 'disable' })
  for (let i = 0; i < 100 && filesOf(path, /\.blob$/).includes(oldest); i++) {
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  assert.ok(!filesOf(path, /\.blob$/).includes(oldest))
  assert.ok(reasons.includes('blob garbage'), reasons.join())
  await db.close()
  await checked(path)
})

test('with a threshold of 0, nothing is compacted where there is no garbage', async t => {
  const path = freshPath(t)
  const reasons: string[] = []
  const listeners = { compaction: ({ reason }: { reason: string }) => reasons.push(reason) }
  const collectAny = { blobGarbageCollectionAgeCutoff: 1, blobGarbageCollectionForceThreshold: 0 }
  const db = await openFor(t, path, { ...blobs, ...collectAny, listeners })
  await putAll(db, numberedRows(10, large))
  await db.flush()
  await db.compact()
  await db.close()
  assert.ok(!reasons.includes('blob garbage'), reasons.join())
  await checked(path)
})

test('a forced collection moves every value to new files, and the old ones go when nobody reads them', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { ...blobs, enableBlobGarbageCollection: false })
  await putAll(db, numberedRows(50, large))
  await db.flush()
  const before = filesOf(path, /\.blob$/)
  await db.compact()
  assert.deepEqual(filesOf(path, /\.blob$/), before)
  const cursor = db.cursor()
  cursor.first()
  await db.compact({ blobGarbageCollectionPolicy: 'force' })
  for (const name of before) assert.ok(filesOf(path, /\.blob$/).includes(name), 'a cursor reads it')
  const seen: string[] = []
  for (; cursor.valid; cursor.next()) seen.push(String(Buffer.from(cursor.value)))
  assert.deepEqual(
    seen,
    numberedRows(50, large).map(([, value]) => value),
  )
  cursor.close()
  await db.flush()
  await db.put('more', large)
  await db.flush()
  for (const name of before) assert.ok(!filesOf(path, /\.blob$/).includes(name), 'nobody reads it')
  assert.deepEqual((await rowsOf(db)).slice(0, 50), numberedRows(50, large))
  await assert.rejects(
    db.compact({ blobGarbageCollectionPolicy: 'perhaps' as 'force' }),
    failsWith('INVALID_ARGUMENT', /force/),
  )
  await db.close()
  await checked(path)
})

test('without blob files values go back into the tables', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, blobs)
  await putAll(db, numberedRows(30, large))
  await db.flush()
  await db.close()
  const again = await openFor(t, path, { enableBlobFiles: false })
  await again.compact({ blobGarbageCollectionPolicy: 'force' })
  assert.equal(again.blobStats().files, 0)
  assert.deepEqual(await rowsOf(again), numberedRows(30, large))
  await again.close()
  assert.deepEqual(filesOf(path, /\.blob$/), [])
})

test('a directory is opened with the blob options that it was written with, unless others are given', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, {
    ...blobs,
    blobCompressionType: 'zstd',
    columnFamilies: { plain: { enableBlobFiles: false } },
  })
  await db.put('a', large)
  await db.close()
  const adopted = await openFor(t, path)
  await putAll(adopted, numberedRows(5, large))
  await adopted.put('a', large, { columnFamily: 'plain' })
  await adopted.flush()
  assert.equal(adopted.blobStats().liveCount, 6)
  assert.equal(adopted.blobStats({ columnFamily: 'plain' }).files, 0)
  await adopted.close()
  const options = readFileSync(join(path, filesOf(path, /^OPTIONS/).at(-1) ?? ''), 'utf8')
  for (const line of [
    'enable_blob_files=true',
    'min_blob_size=100',
    'blob_compression_type=kZSTD',
    'blob_file_size=8192',
  ])
    assert.ok(options.includes(line), line)
  const other = await openFor(t, path, { minBlobSize: 1000 })
  await other.put('b', large)
  await other.flush()
  assert.equal(other.blobStats().liveCount, 6)
})

test('a dropped column family takes its blob files along', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { ...blobs, columnFamilies: { other: {} } })
  await putAll(db, numberedRows(5, large), 'other')
  await db.flush()
  assert.equal(filesOf(path, /\.blob$/).length, 1)
  await db.dropColumnFamily('other')
  assert.deepEqual(filesOf(path, /\.blob$/), [])
})

test('blob files are counted by their properties', async t => {
  const db = await openFor(t, freshPath(t), blobs)
  await putAll(db, numberedRows(10, large))
  await db.flush()
  const { files, totalBytes, garbageBytes } = db.blobStats()
  assert.equal(db.property('rocksdb.num-blob-files'), String(files))
  assert.equal(db.property('rocksdb.live-blob-file-size'), String(totalBytes))
  assert.equal(db.property('rocksdb.total-blob-file-size'), String(totalBytes))
  assert.equal(db.property('rocksdb.live-blob-file-garbage-size'), String(garbageBytes))
  assert.match(
    db.property('rocksdb.blob-stats') ?? '',
    /^Number of blob files: 1\nTotal size of blob files: \d+\n/,
  )
})

test('a damaged value is an error that names file and place, and never another value', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, blobs)
  await putAll(db, numberedRows(2, 'z'.repeat(120)))
  await db.flush()
  await db.close()
  const file = fileOf(path, /\.blob$/)
  const whole = readFileSync(file)
  let refused = 0
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole)
    damaged[at] ^= 1 << (at % 8)
    writeFileSync(file, damaged)
    const reader = await openFor(t, path, { readOnly: true })
    for (const [key, value] of numberedRows(2, 'z'.repeat(120))) {
      try {
        assert.equal(await textOf(reader, key), value)
      } catch (error) {
        if (!isVarveError(error, 'CORRUPTION') && !isVarveError(error, 'NOT_SUPPORTED')) throw error
        assert.equal(error.file, file)
        refused++
      }
    }
    await reader.close()
  }
  assert.ok(refused > whole.length, `${refused} of ${2 * whole.length}`)
})

test('a blob file that is missing, cut or another one is found when the database is opened', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { ...blobs, blobFileSize: 2000 })
  await putAll(db, numberedRows(8, large))
  await db.flush()
  await db.close()
  const [first, second] = filesOf(path, /\.blob$/).map(name => join(path, name))
  const whole = readFileSync(first)
  truncateSync(first, whole.length - 1)
  await assert.rejects(openFor(t, path), failsWith('CORRUPTION', /bytes and not the/))
  writeFileSync(first, whole)
  renameSync(first, `${first}.away`)
  await assert.rejects(openFor(t, path), failsWith('CORRUPTION', /is missing/))
  // Another one of the same size: the keys in it are not those that refer to it.
  writeFileSync(first, readFileSync(second))
  const swapped = await openFor(t, path, { readOnly: true })
  await assert.rejects(
    swapped.get(numberedKey(0)),
    failsWith('CORRUPTION', /not the one that an entry refers to/),
  )
  rmSync(`${first}.away`)
})

test('blob files that the MANIFEST does not know go to lost/ and are not removed', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, blobs)
  await putAll(db, numberedRows(3, large))
  await db.flush()
  await db.close()
  const [name] = filesOf(path, /\.blob$/)
  const bytes = readFileSync(join(path, name))
  writeFileSync(join(path, '000900.blob'), bytes)
  const again = await openFor(t, path)
  assert.deepEqual(readFileSync(join(path, 'lost', '000900.blob')), bytes)
  assert.deepEqual(await rowsOf(again), numberedRows(3, large))
})

test('a family without blob files writes the same tables as ever', async t => {
  const prints = await Promise.all(
    [{}, { minBlobSize: 10, blobFileSize: 1 }].map(async options => {
      const path = freshPath(t)
      const db = await openFor(t, path, options)
      await putAll(db, numberedRows(50, large))
      await db.compact()
      await db.close()
      return Object.keys(fingerprint(path)).filter(name => name.endsWith('.blob'))
    }),
  )
  assert.deepEqual(prints, [[], []])
})

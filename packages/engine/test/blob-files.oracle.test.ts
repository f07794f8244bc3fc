/** C++ RocksDB's own tools, where they are installed, read blob files of ours, collect garbage in them and go on; and we in theirs. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type OpenOptions, verifyDatabase } from '../index.ts'
import { filesOf, freshPath, numberedKey, numberedRows, openFor, putAll, rowsOf } from './support.ts'

const hasLdb = spawnSync('ldb', ['--version']).error === undefined
const skip = hasLdb ? false : 'ldb is not installed'

const large = 'x'.repeat(300)
const codecs = ['none', 'snappy', 'zlib', 'lz4', 'zstd'] as const

/** Runs a tool, which must say nothing but what it was asked for. */
function run(tool: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
  assert.deepEqual([status, stderr], [0, ''], `${tool} ${args.join(' ')}: ${stdout.slice(-500)}`)
  return stdout
}

/** Every row, and that files and tables are in order. */
function rowsOfCpp(path: string): string[][] {
  assert.equal(run('ldb', `--db=${path}`, 'checkconsistency').trim(), 'OK')
  const checked = run('sst_dump', `--file=${path}`, '--command=check', '--verify_checksum')
  assert.doesNotMatch(checked, /corruption|not a valid/i)
  const lines = run('ldb', `--db=${path}`, 'scan').split('\n').slice(0, -1)
  return lines.map(line => line.split(' : '))
}

/** The records of all blob files, as C++ counts them in the files themselves. */
function countRecords(path: string): number {
  const dumps = filesOf(path, /\.blob$/).map(name => run('ldb', 'dump', `--path=${join(path, name)}`))
  return dumps.reduce((sum, dump) => sum + Number(/Blob count *: (\d+)/.exec(dump)?.[1]), 0)
}

/** Writes and overwrites, so that there is garbage; gives what must be there then. */
async function fill(t: TestContext, path: string, options: OpenOptions): Promise<string[][]> {
  const db = await openFor(t, path, { ...options, disableAutoCompactions: true })
  await putAll(db, numberedRows(200, large))
  await db.flush()
  await putAll(db, numberedRows(80, 'y'.repeat(200)))
  await db.put(numberedKey(5), 'short')
  await db.put(numberedKey(6), '')
  await db.delete(numberedKey(7))
  await db.flush()
  await db.compact({ blobGarbageCollectionPolicy: 'disable' })
  const rows = await rowsOf(db)
  assert.equal(db.blobStats().liveCount + db.blobStats().garbageCount, countRecords(path))
  await db.close()
  return rows
}

const collect = ['--enable_blob_garbage_collection', '--blob_garbage_collection_age_cutoff=1.0']

for (const codec of codecs) {
  test(`C++ reads blob files of ours and collects garbage in them (${codec})`, { skip }, async t => {
    const path = freshPath(t)
    const options: OpenOptions = {
      enableBlobFiles: true,
      minBlobSize: 0,
      blobFileSize: 10_000,
      blobCompressionType: codec,
    }
    const rows = await fill(t, path, options)
    assert.deepEqual(rowsOfCpp(path), rows)
    const before = filesOf(path, /\.blob$/)
    run('ldb', `--db=${path}`, '--enable_blob_files', '--blob_file_size=20000', ...collect, 'compact')
    assert.deepEqual(rowsOfCpp(path), rows)
    for (const name of before) assert.ok(!filesOf(path, /\.blob$/).includes(name), name)
    const db = await openFor(t, path, options)
    assert.deepEqual(await rowsOf(db), rows)
    assert.deepEqual([db.blobStats().liveCount, db.blobStats().garbageCount], [199, 0])
    await db.compact({ blobGarbageCollectionPolicy: 'force' })
    await db.close()
    assert.deepEqual(rowsOfCpp(path), rows)
  })

  test(`blob files of C++ are read, and garbage in them collected (${codec})`, { skip }, async t => {
    const path = freshPath(t)
    const type = codec === 'none' ? 'no' : codec
    const flags = [
      '--enable_blob_files',
      '--min_blob_size=10',
      '--blob_file_size=3000',
      `--blob_compression_type=${type}`,
    ]
    const rows = numberedRows(60, large)
    const ldb = (...args: string[]) => run('ldb', `--db=${path}`, ...flags, ...args)
    ldb(
      'batchput',
      '--create_if_missing',
      ...rows.flatMap(([key, value]) => [key, value.replaceAll(' ', '_')]),
    )
    ldb('compact')
    ldb('batchput', ...rows.slice(0, 20).flatMap(([key]) => [key, `new_${large}`]))
    ldb('compact')
    ldb('put', 'last', 'one')
    const expected = rowsOfCpp(path)
    const reader = await openFor(t, path, { readOnly: true })
    assert.deepEqual(await rowsOf(reader), expected)
    assert.ok(reader.blobStats().garbageCount > 0)
    await reader.close()
    const db = await openFor(t, path)
    await db.compact({ blobGarbageCollectionPolicy: 'force' })
    assert.equal(db.blobStats().garbageCount, 0)
    assert.deepEqual(await rowsOf(db), expected)
    await db.close()
    const { problems, notes } = await verifyDatabase(path, { deep: true })
    assert.deepEqual([...problems, ...notes], [])
    assert.deepEqual(rowsOfCpp(path), expected)
  })
}

test('C++ writes the OPTIONS about blobs as we have written them', { skip }, async t => {
  const path = freshPath(t)
  await fill(t, path, {
    enableBlobFiles: true,
    minBlobSize: 123,
    blobFileSize: 45_678,
    blobCompressionType: 'lz4',
  })
  run('ldb', `--db=${path}`, 'put', 'a', 'b')
  const db = await openFor(t, path)
  await db.put('large', 'x'.repeat(123))
  await db.flush()
  assert.ok(db.blobStats().files > 0)
  await db.close()
})

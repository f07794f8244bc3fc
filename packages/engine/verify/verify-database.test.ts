import assert from 'node:assert/strict'
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { open } from '../db/open.ts'
import { nodeRuntime } from '../runtime/index.ts'
import { verifyDatabase } from './verify-database.ts'

const world = nodeRuntime({ workers: 1 })
const scratch = mkdtempSync(join(tmpdir(), 'varve-verify-'))
after(async () => {
  await world.jobs.close()
  rmSync(scratch, { recursive: true })
})

/** Two tables, one in level 0; two column families; a log with operations that are in no table. */
async function makeDatabase(name: string): Promise<string> {
  const directory = join(scratch, name)
  await using database = await open(directory, {
    columnFamilies: { users: {} },
    blockSize: 256,
    compression: 'none',
  })
  for (let i = 0; i < 40; i++)
    await database.put(`key${String(i).padStart(3, '0')}`, `value ${i} ${'x'.repeat(20)}`)
  await database.compact()
  await database.delete('key010')
  await database.put('key011', 'again')
  await database.flush()
  for (let i = 0; i < 10; i++) await database.put(`user${i}`, `name ${i}`, { columnFamily: 'users' })
  return directory
}

async function verdict(directory: string): Promise<'ok' | 'note' | 'problem'> {
  const { ok, notes } = await verifyDatabase(directory, {}, world)
  if (!ok) return 'problem'
  return notes.length === 0 ? 'ok' : 'note'
}

it('lists every live file with its size and entries', async () => {
  const directory = await makeDatabase('listed')
  const { ok, files, problems, notes } = await verifyDatabase(directory)
  assert.deepEqual({ ok, problems, notes }, { ok: true, problems: [], notes: [] })
  const entries = (kind: string) => files.filter(file => file.kind === kind).map(file => file.entries)
  assert.deepEqual(entries('table').sort(), [2, 40])
  assert.equal(files.filter(({ kind }) => kind === 'wal').length, 1)
  for (const { name, bytes } of files) assert.equal(bytes, readFileSync(join(directory, name)).length, name)
})

it('finds any flipped bit below the last sync, and any cut, and says in which file', async () => {
  const directory = await makeDatabase('flipped')
  const { files } = await verifyDatabase(directory, {}, world)
  for (const { name, kind } of files) {
    // OPTIONS has no checksum, and nothing relies on it.
    if (kind === 'options') continue
    const path = join(directory, name)
    const bytes = readFileSync(path)
    for (let at = 0; at < bytes.length; at += bytes.length > 500 ? 7 : 1) {
      const damaged = Buffer.from(bytes)
      damaged[at] ^= 1 << (at % 8)
      writeFileSync(path, damaged)
      const { ok, problems, notes } = await verifyDatabase(directory, {}, world)
      // The very last record of a log vouches for what is before it; nothing vouches for itself.
      assert.ok(!ok || (kind === 'wal' && notes.length === 1 && at > bytes.length - 60), `${name} at ${at}`)
      if (kind !== 'current')
        assert.ok(
          [...problems, ...notes].some(({ file }) => file === path),
          `${name} at ${at}`,
        )
    }
    for (let length = 0; length < bytes.length - 60; length += 7) {
      writeFileSync(path, bytes.subarray(0, length))
      assert.equal(await verdict(directory), 'problem', `${name} cut to ${length}`)
    }
    writeFileSync(path, bytes)
  }
  assert.equal(await verdict(directory), 'ok')
})

it('gives the offset of the damaged block and goes on behind it', async () => {
  const directory = await makeDatabase('offsets')
  const { files } = await verifyDatabase(directory, {}, world)
  const table = files.find(({ entries, kind }) => kind === 'table' && entries === 40)
  assert.ok(table !== undefined)
  const path = join(directory, table.name)
  const bytes = readFileSync(path)
  bytes[10] ^= 1
  bytes[700] ^= 1
  writeFileSync(path, bytes)
  const { problems } = await verifyDatabase(directory, {}, world)
  assert.equal(problems.length, 2)
  for (const { file, message } of problems)
    assert.deepEqual([file, message], [path, 'block checksum mismatch'])
  assert.equal(problems[0].offset, 0)
  assert.ok(problems[1].offset !== undefined && problems[1].offset <= 700 && problems[1].offset > 300)
})

it('finds missing, exchanged and lengthened files', async () => {
  const directory = await makeDatabase('exchanged')
  const { files } = await verifyDatabase(directory, {}, world)
  const [first, second] = files
    .filter(({ kind }) => kind === 'table')
    .map(({ name }) => join(directory, name))
  const saved = join(scratch, 'saved')

  renameSync(first, saved)
  assert.deepEqual((await verifyDatabase(directory, {}, world)).problems, [
    { file: first, message: 'the file is missing' },
  ])
  copyFileSync(second, first)
  assert.equal(await verdict(directory), 'problem')
  writeFileSync(first, Buffer.concat([readFileSync(saved), Buffer.alloc(1)]))
  assert.equal(await verdict(directory), 'problem')
  renameSync(saved, first)
  assert.equal(await verdict(directory), 'ok')

  const log = files.find(({ kind }) => kind === 'wal')
  assert.ok(log !== undefined)
  unlinkSync(join(directory, log.name))
  assert.notEqual(await verdict(directory), 'ok')
})

it('checks every table for itself when the MANIFEST cannot be believed', async () => {
  const directory = await makeDatabase('headless')
  unlinkSync(join(directory, 'CURRENT'))
  const { ok, files, problems } = await verifyDatabase(directory, {}, world)
  assert.equal(ok, false)
  assert.deepEqual(problems, [{ file: join(directory, 'CURRENT'), message: 'the file is missing' }])
  assert.equal(files.filter(({ kind }) => kind === 'table').length, 2)
})

it('finds nothing wrong with databases of C++ RocksDB, of any feature', async () => {
  const text = readFileSync(
    new URL('../../../testdata/rocksdb/vectors/sample_dbs.json', import.meta.url),
    'utf8',
  )
  const databases = JSON.parse(text) as Record<string, Record<string, string>>
  for (const [name, files] of Object.entries(databases)) {
    const directory = mkdtempSync(join(scratch, 'sample-'))
    for (const [file, base64] of Object.entries(files))
      writeFileSync(join(directory, file), Buffer.from(base64, 'base64'))
    const { ok, problems } = await verifyDatabase(directory, {}, world)
    assert.deepEqual({ ok, problems }, { ok: true, problems: [] }, name)
  }
})

it('reports progress, stops when asked to, and throws only where there is no database', async () => {
  const directory = join(scratch, 'large')
  {
    await using database = await open(directory)
    for (let i = 0; i < 20_000; i++) await database.put(`key${i}`, 'v'.repeat(100))
    await database.compact()
  }
  const seen: number[] = []
  await verifyDatabase(directory, {
    onProgress({ bytesDone, bytesTotal }) {
      assert.ok(bytesDone <= bytesTotal)
      seen.push(bytesDone)
    },
  })
  assert.ok(seen.length > 0)
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  )
  await assert.rejects(verifyDatabase(directory, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
  await assert.rejects(verifyDatabase(join(scratch, 'nowhere')), { code: 'NOT_FOUND' })
  await assert.rejects(verifyDatabase(scratch), { code: 'NOT_FOUND' })
})

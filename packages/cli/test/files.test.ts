/** verify, stats, compact, and the commands that show files. */
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { open } from 'varve'
import { runVarve, scratch, varve } from './run-varve.ts'

async function makeDatabase(directory: string): Promise<string> {
  const path = join(directory, 'db')
  await using database = await open(path)
  for (let i = 0; i < 500; i++) await database.put(`key${String(i).padStart(4, '0')}`, `value${i}`)
  await database.compact()
  await database.put('late', 'comer')
  return path
}

async function find(db: string, pattern: RegExp): Promise<string> {
  const name = (await readdir(db)).sort().findLast(candidate => pattern.test(candidate))
  assert.ok(name !== undefined, `no file ${pattern}`)
  return join(db, name)
}

it('finds a flipped bit in any live file and says where', async context => {
  const db = await makeDatabase(await scratch(context))
  assert.match(await varve(['verify', db]), /^ok: \d+ files, [\d.]+ KiB, 50\d entries\n$/)
  for (const pattern of [/\.sst$/, /^CURRENT$/]) {
    const path = await find(db, pattern)
    const bytes = await readFile(path)
    const damaged = Buffer.from(bytes)
    damaged[damaged.length >> 1] ^= 1
    await writeFile(path, damaged)
    const { code, stdout, stderr } = await runVarve(['verify', db])
    assert.equal(code, 1, path)
    assert.ok(stdout.includes(path), stdout)
    assert.match(stdout, /:\d+: |CURRENT: /)
    assert.match(stderr, /^varve: CORRUPTION: \d+ problems? found in /)
    const report = JSON.parse((await runVarve(['verify', db, '--json'])).stdout) as {
      ok: boolean
      problems: unknown[]
    }
    assert.equal(report.ok, false)
    assert.ok(report.problems.length > 0)
    await writeFile(path, bytes)
  }
  assert.match(await varve(['verify', db]), /^ok: /)
})

it('verify --deep says what no file shows alone', async context => {
  const db = await makeDatabase(await scratch(context))
  assert.match(await varve(['verify', '--deep', db]), /^ok: \d+ files, /)
  const log = await find(db, /\.log$/)
  await writeFile(log.replace('.log', '.blob'), '')
  await writeFile(join(db, 'mine.txt'), '')
  assert.match(await varve(['verify', db]), /^ok: /)
  const { code, stdout } = await runVarve(['verify', '--deep', db])
  assert.equal(code, 1)
  assert.match(stdout, /\d+\.(log|blob): \d+\.(blob|log) has the same number \d+\n/)
  assert.match(stdout, /note: .*mine\.txt: unknown: no file of a database\n/)
})

it('shows every kind of file, annotated and as JSON', async context => {
  const db = await makeDatabase(await scratch(context))
  const [sst, wal, manifest] = [
    await find(db, /\.sst$/),
    await find(db, /\.log$/),
    await find(db, /^MANIFEST/),
  ]
  for (const [command, path, text] of [
    ['sst', sst, 'DATA block'],
    ['wal', wal, 'write batch'],
    ['manifest', manifest, 'tag '],
    ['dump', join(db, 'CURRENT'), 'MANIFEST'],
    ['dump', await find(db, /^OPTIONS/), 'database'],
    ['dump', sst, 'DATA block'],
  ]) {
    assert.ok((await varve([command, path])).includes(text), `${command} ${path}`)
  }
  assert.equal((await varve(['sst', sst, '--limit', '3'])).split('\n').length, 4)
  const lines = async (...args: string[]) =>
    (await varve(args))
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as object)
  const [first] = await lines('sst', sst, '--json')
  assert.deepEqual(Object.keys(first), ['key', 'sequence', 'type', 'value'])
  assert.ok((await lines('wal', wal, '--json')).some(row => 'key' in row && row.key === 'late'))
  assert.ok((await lines('manifest', manifest, '--json')).every(row => 'edit' in row))
})

it('shows blob files, checks them and says how much of them is garbage', async context => {
  const path = join(await scratch(context), 'db')
  const db = await open(path, { enableBlobFiles: true, minBlobSize: 100, enableBlobGarbageCollection: false })
  for (const round of ['1', '2']) {
    for (let i = 0; i < 10; i++) if (round === '1' || i < 5) await db.put(`key${i}`, round.repeat(1000))
    await db.flush()
  }
  await db.compact()
  await db.close()
  assert.match(await varve(['stats', path]), /\n {2}in blobs +15\.\d KiB in 2, 33\.\d % garbage\n/)
  const blob = await find(path, /\.blob$/)
  assert.match(await varve(['dump', blob]), /blob count 5/)
  assert.match(await varve(['verify', path, '--deep']), /^ok: /)
  const bytes = await readFile(blob)
  bytes[bytes.length >> 1] ^= 1
  await writeFile(blob, bytes)
  const { code, stdout } = await runVarve(['verify', path])
  assert.equal(code, 1)
  assert.ok(stdout.includes(blob), stdout)
})

it('counts keys, files and bytes', async context => {
  const db = await makeDatabase(await scratch(context))
  assert.match(await varve(['stats', db]), /^column family default\n {2}keys +about 501\n/)
  const stats = JSON.parse(await varve(['stats', db, '--json'])) as {
    columnFamilies: { name: string; estimatedKeys: number; properties: Record<string, string> }[]
  }
  assert.equal(stats.columnFamilies[0].estimatedKeys, 501)
  assert.ok('rocksdb.stats' in stats.columnFamilies[0].properties)
})

it('runs the shell as a script', async context => {
  const db = await makeDatabase(await scratch(context))
  const script = 'get late\nput "a b" "c\\td"\nscan "a b"\n\ndelete late\nexit\nget key0001\n'
  assert.equal(await varve(['shell', db], script), 'comer\na b\tc\\td\n')
  const failed = await runVarve(['shell', db], 'get late\nfrobnicate\nget "open\nget key0001\n')
  assert.equal(failed.code, 1)
  assert.equal(failed.stdout, 'value1\n')
  assert.match(
    failed.stderr,
    /^not found\nunknown command frobnicate; help lists them\na quote is not closed/,
  )
})

import assert from 'node:assert/strict'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, it } from 'node:test'
import { BatchEncoder } from '@varve/format/batch'
import { ByteWriter } from '@varve/format/bytes'
import { encodeVersionEdit, type VersionEdit } from '@varve/format/manifest'
import { LogFramer } from '@varve/format/wal'
import { open } from '../db/open.ts'
import { nodeRuntime } from '../runtime/index.ts'
import { readManifestRecords } from '../version/manifest-records.ts'
import { verifyDatabase } from './verify-database.ts'

const world = nodeRuntime({ workers: 1 })
const scratch = mkdtempSync(join(tmpdir(), 'varve-deep-'))
after(async () => {
  await world.jobs.close()
  rmSync(scratch, { recursive: true })
})

/** Level 6 with all keys, two tables of level 0 above it; a second family with a table; a log that is needed. */
async function makeDatabase(): Promise<string> {
  const directory = mkdtempSync(join(scratch, 'database-'))
  await using database = await open(directory, {
    columnFamilies: { users: {} },
    disableAutoCompactions: true,
    avoidFlushDuringShutdown: true,
  })
  for (let i = 0; i < 40; i++) await database.put(`key${i}`, `value ${i}`)
  await database.compact()
  for (const value of ['second', 'third']) {
    await database.put('key11', value)
    await database.put('key12', value)
    await database.flush()
  }
  await database.put('user', 'name', { columnFamily: 'users' })
  await database.flush({ columnFamily: 'users' })
  await database.put('key13', 'only in the log')
  await database.put('key14', 'only in the log')
  return directory
}

const made = await makeDatabase()

function copyOf(directory: string): string {
  const copy = mkdtempSync(join(scratch, 'copy-'))
  cpSync(directory, copy, { recursive: true })
  return copy
}

async function deepReport(directory: string) {
  return verifyDatabase(directory, { deep: true }, world)
}

/** The only problem there is, with the file's name. */
async function onlyProblem(directory: string): Promise<string> {
  const { problems } = await deepReport(directory)
  assert.equal(problems.length, 1, JSON.stringify(problems))
  const [{ file, message }] = problems
  return `${basename(file)}: ${message.replaceAll(`${directory}/`, '')}`
}

function nameOf(directory: string, pattern: RegExp): string {
  const name = readdirSync(directory)
    .sort()
    .findLast(file => pattern.test(file))
  assert.ok(name !== undefined)
  return name
}

/** Writes the MANIFEST anew, with other edits. The log's evidence of its size stays true when it only grows. */
function changeManifest(directory: string, change: (edits: VersionEdit[]) => void): void {
  const path = join(directory, nameOf(directory, /^MANIFEST/))
  const { edits } = readManifestRecords(readFileSync(path), path)
  change(edits)
  const framer = new LogFramer()
  const out = new ByteWriter()
  for (const edit of edits) framer.frame(out, encodeVersionEdit(edit))
  // Edits that say what the last one said, until no synced byte is missing.
  while (out.length < statSync(path).size)
    framer.frame(
      out,
      encodeVersionEdit({ nextFileNumber: edits.findLast(edit => edit.nextFileNumber)?.nextFileNumber }),
    )
  writeFileSync(path, out.bytes.subarray(0, out.length))
}

function newFilesOf(edits: VersionEdit[]) {
  return edits.flatMap(({ columnFamily, newFiles }) => (newFiles ?? []).map(file => ({ columnFamily, file })))
}

it('finds nothing in good databases: ours, and those of C++ RocksDB of any feature', async () => {
  const { ok, problems, notes } = await deepReport(made)
  assert.deepEqual({ ok, problems, notes }, { ok: true, problems: [], notes: [] })
  const path = new URL('../../../testdata/rocksdb/vectors/sample_dbs.json', import.meta.url)
  const databases = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>
  for (const [name, files] of Object.entries(databases)) {
    const directory = mkdtempSync(join(scratch, 'sample-'))
    for (const [file, base64] of Object.entries(files))
      writeFileSync(join(directory, file), Buffer.from(base64, 'base64'))
    const report = await deepReport(directory)
    assert.deepEqual(report.problems, [], name)
  }
})

it('changes no byte, no name and no time of the directory', async () => {
  const directory = copyOf(made)
  const state = () =>
    readdirSync(directory)
      .sort()
      .map(name => [
        name,
        readFileSync(join(directory, name), 'hex'),
        statSync(join(directory, name)).mtimeMs,
      ])
  const before = [state(), statSync(directory).mtimeMs]
  await deepReport(directory)
  assert.deepEqual([state(), statSync(directory).mtimeMs], before)
})

it('finds a newer version of a key below an older one', async () => {
  const directory = copyOf(made)
  changeManifest(directory, edits => {
    const [older, newer] = newFilesOf(edits)
      .map(({ file }) => file)
      .filter(file => file.level === 0 && file.largestSequence > 40)
    const epoch = older.epochNumber
    older.epochNumber = newer.epochNumber
    newer.epochNumber = epoch
  })
  const { problems } = await deepReport(directory)
  assert.equal(problems.length, 2)
  assert.match(
    problems[0].message,
    /^a key has the sequence 4\d here, in level 0, and 4\d in .*\.sst, where a lookup/,
  )
  assert.equal(typeof problems[0].offset, 'number')
  assert.equal((await verifyDatabase(directory, {}, world)).ok, true)
})

it('finds a table of level 0 that was put below the others', async () => {
  const directory = copyOf(made)
  changeManifest(directory, edits => {
    const file = newFilesOf(edits).find(({ file }) => file.level === 0 && file.largestSequence > 40)?.file
    assert.ok(file !== undefined)
    const dead = new Set(edits.flatMap(edit => (edit.deletedFiles ?? []).map(({ number }) => number)))
    const deep = newFilesOf(edits).find(({ file }) => file.level > 0 && !dead.has(file.number))?.file
    assert.ok(deep !== undefined)
    edits.push({
      deletedFiles: [deep, file].map(({ level, number }) => ({ level, number })),
      newFiles: [
        { ...deep, level: 1 },
        { ...file, level: 6 },
      ],
    })
  })
  const { problems } = await deepReport(directory)
  assert.equal(problems.length, 2, JSON.stringify(problems))
  assert.match(problems[0].message, /here, in level 6, and \d+ in /)
})

it('finds two files with one number', async () => {
  const directory = copyOf(made)
  const table = nameOf(directory, /\.sst$/)
  copyFileSync(join(directory, table), join(directory, table.replace('.sst', '.blob')))
  assert.match(await onlyProblem(directory), /^\d+\.sst: \d+\.blob has the same number \d+$/)
})

it('finds a table in two column families', async () => {
  const directory = copyOf(made)
  changeManifest(directory, edits => {
    const user = newFilesOf(edits).find(({ columnFamily }) => columnFamily === 1)
    assert.ok(user !== undefined)
    edits.push({ columnFamily: 0, newFiles: [{ ...user.file, level: 3 }] })
  })
  const { problems } = await deepReport(directory)
  assert.match(problems[0].message, /^file #\d+ belongs to 'default' and to 'users'$/)
})

it('finds a live file whose number would be given out again', async () => {
  const directory = copyOf(made)
  changeManifest(directory, edits => edits.push({ nextFileNumber: 9 }))
  const { problems } = await deepReport(directory)
  assert.match(problems[0].message, /^file #\d+ is live, and the next number to be given out is 9$/)
})

it('finds operations of a log that are older than the tables of their family', async () => {
  const directory = copyOf(made)
  rewriteLog(directory, n => 2 + n)
  assert.match(
    await onlyProblem(directory),
    /^\d+\.log: 'default' needs the operation with the sequence 2 of this log/,
  )
})

it('finds sequences in a log that do not rise', async () => {
  const directory = copyOf(made)
  rewriteLog(directory, n => 1000 - 10 * n)
  assert.match(
    await onlyProblem(directory),
    /^\d+\.log: a batch has the sequence 990, and 1001 was the next one$/,
  )
})

/** Two batches as C++ RocksDB would write them, without evidence: this log was never larger. */
function rewriteLog(directory: string, sequenceOf: (n: number) => number): void {
  const path = join(directory, nameOf(directory, /\.log$/))
  changeManifest(directory, edits => {
    for (const edit of edits) {
      delete edit.walAdditions
      delete edit.walWatermarks
    }
  })
  const framer = new LogFramer()
  const out = new ByteWriter()
  for (const n of [0, 1]) framer.frame(out, batchOf(sequenceOf(n), `key13-${n}`))
  writeFileSync(path, out.bytes.subarray(0, out.length))
}

function batchOf(sequence: number, key: string): Uint8Array {
  const batch = new BatchEncoder()
  batch.putRecord(0, Buffer.from(key), Buffer.from('value'))
  batch.seal(sequence)
  return batch.writer.take()
}

it('lists what nobody accounts for, and what is quarantined', async () => {
  const directory = copyOf(made)
  writeFileSync(join(directory, 'notes.txt'), 'mine')
  writeFileSync(join(directory, 'VARVE-OWNER'), '{}')
  writeFileSync(join(directory, '000900.sst'), 'not a table')
  writeFileSync(join(directory, '000901.dbtmp'), '')
  writeFileSync(join(directory, 'MANIFEST-000902'), '')
  mkdirSync(join(directory, 'lost'))
  writeFileSync(join(directory, 'lost', '000007.sst'), '')
  const { ok, notes } = await deepReport(directory)
  assert.equal(ok, true)
  assert.deepEqual(notes.map(({ file, message }) => [file.slice(directory.length + 1), message]).sort(), [
    ['000900.sst', 'unknown: the MANIFEST does not know this table'],
    ['000901.dbtmp', 'unknown: left over by a write that did not end'],
    ['MANIFEST-000902', 'unknown: CURRENT names another MANIFEST'],
    ['lost/000007.sst', 'quarantined'],
    ['notes.txt', 'unknown: no file of a database'],
  ])
})

it('leaves out the order of a family with a damaged table, and says so', async () => {
  const directory = copyOf(made)
  const path = join(directory, nameOf(directory, /\.sst$/))
  const bytes = readFileSync(path)
  bytes[3] ^= 1
  writeFileSync(path, bytes)
  const { ok, notes } = await deepReport(directory)
  assert.equal(ok, false)
  assert.deepEqual(
    notes.map(({ file, message }) => [file, message]),
    [[path, "the order of versions in 'users' is not checked: this table is damaged"]],
  )
  renameSync(path, `${path}.away`)
  assert.equal((await deepReport(directory)).ok, false)
})

/**
 * Real input, end to end: all records of Debian's package index through the command line.
 *
 *     node packages/testkit/real-input/main.ts [--seed N]
 *
 * Loads them with `varve load`, reads them back equal, kills a second load with -9 in its middle and finds every
 * acknowledged line of it, and compares what `varve scan` and `ldb scan` print, byte by byte.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { open } from 'varve'
import { SortedModel } from '../model/sorted-model.ts'
import { checkTables } from '../oracle/cpp-checks.ts'
import { isInstalled, mustRun, requireTool } from '../oracle/tools.ts'
import { compareWithVarve, mustVerify } from '../oracle/varve-side.ts'
import { freshSeed, Random } from '../random.ts'
import { formatRecord, type PackageRecord, packageRecords } from './package-index.ts'

const { values } = parseArgs({ options: { seed: { type: 'string' } } })

const varve = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

/** Lines of a batch of the second load, each acknowledged when it is committed. */
const BATCH = 200

function startLoad(db: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn('node', [varve, 'load', db, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Feeds rows as fast as they are taken, until all are or nobody takes them any more. */
async function feed(child: ChildProcessWithoutNullStreams, lines: readonly string[]): Promise<void> {
  const rows = Readable.from(lines.map(line => `${line}\n`))
  await pipeline(rows, child.stdin).catch(error => {
    // The end of a child that has been killed.
    if (!['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(error.code)) throw error
  })
}

async function loadAll(db: string, records: readonly PackageRecord[]): Promise<void> {
  const child = startLoad(db, ['--format', 'tsv'])
  child.stdout.resume()
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk
  })
  const closed = once(child, 'close')
  await feed(
    child,
    records.map(record => formatRecord(record, 'tsv')),
  )
  const [status] = await closed
  if (status !== 0) throw new Error(`varve load ended with ${status}: ${complaint}`)
}

/** Loads the records anew and kills the load when `killAt` lines are acknowledged. Returns how many were. */
async function loadAndKill(db: string, records: readonly PackageRecord[], killAt: number): Promise<number> {
  const child = startLoad(db, ['--format', 'ndjson', '--ack', '--batch', String(BATCH)])
  const closed = once(child, 'close')
  child.stderr.resume()
  let acknowledged = 0
  createInterface({ input: child.stdout }).on('line', line => {
    acknowledged = Math.max(acknowledged, Number(/\d+/.exec(line)?.[0] ?? 0))
    if (acknowledged >= killAt) child.kill('SIGKILL')
  })
  await feed(
    child,
    renewed(records).map(record => formatRecord(record, 'ndjson')),
  )
  const [status, signal] = await closed
  if (signal !== 'SIGKILL') throw new Error(`the load was over (${status}) before it was killed`)
  return acknowledged
}

/** The same records with other values, so that one can tell which load a row is of. */
function renewed(records: readonly PackageRecord[]): PackageRecord[] {
  return records.map(({ key, value }) => ({ key, value: `${value}\nLoaded: again` }))
}

/** The database has the first lines of the second load, all that were acknowledged among them, and no others. */
async function checkKilledLoad(
  db: string,
  records: readonly PackageRecord[],
  acknowledged: number,
): Promise<number> {
  const opened = await open(db)
  try {
    const found = await opened.getMany(records.map(({ key }) => key))
    const isNew = renewed(records).map(({ value }, index) =>
      Buffer.from(value).equals(found[index] as Uint8Array),
    )
    const kept = isNew.includes(false) ? isNew.indexOf(false) : isNew.length
    if (isNew.includes(true, kept)) throw new Error(`a hole: line ${kept} is missing, later ones are there`)
    if (kept < acknowledged) throw new Error(`${acknowledged} lines were acknowledged, ${kept} are there`)
    const unchanged = records.findIndex(
      ({ value }, index) => index >= kept && !Buffer.from(value).equals(found[index] as Uint8Array),
    )
    if (unchanged >= 0) throw new Error(`line ${unchanged} has neither its old nor its new value`)
    return kept
  } finally {
    await opened.close()
  }
}

/** `varve scan --hex` separates by a tab, `ldb scan --hex` by a colon; otherwise both print the same. */
async function compareScans(db: string): Promise<number> {
  const ours = await mustRun('node', [varve, 'scan', db, '--hex'])
  const theirs = await mustRun('ldb', [`--db=${db}`, 'scan', '--hex'])
  const expected = theirs.replaceAll(' : ', '\t')
  if (ours !== expected) throw new Error('varve scan and ldb scan print different rows')
  await checkTables(db)
  return ours.split('\n').length - 1
}

async function main(directory: string): Promise<void> {
  const random = new Random(values.seed === undefined ? freshSeed() : Number(values.seed))
  const db = join(directory, 'db')
  const records: PackageRecord[] = []
  for await (const record of packageRecords()) records.push(record)
  if (records.length === 0)
    return console.log('not run: real input: the package index is empty (apt-get update)')
  await loadAll(db, records)
  const model = SortedModel.of(records.map(({ key, value }) => [Buffer.from(key), Buffer.from(value)]))
  const opened = await open(db)
  await compareWithVarve(opened, new Map([['default', model]]), random)
  await opened.close()
  const withCpp = requireTool('ldb') && requireTool('sst_dump')
  const rows = withCpp ? await compareScans(db) : 0
  const killAt = random.between(Math.floor(records.length / 5), Math.floor(records.length / 2))
  const acknowledged = await loadAndKill(db, records, killAt)
  const kept = await checkKilledLoad(db, records, acknowledged)
  await mustVerify(db)
  if (withCpp) await compareScans(db)
  console.log(
    `real input: ${records.length} records loaded and read back, ${rows} rows equal in ldb scan, ` +
      `killed with ${acknowledged} lines acknowledged, ${kept} kept, 0 lost, seed ${random.seed}`,
  )
}

if (isInstalled('apt-cache')) {
  const directory = mkdtempSync(join(tmpdir(), 'varve-real-'))
  await main(directory)
  rmSync(directory, { recursive: true })
} else console.log('not run: real input: there is no apt-cache here')

/**
 * What C++ RocksDB does with whole directories that Varve made: it copies them (checkpoints, backups), takes tables from
 * elsewhere into them, and makes a new MANIFEST for one that has lost it. Varve must go on with what comes out.
 */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ColumnFamilyOptions, OpenOptions } from 'varve'
import { KeySpace, randomValue } from '../model/generators.ts'
import type { OperationShares } from '../model/operations.ts'
import { SortedModel } from '../model/sorted-model.ts'
import type { Random } from '../random.ts'
import type { Check } from './campaign.ts'
import { type Checked, type Contents, checkInCpp } from './cpp-checks.ts'
import { ldb, loadLines, OracleError, run } from './tools.ts'
import { randomFamilies, randomFamilyOptions, randomOpenOptions } from './varve-options.ts'
import { compareWithVarve, emptyContents, inVarve, settle, writeThroughVarve } from './varve-side.ts'

/** A directory of Varve's, and what is in it. */
interface Made {
  directory: string
  options: OpenOptions
  contents: Contents
}

export const wholeDirectoryChecks: readonly Check[] = [
  { name: 'checkpoint by C++', run: checkpointByCpp },
  { name: 'backup and restore by C++', run: backupByCpp },
  { name: 'tables ingested by C++', run: ingestByCpp },
  { name: 'repair by C++', run: repairByCpp },
]

/** The copy has what the directory had; what Varve then does to one changes nothing in the other, though they share files. */
async function checkpointByCpp(directory: string, random: Random): Promise<Checked> {
  const made = await make(join(directory, 'db'), random)
  const copy = join(directory, 'checkpoint')
  await ldb(made.directory, ['checkpoint', `--checkpoint_dir=${copy}`])
  const before: Contents = new Map([...made.contents].map(([name, model]) => [name, model.copy()]))
  await goOn(made, random)
  return goOn({ ...made, directory: copy, contents: before }, random)
}

/** Two backups of the same directory, the second with what was written meanwhile; it is restored into a new one. */
async function backupByCpp(directory: string, random: Random): Promise<Checked> {
  const made = await make(join(directory, 'db'), random)
  const backups = `--backup_dir=${join(directory, 'backups')}`
  await ldb(made.directory, ['backup', backups])
  await goOn(made, random)
  await ldb(made.directory, ['backup', backups])
  const restored = join(directory, 'restored')
  await ldb(restored, ['restore', backups])
  return goOn({ ...made, directory: restored }, random)
}

/**
 * Tables from `SstFileWriter`: all their entries have one sequence, which the MANIFEST or the table itself tells. Not under
 * FIFO: C++ puts a table into the last level and drops it with its next compaction.
 */
async function ingestByCpp(directory: string, random: Random): Promise<Checked> {
  const compactionStyle = random.pick(['leveled', 'universal'] as const)
  const made = await make(join(directory, 'db'), random, { family: { compactionStyle } })
  const keys = new KeySpace(random, 600)
  const [columnFamily, model] = random.pick([...made.contents])
  for (let tables = random.between(1, 4); tables > 0; tables--) {
    const rows = new SortedModel()
    for (let n = random.between(1, 300); n > 0; n--) rows.put(keys.pick(random), randomValue(random, 3000))
    const table = join(directory, `external-${tables}.sst`)
    const family = `--column_family=${columnFamily}`
    const move = random.chance(0.5) ? ['--move_files'] : []
    const lines = loadLines(rows.rows())
    await external(made.directory, ['write_extern_sst', table, '--hex', family], lines)
    await external(made.directory, ['ingest_extern_sst', table, family, ...move])
    for (const [key, value] of rows.rows()) model.put(key, value)
    if (random.chance(0.5)) await goOn(made, random)
  }
  return goOn(made, random)
}

/** These two say on stderr that they have done it. */
async function external(directory: string, args: readonly string[], input?: string): Promise<void> {
  const { status, stderr } = await run('ldb', [`--db=${directory}`, ...args], input)
  if (status !== 0 || !/^external SST files? (written to .*|ingested)$/.test(stderr.trim()))
    throw new OracleError(`ldb ${args.join(' ')} of ${directory} ended with status ${status}: ${stderr}`)
}

/**
 * CURRENT and the MANIFEST are gone; C++ makes new ones of what the tables and logs say, with all tables in level 0. What
 * its repair of 7.8 loses is left out: blob files, ingested tables, families without a table, merge operands in logs. So is
 * what it aborts on, a MANIFEST that grows too large meanwhile with several families; what it refuses, tables that
 * compactions of a part have left, for in level 0 they lie in no order; and logs of which a part is in tables already,
 * whose entries are there twice then.
 */
async function repairByCpp(directory: string, random: Random): Promise<Checked> {
  const made = await make(join(directory, 'db'), random, {
    family: { enableBlobFiles: false, disableAutoCompactions: true },
    database: { maxManifestFileSize: 2 ** 30, maxTotalWalSize: 0 },
    shares: WITHOUT_MERGES,
  })
  await giveEachATable(made)
  await goOnInVarve({ ...made, options: withoutFlushes(made.options) }, random, WITHOUT_MERGES)
  for (const name of readdirSync(made.directory))
    if (name === 'CURRENT' || name.startsWith('MANIFEST-')) rmSync(join(made.directory, name))
  const { status, stdout, stderr } = await run('ldb', [`--db=${made.directory}`, 'repair'])
  if (status !== 0 || stdout.trim() !== 'OK' || /\[ERROR\]|ignoring/.test(stderr))
    throw new OracleError(`ldb repair of ${made.directory} ended with status ${status}: ${stdout}${stderr}`)
  return goOn(made, random)
}

const WITHOUT_MERGES: Partial<OperationShares> = { merge: 0 }

function withoutFlushes(options: OpenOptions): OpenOptions {
  const unreached = { writeBufferSize: 2 ** 28 }
  const families = Object.entries(options.columnFamilies ?? {})
  const columnFamilies = Object.fromEntries(families.map(([name, own]) => [name, { ...own, ...unreached }]))
  return { ...options, ...unreached, columnFamilies }
}

async function giveEachATable({ directory, options, contents }: Made): Promise<void> {
  const row = Buffer.from('a row that is in a table')
  await inVarve(directory, options, async db => {
    for (const [columnFamily, model] of contents) {
      model.put(row, row)
      await db.put(row, row, { columnFamily })
    }
    await db.flush()
  })
}

/** What all directories of a check have in common. */
interface Common {
  database?: OpenOptions
  family?: ColumnFamilyOptions
  shares?: Partial<OperationShares>
}

/** A random directory, closed, in which every column family has rows. */
async function make(directory: string, random: Random, common: Common = {}): Promise<Made> {
  const families = randomFamilies(random)
  const own = () => ({ ...randomFamilyOptions(random), ...common.family })
  const options: OpenOptions = {
    ...randomOpenOptions(random),
    ...common.database,
    ...common.family,
    columnFamilies: Object.fromEntries(families.slice(1).map(name => [name, own()])),
  }
  const made = { directory, options, contents: emptyContents(families) }
  for (let rounds = random.between(1, 2); rounds > 0; rounds--) await goOnInVarve(made, random, common.shares)
  return made
}

/** Varve finds what should be there, and adds to it. */
async function goOnInVarve(
  { directory, options, contents }: Made,
  random: Random,
  shares?: Partial<OperationShares>,
): Promise<void> {
  await inVarve(directory, options, async db => {
    await compareWithVarve(db, contents, random)
    const operations = random.pick([50, 500, 2000])
    await writeThroughVarve(db, contents, random, { operations, keySpace: 600, shares })
    await settle(db, random)
    await compareWithVarve(db, contents, random)
  })
}

/** The same, and C++ finds it in order. */
async function goOn(made: Made, random: Random): Promise<Checked> {
  await goOnInVarve(made, random)
  return checkInCpp(made.directory, made.contents)
}

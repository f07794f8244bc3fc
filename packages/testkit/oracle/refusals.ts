/**
 * What C++ can put into a directory and Varve cannot serve yet. Each must be refused with `NOT_SUPPORTED` that
 * names it, at open or at the latest when it is read, and a refused open must leave every byte as it was.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isVarveError, open } from 'varve'
import { dbBench, OracleError } from './tools.ts'

export interface Refusal {
  name: string
  /** What `details.feature` of the error must speak of. */
  feature: RegExp
  make(directory: string): Promise<void>
}

const tables = ['--write_buffer_size=70000', '--num=3000', '--value_size=100']

export const refusals: readonly Refusal[] = [
  {
    name: 'blob files of the stacked BlobDB',
    feature: /stacked BlobDB/i,
    make: directory =>
      bench(directory, ['fillrandom,flush', '--num=1000', '--use_blob_db=1', '--blob_db_min_blob_size=1']),
  },
  {
    name: 'plain tables',
    feature: /plain|table/i,
    make: directory =>
      bench(directory, ['fillseq', ...tables, '--use_plain_table', '--mmap_read', '--prefix_size=8']),
  },
  {
    name: 'cuckoo tables',
    feature: /cuckoo|table/i,
    make: directory => bench(directory, ['filluniquerandom', ...tables, '--use_cuckoo_table', '--mmap_read']),
  },
]

/** Makes the directory and offers it to Varve. Returns where it was refused; throws when it was not. */
export async function checkRefusal(directory: string, refusal: Refusal): Promise<'open' | 'read'> {
  await refusal.make(directory)
  const before = fingerprint(directory)
  const error = await errorOf(() => readEverything(directory))
  const named = isVarveError(error, 'NOT_SUPPORTED') && refusal.feature.test(String(error.details.feature))
  if (!named) throw new OracleError(`${refusal.name}: expected NOT_SUPPORTED that names it, got ${error}`)
  const openError = await errorOf(() => openAndClose(directory))
  if (openError === undefined) return 'read'
  const changes = differences(before, fingerprint(directory))
  if (changes.length > 0) throw new OracleError(`${refusal.name}: the refused open changed ${changes}`)
  return 'open'
}

/** A digest of each file below a directory. */
export function fingerprint(directory: string): Map<string, string> {
  const digests = new Map<string, string>()
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    digests.set(path, createHash('sha256').update(readFileSync(path)).digest('hex'))
  }
  return digests
}

/** The files that came, went or changed. */
export function differences(before: Map<string, string>, after: Map<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].filter(name => before.get(name) !== after.get(name))
}

async function readEverything(directory: string): Promise<void> {
  const db = await open(directory, { readOnly: true })
  try {
    for (const columnFamily of db.columnFamilyNames()) await db.entries({ columnFamily }).toArray()
  } finally {
    await db.close()
  }
}

async function openAndClose(directory: string): Promise<void> {
  const db = await open(directory)
  await db.close()
}

async function errorOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error
  }
}

async function bench(directory: string, [benchmark, ...flags]: readonly string[]): Promise<void> {
  await dbBench(directory, [`--benchmarks=${benchmark}`, ...flags])
}

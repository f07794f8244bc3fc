/** Everything C++ RocksDB can be asked about a directory that it should find in order. */
import { readdirSync } from 'node:fs'
import type { SortedModel } from '../model/sorted-model.ts'
import { compareWithCpp } from './cpp-rows.ts'
import { cppColumnFamilies, ldb, OracleError, run } from './tools.ts'

/** The contents of a database by column family. */
export type Contents = Map<string, SortedModel>

/** What was compared, for the counts that every program prints. */
export interface Checked {
  rows: number
  tables: number
}

/**
 * Opens the directory in C++: `checkconsistency` agrees, the column families are these, every row is equal,
 * and `sst_dump` verifies each table without a word on stderr.
 */
export async function checkInCpp(directory: string, contents: Contents): Promise<Checked> {
  const said = await ldb(directory, ['checkconsistency'])
  if (said.trim() !== 'OK') throw new OracleError(`ldb checkconsistency of ${directory} said: ${said}`)
  const families = (await cppColumnFamilies(directory)).sort()
  const expected = [...contents.keys()].sort()
  if (families.join() !== expected.join()) {
    throw new OracleError(`${directory} has the column families ${families}, expected ${expected}`)
  }
  let rows = 0
  for (const [name, model] of contents) rows += await compareWithCpp(directory, name, model.rows())
  return { rows, tables: await checkTables(directory) }
}

/** Verifies every table of the directory; returns how many. */
export async function checkTables(directory: string): Promise<number> {
  const tables = readdirSync(directory).filter(name => name.endsWith('.sst'))
  if (tables.length === 0) return 0
  await checkTable(directory)
  return tables.length
}

/** `sst_dump` ends with 0 whatever it finds, so stderr and the text both have to be free of complaints. */
async function checkTable(path: string): Promise<void> {
  const { status, stdout, stderr } = await run('sst_dump', [
    `--file=${path}`,
    '--command=check',
    '--verify_checksum',
  ])
  const complaint = /corruption|not a valid|error|invalid/i.exec(stdout)
  if (status !== 0 || stderr !== '' || complaint !== null) {
    throw new OracleError(`sst_dump --command=check of ${path} ended with ${status}: ${stderr}${stdout}`)
  }
}

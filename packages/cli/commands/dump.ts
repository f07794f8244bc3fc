/** `varve dump`: a whole database as rows, or one of its files byte by byte. */
import { statSync } from 'node:fs'
import type { Command } from 'commander'
import { withExample } from '../command-line.ts'
import { cannotOpen } from '../exit.ts'
import { addDumpOptions, dumpers, dumpFile, type FileDumpOptions, kindOf } from '../file-dump.ts'
import { withDatabase } from '../open-database.ts'
import { Output } from '../output.ts'
import { rowWriter } from '../row-writer.ts'

export function addDump(program: Command): void {
  const command = addDumpOptions(program.command('dump <path>'))
    .description(
      'Prints a whole database as lines of JSON, or a file of one byte by byte.\n' +
        'The lines are what `varve load --format ndjson` takes; column families are named in them.',
    )
    .action(dump)
  withExample(
    command,
    'varve dump ./data > rows.ndjson',
    'varve dump ./data | varve load ./copy --format ndjson',
    'varve dump ./data/CURRENT',
  )
}

async function dump(path: string, options: FileDumpOptions): Promise<void> {
  if (isDirectory(path)) await dumpDatabase(path, options.limit ?? Number.POSITIVE_INFINITY)
  else await dumpFile(path, dumpers[kindOf(path)], options)
}

async function dumpDatabase(path: string, limit: number): Promise<void> {
  await withDatabase(path, 'read', async database => {
    const output = new Output()
    let left = limit
    for (const columnFamily of database.columnFamilyNames()) {
      const writeRow = rowWriter(output, { kind: 'json', keysOnly: false, columnFamily })
      const range = { columnFamily, fillCache: false, ...(Number.isFinite(left) ? { limit: left } : {}) }
      for await (const batch of database.livingEntries(range).batches()) {
        for (const { key, value, expiresAt } of batch) writeRow(key, value, expiresAt)
        left -= batch.length
      }
    }
    output.flush()
  })
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (error) {
    throw cannotOpen(error)
  }
}

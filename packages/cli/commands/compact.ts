/** `varve compact`: rewrites a range into the last level, and so gives back the space of old versions. */
import type { Command } from 'commander'
import type { Database } from 'varve'
import { engineOption, familyOption, hexOption, withExample } from '../command-line.ts'
import { parseBytes } from '../key-text.ts'
import { parseOptions, withDatabase } from '../open-database.ts'
import { formatBytes, formatDuration, ProgressBar } from '../progress-bar.ts'

interface CompactCommandOptions {
  start?: string
  end?: string
  hex?: true
  cf?: string
  option?: string[]
}

export function addCompact(program: Command): void {
  const command = program
    .command('compact <db>')
    .description('Rewrites a range of keys, or all, into the last level. Frees the space of old versions.')
    .option('--start <key>', 'first key, inclusive')
    .option('--end <key>', 'last key, inclusive')
    .addOption(familyOption().default(undefined, 'all column families'))
    .addOption(hexOption())
    .addOption(engineOption())
    .action(compact)
  withExample(command, 'varve compact ./data', 'varve compact ./data --start user:1 --end user:9')
}

async function compact(path: string, options: CompactCommandOptions): Promise<void> {
  const range = {
    ...bound('start', options),
    ...bound('end', options),
  }
  const work = async (database: Database) => {
    const begun = performance.now()
    const before = tableBytes(database)
    for (const columnFamily of options.cf === undefined ? database.columnFamilyNames() : [options.cf]) {
      await compactFamily(database, columnFamily, range)
    }
    const seconds = (performance.now() - begun) / 1000
    const sizes = `${formatBytes(before)} of tables became ${formatBytes(tableBytes(database))}`
    process.stderr.write(`compacted in ${formatDuration(seconds)}: ${sizes}\n`)
  }
  await withDatabase(path, 'write', work, parseOptions(options.option))
}

async function compactFamily(database: Database, columnFamily: string, range: object): Promise<void> {
  let bar: ProgressBar | undefined
  await database.compact({
    ...range,
    columnFamily,
    onProgress({ bytesRead, bytesTotal }) {
      bar ??= new ProgressBar(`compacting ${columnFamily}`, bytesTotal)
      bar.update({ bytes: bytesRead })
    },
  })
  bar?.finish()
}

function bound(name: 'start' | 'end', options: CompactCommandOptions): object {
  const word = options[name]
  return word === undefined ? {} : { [name]: parseBytes(word, options.hex === true, `--${name}`) }
}

function tableBytes(database: Database): number {
  return database.liveFiles().reduce((sum, { size }) => sum + size, 0)
}

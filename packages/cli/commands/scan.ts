/** `varve scan`: the entries of a range, in key order, one a line. */
import type { Command } from 'commander'
import { familyOption, hexOption, jsonOption, parseCount, withExample } from '../command-line.ts'
import { parseBytes } from '../key-text.ts'
import { withDatabase } from '../open-database.ts'
import { Output } from '../output.ts'
import { type RowStyle, rowWriter } from '../row-writer.ts'
import { familyOf } from '../write-options.ts'

interface ScanOptions {
  start?: string
  end?: string
  prefix?: string
  limit?: number
  reverse?: true
  cf?: string
  hex?: true
  json?: true
  keysOnly?: true
  escapes: boolean
}

export function addScan(program: Command): void {
  const command = program
    .command('scan <db>')
    .description('Prints entries in key order as key<TAB>value lines.')
    .option('--start <key>', 'first key, inclusive')
    .option('--end <key>', 'last key, exclusive')
    .option('--prefix <key>', 'only keys that begin so')
    .option('--limit <n>', 'at most so many entries', parseCount)
    .option('--reverse', 'from the last key to the first')
    .option('--keys-only', 'leave the values out')
    .addOption(familyOption())
    .addOption(hexOption())
    .addOption(jsonOption('lines of JSON, as `varve load --format ndjson` takes them'))
    .option('--no-escapes', 'bytes as they are, also those that break lines')
    .action(scan)
  withExample(
    command,
    'varve scan ./data --prefix user: --limit 10',
    'varve scan ./data --start a --end b --reverse --keys-only',
    'varve scan ./data --json | varve load ./copy --format ndjson',
  )
  command.addHelpText(
    'after',
    '\nTab, newline, return and backslash print as \\t \\n \\r \\\\, other control bytes as \\xNN.',
  )
}

async function scan(path: string, options: ScanOptions): Promise<void> {
  const range = rangeOf(options)
  await withDatabase(path, 'read', async database => {
    const output = new Output()
    const writeRow = rowWriter(output, styleOf(options))
    if (options.json === true) {
      for await (const batch of database.livingEntries(range).batches())
        for (const { key, value, expiresAt } of batch) writeRow(key, value, expiresAt)
    } else {
      for await (const batch of database.entries(range).batches())
        for (const [key, value] of batch) writeRow(key, value)
    }
    output.flush()
  })
}

function styleOf({ json, hex, escapes, keysOnly, cf }: ScanOptions): RowStyle {
  const kind = json === true ? 'json' : hex === true ? 'hex' : escapes ? 'text' : 'raw'
  return { kind, keysOnly: keysOnly === true, ...(cf === undefined ? {} : { columnFamily: cf }) }
}

function rangeOf(options: ScanOptions) {
  const bound = (name: 'start' | 'end' | 'prefix') => {
    const word = options[name]
    return word === undefined ? {} : { [name]: parseBytes(word, options.hex === true, `--${name}`) }
  }
  return {
    ...bound('start'),
    ...bound('end'),
    ...bound('prefix'),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    reverse: options.reverse === true,
    fillCache: false,
    ...familyOf(options),
  }
}

/** `varve delete-range`: all keys of a range at once. */
import type { Command } from 'commander'
import { familyOption, hexOption, syncOption, withExample } from '../command-line.ts'
import { parseBytes } from '../key-text.ts'
import { withDatabase } from '../open-database.ts'
import { familyOf, writeOptions } from '../write-options.ts'

interface DeleteRangeOptions {
  hex?: true
  cf?: string
  sync?: true
  filesOnly?: true
}

export function addDeleteRange(program: Command): void {
  const command = program
    .command('delete-range <db> <start> <end>')
    .description('Deletes all keys from START to before END.')
    .addOption(hexOption())
    .addOption(familyOption())
    .addOption(syncOption())
    .option(
      '--files-only',
      'only give space back: remove the table files that lie wholly in the range, and no others',
    )
    .action(deleteRange)
  withExample(
    command,
    'varve delete-range ./data user:1 user:2',
    'varve delete-range ./data log:2024 log:2025 --files-only',
  )
}

async function deleteRange(
  path: string,
  start: string,
  end: string,
  options: DeleteRangeOptions,
): Promise<void> {
  const isHex = options.hex === true
  const [startBytes, endBytes] = [parseBytes(start, isHex, 'START'), parseBytes(end, isHex, 'END')]
  await withDatabase(path, 'write', async database => {
    if (options.filesOnly !== true) return database.deleteRange(startBytes, endBytes, writeOptions(options))
    const range = { start: startBytes, end: endBytes }
    const removed = await database.deleteFilesInRanges([range], { includeEnd: false, ...familyOf(options) })
    process.stderr.write(`removed ${removed.files} files, ${removed.bytes} bytes\n`)
  })
}

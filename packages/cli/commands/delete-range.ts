/** `varve delete-range`: all keys of a range at once. */
import type { Command } from 'commander'
import { familyOption, hexOption, syncOption, withExample } from '../command-line.ts'
import { parseBytes } from '../key-text.ts'
import { withDatabase } from '../open-database.ts'
import { writeOptions } from '../write-options.ts'

interface DeleteRangeOptions {
  hex?: true
  cf?: string
  sync?: true
}

export function addDeleteRange(program: Command): void {
  const command = program
    .command('delete-range <db> <start> <end>')
    .description('Deletes all keys from START to before END.')
    .addOption(hexOption())
    .addOption(familyOption())
    .addOption(syncOption())
    .action(deleteRange)
  withExample(command, 'varve delete-range ./data user:1 user:2')
}

async function deleteRange(
  path: string,
  start: string,
  end: string,
  options: DeleteRangeOptions,
): Promise<void> {
  const isHex = options.hex === true
  const [startBytes, endBytes] = [parseBytes(start, isHex, 'START'), parseBytes(end, isHex, 'END')]
  await withDatabase(path, 'write', db => db.deleteRange(startBytes, endBytes, writeOptions(options)))
}

/** `varve get`: the value of a key, and a newline. */
import type { Command } from 'commander'
import { familyOption, hexOption, withExample } from '../command-line.ts'
import { CommandEnd, ExitCode } from '../exit.ts'
import { formatHex, parseBytes } from '../key-text.ts'
import { withDatabase } from '../open-database.ts'
import { Output } from '../output.ts'
import { familyOf } from '../write-options.ts'

interface GetOptions {
  hex?: true
  cf?: string
}

export function addGet(program: Command): void {
  const command = program
    .command('get <db> <key>')
    .description('Prints the value of a key and a newline. Exits with 1 when there is no such key.')
    .addOption(hexOption())
    .addOption(familyOption())
    .action(get)
  withExample(command, 'varve get ./data user:1', 'varve get ./data 0x6B31 --hex')
}

async function get(path: string, key: string, options: GetOptions): Promise<void> {
  const keyBytes = parseBytes(key, options.hex === true, 'KEY')
  const value = await withDatabase(path, 'read', database => database.get(keyBytes, familyOf(options)))
  if (value === undefined) throw new CommandEnd(ExitCode.failed, 'not found')
  const output = new Output()
  if (options.hex === true) output.text(formatHex(value))
  else output.pending.append(value)
  output.line('')
  output.flush()
}

/** `varve put`: one key and its value. */
import type { Command } from 'commander'
import { engineOption, familyOption, hexOption, syncOption, withExample } from '../command-line.ts'
import { parseBytes } from '../key-text.ts'
import { parseOptions, withDatabase } from '../open-database.ts'
import { writeOptions } from '../write-options.ts'

interface PutOptions {
  hex?: true
  cf?: string
  sync?: true
  option?: string[]
}

export function addPut(program: Command): void {
  const command = program
    .command('put <db> <key> <value>')
    .description('Stores a value under a key. Creates the database when there is none.')
    .addOption(hexOption())
    .addOption(familyOption())
    .addOption(syncOption())
    .addOption(engineOption())
    .action(put)
  withExample(
    command,
    'varve put ./data user:1 Ada',
    'varve put ./data 0x6B31 0x7631 --hex --sync',
    'varve put ./data -- -key -value',
  )
}

async function put(path: string, key: string, value: string, options: PutOptions): Promise<void> {
  const keyBytes = parseBytes(key, options.hex === true, 'KEY')
  const valueBytes = parseBytes(value, options.hex === true, 'VALUE')
  await withDatabase(
    path,
    'create',
    async database => {
      if (options.cf !== undefined) await database.columnFamily(options.cf)
      await database.put(keyBytes, valueBytes, writeOptions(options))
    },
    parseOptions(options.option),
  )
}

/** `varve delete`: one key. Deleting a key that is not there is no error, as in RocksDB. */
import type { Command } from 'commander'
import { familyOption, hexOption, syncOption, withExample } from '../command-line.ts'
import { parseBytes } from '../key-text.ts'
import { withDatabase } from '../open-database.ts'
import { writeOptions } from '../write-options.ts'

interface DeleteOptions {
  hex?: true
  cf?: string
  sync?: true
}

export function addDelete(program: Command): void {
  const command = program
    .command('delete <db> <key>')
    .description('Deletes a key. It is no error when there is no such key.')
    .addOption(hexOption())
    .addOption(familyOption())
    .addOption(syncOption())
    .action(deleteKey)
  withExample(command, 'varve delete ./data user:1')
}

async function deleteKey(path: string, key: string, options: DeleteOptions): Promise<void> {
  const keyBytes = parseBytes(key, options.hex === true, 'KEY')
  await withDatabase(path, 'write', database => database.delete(keyBytes, writeOptions(options)))
}

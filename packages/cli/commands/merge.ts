/** `varve merge`: an operand for a key, as the merge operator of the column family takes it. */
import type { Command } from 'commander'
import { engineOption, familyOption, hexOption, syncOption, withExample } from '../command-line.ts'
import { parseBytes } from '../key-text.ts'
import { parseOptions, withDatabase } from '../open-database.ts'
import { writeOptions } from '../write-options.ts'

interface MergeOptions {
  hex?: true
  cf?: string
  sync?: true
  option?: string[]
}

export function addMerge(program: Command): void {
  const command = program
    .command('merge <db> <key> <operand>')
    .description(
      'Merges an operand into the value of a key. The operator is that of the database, or an option.',
    )
    .addOption(hexOption())
    .addOption(familyOption())
    .addOption(syncOption())
    .addOption(engineOption())
    .action(merge)
  withExample(
    command,
    'varve merge ./data log "one more line" --option mergeOperator=stringappend',
    'varve merge ./data user:1 \'{"age":37}\' --option mergeOperator=jsonMergePatch',
  )
}

async function merge(path: string, key: string, operand: string, options: MergeOptions): Promise<void> {
  const keyBytes = parseBytes(key, options.hex === true, 'KEY')
  const operandBytes = parseBytes(operand, options.hex === true, 'OPERAND')
  const write = writeOptions(options)
  await withDatabase(
    path,
    'write',
    database => database.merge(keyBytes, operandBytes, write),
    parseOptions(options.option),
  )
}

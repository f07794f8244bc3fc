/** `varve put`: one key and its value. */
import type { Command } from 'commander'
import type { OpenOptions } from 'varve'
import { engineOption, familyOption, hexOption, syncOption, withExample } from '../command-line.ts'
import { parseDuration } from '../duration.ts'
import { parseBytes } from '../key-text.ts'
import { parseOptions, withDatabase } from '../open-database.ts'
import { writeOptions } from '../write-options.ts'

interface PutOptions {
  hex?: true
  cf?: string
  sync?: true
  option?: string[]
  /** In seconds. */
  ttl?: number
}

export function addPut(program: Command): void {
  const command = program
    .command('put <db> <key> <value>')
    .description('Stores a value under a key. Creates the database when there is none.')
    .addOption(hexOption())
    .addOption(familyOption())
    .addOption(syncOption())
    .option('--ttl <time>', 'the key is gone after 500ms, 10s, 5m, 2h, 30d', parseDuration)
    .addOption(engineOption())
    .action(put)
  withExample(
    command,
    'varve put ./data user:1 Ada',
    'varve put ./data 0x6B31 0x7631 --hex --sync',
    'varve put ./cache session:7 token --ttl 30m',
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
      await database.put(keyBytes, valueBytes, { ...writeOptions(options), ...lifetimeOf(options) })
    },
    { ...expiringFamily(options), ...parseOptions(options.option) },
  )
}

function lifetimeOf({ ttl }: PutOptions): { ttl?: number } {
  return ttl === undefined ? {} : { ttl }
}

/** A key that expires makes its column family one for such keys, if it is new. */
function expiringFamily({ ttl, cf = 'default' }: PutOptions): OpenOptions {
  return ttl === undefined ? {} : { columnFamilies: { [cf]: { expiringKeys: true } } }
}

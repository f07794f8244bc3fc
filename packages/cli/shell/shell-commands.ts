/** The commands of `varve shell`, in one table: what they are called, what they take, what they do. */
import type { Database } from 'varve'
import type { Output } from '../output.ts'
import { formatCount } from '../progress-bar.ts'
import { rowWriter } from '../row-writer.ts'
import type { Word } from './words.ts'

export interface ShellState {
  readonly database: Database
  /** The column family that commands are about. */
  columnFamily: string
  /** Set by `exit`. */
  done: boolean
}

interface ShellCommand {
  /** Words behind the name: at least, and at most. */
  arity: readonly [min: number, max: number]
  usage: string
  help: string
  run(state: ShellState, words: readonly Word[], output: Output): Promise<void> | void
}

/** Shown rows of a scan unless it asks for more. */
const SCAN_LIMIT = 20

export const shellCommands: Readonly<Record<string, ShellCommand>> = {
  get: {
    arity: [1, 1],
    usage: 'get KEY',
    help: 'prints the value of a key',
    async run({ database, columnFamily }, [key], output) {
      const value = await database.get(key.bytes, { columnFamily })
      if (value === undefined) throw new ShellError('not found')
      output.pending.append(value)
      output.line('')
    },
  },
  put: {
    arity: [2, 2],
    usage: 'put KEY VALUE',
    help: 'stores a value under a key',
    async run({ database, columnFamily }, [key, value]) {
      await database.put(key.bytes, value.bytes, { columnFamily })
    },
  },
  delete: {
    arity: [1, 1],
    usage: 'delete KEY',
    help: 'deletes a key',
    async run({ database, columnFamily }, [key]) {
      await database.delete(key.bytes, { columnFamily })
    },
  },
  scan: {
    arity: [0, 2],
    usage: 'scan [PREFIX [LIMIT]]',
    help: `prints entries that begin so, at most ${SCAN_LIMIT} unless LIMIT says otherwise`,
    async run({ database, columnFamily }, [prefix, limitWord], output) {
      const limit = limitWord === undefined ? SCAN_LIMIT : countOf(limitWord)
      const range = {
        columnFamily,
        limit: limit + 1,
        ...(prefix === undefined ? {} : { prefix: prefix.bytes }),
      }
      const writeRow = rowWriter(output, { kind: 'text', keysOnly: false })
      let rows = 0
      for await (const batch of database.entries(range).batches()) {
        for (const [key, value] of batch) if (rows++ < limit) writeRow(key, value)
      }
      if (rows > limit)
        output.line(
          `... there is more; scan ${prefix?.text ?? '""'} ${formatCount(10 * limit)} shows more of it`,
        )
    },
  },
  cf: {
    arity: [0, 1],
    usage: 'cf [NAME]',
    help: 'lists the column families, or goes over to one',
    run(state, [name], output) {
      const names = state.database.columnFamilyNames()
      if (name === undefined) {
        for (const known of names) output.line(`${known === state.columnFamily ? '*' : ' '} ${known}`)
      } else if (names.includes(name.text)) state.columnFamily = name.text
      else throw new ShellError(`there is no column family ${name.text}`)
    },
  },
  stats: {
    arity: [0, 0],
    usage: 'stats',
    help: 'prints levels, sizes and counters',
    run({ database, columnFamily }, _words, output) {
      output.line(database.property('rocksdb.stats', { columnFamily }) ?? '')
    },
  },
  compact: {
    arity: [0, 0],
    usage: 'compact',
    help: 'rewrites the column family into its last level',
    async run({ database, columnFamily }) {
      await database.compact({ columnFamily })
    },
  },
  help: {
    arity: [0, 0],
    usage: 'help',
    help: 'prints this',
    run(_state, _words, output) {
      for (const { usage, help } of Object.values(shellCommands)) output.line(`  ${usage.padEnd(22)} ${help}`)
      output.line('Words with spaces go in double quotes, bytes in hex: 0x6B31.')
    },
  },
  exit: {
    arity: [0, 0],
    usage: 'exit',
    help: 'closes the database and leaves; Ctrl-D does the same',
    run(state) {
      state.done = true
    },
  },
}

/** A command that could not be done; the shell goes on. */
export class ShellError extends Error {}

export async function runCommand(
  state: ShellState,
  [name, ...words]: readonly Word[],
  output: Output,
): Promise<void> {
  const command = Object.hasOwn(shellCommands, name.text) ? shellCommands[name.text] : undefined
  if (command === undefined) throw new ShellError(`unknown command ${name.text}; help lists them`)
  const [min, max] = command.arity
  if (words.length < min || words.length > max) throw new ShellError(`usage: ${command.usage}`)
  await command.run(state, words, output)
}

function countOf({ text }: Word): number {
  const count = /^[\d,]{1,15}$/.test(text) ? Number(text.replaceAll(',', '')) : 0
  if (count < 1) throw new ShellError('LIMIT must be a whole number, 1 or more')
  return count
}

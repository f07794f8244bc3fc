/** What several commands share on their command line, so that it is spelt and explained the same everywhere. */
import { type Command, InvalidArgumentError, Option } from 'commander'

export function hexOption(): Option {
  return new Option('--hex', 'keys and values as hex: 0x6B31')
}

export function familyOption(): Option {
  return new Option('--cf <name>', 'column family (default: default)')
}

export function syncOption(): Option {
  return new Option('--sync', 'return only when the write is on the disk')
}

export function jsonOption(what: string): Option {
  return new Option('--json', what)
}

/** `--option name=value`, any number of times: every option of the engine by RocksDB's name or ours. */
export function engineOption(): Option {
  return new Option(
    '-o, --option <name=value>',
    'engine option, such as write_buffer_size=134217728; can be repeated',
  ).argParser((pair: string, pairs: string[] = []) => [...pairs, pair])
}

export function withExample(command: Command, ...lines: string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map(line => `  $ ${line}`).join('\n')}`)
}

export function parseCount(text: string): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(count)) throw new InvalidArgumentError('It must be a whole number, 0 or more.')
  return count
}

export function parsePositive(text: string): number {
  const count = parseCount(text)
  if (count === 0) throw new InvalidArgumentError('It must be 1 or more.')
  return count
}

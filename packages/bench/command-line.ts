/** The options of `npm run bench`, and what they mean. */
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Settings } from './settings.ts'
import { systemNamed, systems } from './systems/index.ts'
import { type Workload, withReferences, workloads } from './workloads/index.ts'

export interface Command {
  help: boolean
  json: boolean
  save: boolean
  repetitions: number
  systems: string[]
  workloads: Workload[]
  settings: Settings
  directory: string
}

export class UsageError extends Error {}

const DEFAULT_SEED = 20_260_101

const options = {
  help: { type: 'boolean', short: 'h', default: false },
  json: { type: 'boolean', default: false },
  save: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  compare: { type: 'boolean', default: false },
  num: { type: 'string' },
  seconds: { type: 'string' },
  repetitions: { type: 'string' },
  seed: { type: 'string' },
  workloads: { type: 'string' },
  systems: { type: 'string' },
  dir: { type: 'string' },
} as const

export function parseCommand(args: readonly string[]): Command {
  const values = parse(args)
  const { quick, compare } = values
  const named = values.workloads?.split(',') ?? defaultWorkloads(compare)
  const wanted = values.systems?.split(',') ?? systems.map(({ name }) => name)
  return {
    help: values.help,
    json: values.json,
    save: values.save,
    repetitions: count('repetitions', values.repetitions, quick ? 1 : compare ? 5 : 3),
    systems: checked(wanted, systemNamed).map(({ name }) => name),
    workloads: checked([named], withReferences).flat(),
    settings: {
      num: count('num', values.num, quick ? 100_000 : 1_000_000),
      seconds: count('seconds', values.seconds, quick ? 5 : 30),
      syncedWrites: quick ? 500 : 2_000,
      seed: count('seed', values.seed, DEFAULT_SEED),
    },
    directory: values.dir ?? tmpdir(),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function defaultWorkloads(compare: boolean): string[] {
  return workloads.filter(({ isBasic }) => compare || isBasic).map(({ name }) => name)
}

function checked<Name, Found>(names: readonly Name[], find: (name: Name) => Found): Found[] {
  try {
    return names.map(find)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function count(option: string, text: string | undefined, absent: number): number {
  if (text === undefined) return absent
  const number = Number(text.replaceAll('_', ''))
  if (Number.isSafeInteger(number) && number > 0 && number < 2 ** 32) return number
  throw new UsageError(`--${option} ${text}: must be a whole number from 1 to ${2 ** 32 - 1}`)
}

export function helpText(): string {
  const list = (rows: readonly (readonly [string, string])[]) =>
    rows.map(([name, says]) => `  ${name.padEnd(20)} ${says}`).join('\n')
  return `Usage: npm run bench -- [options]

Measures Varve beside C++ RocksDB (db_bench, one thread) and the embedded databases that npm has.

${list([
  ['--compare', 'all workloads, 5 repetitions'],
  ['--quick', 'a look: 100 000 keys, one repetition, no workload longer than 5 s'],
  ['--workloads=A,B', 'these only; fills and compactions they need run unmeasured'],
  ['--systems=A,B', 'these only'],
  ['--num=N', 'keys and operations (1 000 000)'],
  ['--seconds=S', 'a workload ends after S seconds, done or not (30)'],
  ['--repetitions=R', 'runs of each system, each in a process of its own (3)'],
  ['--dir=DIR', `where databases are made and removed (${tmpdir()})`],
  ['--seed=N', 'of all randomness'],
  [
    '--json',
    'prints rows { workload, system, opsPerSecond, ratioToRocksdb, ratioToBestPeer } and nothing else',
  ],
  ['--save', 'writes docs/measurements/bench-<date>.md'],
])}

Workloads (* are run when none are named):
${list(workloads.map(({ name, says, isBasic }) => [`${isBasic ? '*' : ' '} ${name}`, says]))}

Systems:
${list(systems.map(({ name, mode }) => [name, mode]))}

10 million keys, with stalls and memory: node packages/bench/load.ts --help`
}

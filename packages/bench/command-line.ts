/** The options of `npm run bench`, and what they mean. help.ts says it to people. */
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Baseline } from './check/baseline.ts'
import type { Settings } from './settings.ts'
import { systemNamed, systems } from './systems/index.ts'
import { type Workload, withReferences, workloads } from './workloads/index.ts'

/** What is done: measuring workloads side by side, or one of those that have options of their own. */
export type Mode = 'measure' | 'check' | 'growth' | 'latency' | 'amplification'

export interface Command {
  mode: Mode
  help: boolean
  json: boolean
  save: boolean
  writeBaseline: boolean
  repetitions: number
  systems: string[]
  workloads: Workload[]
  settings: Settings
  directory: string
  /** Of growth: numbers of keys. */
  sizes: number[]
  /** Of latency: operations per second. */
  rate: number
  /** Of amplification: puts. */
  writes: number
}

export class UsageError extends Error {}

const DEFAULT_SEED = 20_260_101
const DEFAULT_SIZES = [1_000_000, 10_000_000, 50_000_000]
const QUICK_SIZES = [50_000, 100_000, 200_000]

/** Where a mode differs from `npm run bench` without options. */
interface Defaults {
  num: number
  seconds: number
  repetitions: number
  workloads: string[]
}

const options = {
  help: { type: 'boolean', short: 'h', default: false },
  json: { type: 'boolean', default: false },
  save: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  compare: { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  'write-baseline': { type: 'boolean', default: false },
  growth: { type: 'boolean', default: false },
  latency: { type: 'boolean', default: false },
  amplification: { type: 'boolean', default: false },
  num: { type: 'string' },
  sizes: { type: 'string' },
  rate: { type: 'string' },
  writes: { type: 'string' },
  seconds: { type: 'string' },
  repetitions: { type: 'string' },
  seed: { type: 'string' },
  workloads: { type: 'string' },
  systems: { type: 'string' },
  dir: { type: 'string' },
} as const

type Values = ReturnType<typeof parse>

/** `readBaseline` is asked only when the baseline is what is measured. */
export function parseCommand(
  args: readonly string[],
  readBaseline: () => Baseline | undefined = () => undefined,
): Command {
  const values = parse(args)
  const { quick } = values
  const mode = modeOf(values)
  const defaults = defaultsOf(mode, values, readBaseline)
  const named = values.workloads?.split(',') ?? defaults.workloads
  const wanted = values.systems?.split(',') ?? systems.map(({ name }) => name)
  return {
    mode,
    help: values.help,
    json: values.json,
    save: values.save,
    writeBaseline: values['write-baseline'],
    repetitions: count('repetitions', values.repetitions, defaults.repetitions),
    systems: checked(wanted, systemNamed).map(({ name }) => name),
    workloads: checked([named], withReferences).flat(),
    settings: {
      num: count('num', values.num, defaults.num),
      seconds: count('seconds', values.seconds, defaults.seconds),
      syncedWrites: quick ? 500 : 8_000,
      seed: count('seed', values.seed, DEFAULT_SEED),
    },
    directory: values.dir ?? tmpdir(),
    sizes: sizesOf(values),
    rate: count('rate', values.rate, 20_000),
    writes: count('writes', values.writes, quick ? 250_000 : 10_000_000),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function modeOf(values: Values): Mode {
  const named = (['check', 'growth', 'latency', 'amplification'] as const).filter(mode => values[mode])
  if (named.length > 1) throw new UsageError(`--${named.join(' and --')} are done one at a time`)
  const [mode = 'measure'] = named
  if (mode !== 'measure' && (values.compare || values['write-baseline']))
    throw new UsageError(`--${mode} cannot be done together with --compare or --write-baseline`)
  return mode
}

function defaultsOf(mode: Mode, values: Values, readBaseline: () => Baseline | undefined): Defaults {
  const { quick, compare } = values
  const named = workloads.filter(({ isBasic }) => compare || isBasic).map(({ name }) => name)
  if (mode === 'check') {
    const baseline = values.help ? undefined : readBaseline()
    if (baseline === undefined && !values.help)
      throw new UsageError('there is no baseline yet: --write-baseline stores one')
    const { num = 1_000_000, seconds = 30, ratios = {} } = baseline ?? {}
    return { num, seconds, repetitions: quick ? 1 : 3, workloads: Object.keys(ratios) }
  }
  if (mode === 'latency')
    return { num: quick ? 300_000 : 5_000_000, seconds: quick ? 5 : 60, repetitions: 1, workloads: named }
  if (mode === 'amplification')
    return { num: quick ? 50_000 : 2_000_000, seconds: 30, repetitions: 1, workloads: named }
  const repetitions = quick || mode === 'growth' ? 1 : compare ? 5 : 3
  return { num: quick ? 100_000 : 1_000_000, seconds: quick ? 5 : 30, repetitions, workloads: named }
}

function sizesOf({ sizes, quick }: Values): number[] {
  if (sizes === undefined) return quick ? QUICK_SIZES : DEFAULT_SIZES
  return sizes.split(',').map(size => count('sizes', size, 0))
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

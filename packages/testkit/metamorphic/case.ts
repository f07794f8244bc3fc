/** A failing case: everything that is needed to play it again, as text; and making it small. */
import { isVarveError, type OpenOptions, open } from 'varve'
import { SimulatedDisk } from '../disk/index.ts'
import { plainRuntime } from '../simulation/index.ts'
import { type WorldName, worldNames } from './database-world.ts'
import { historyOf } from './history.ts'
import {
  type Difference,
  databaseWorld,
  expectedLines,
  playAndCompare,
  playInFull,
  type WorldMaker,
} from './play.ts'
import { reduceList, reduceOptions } from './reduce.ts'
import type { Step } from './step.ts'

export interface Case {
  /** Of the history. */
  readonly seed: number
  /** Steps of the whole history. */
  readonly operations: number
  readonly world: WorldName
  readonly options: OpenOptions
  /** Steps that are played, by number; absent, all. */
  readonly kept?: readonly number[]
}

export type MakeWorld = (found: Case) => WorldMaker

export const usualWorld: MakeWorld = ({ world, options, seed }) => databaseWorld(world, options, seed)

/** While a case is made small, what takes longer than this is taken for a step that never ends. */
const REDUCING_STEP_MS_MAX = 5_000

export function stepsOf({ seed, operations, options, kept }: Case): Step[] {
  const steps = historyOf(seed, operations, options)
  return kept === undefined ? steps : kept.map(index => steps[index])
}

/** The difference in full, if there still is one. */
export function playCase(found: Case, makeWorld: MakeWorld = usualWorld): Promise<Difference | undefined> {
  return playInFull(makeWorld(found), stepsOf(found))
}

/** The smallest case that is found in time and still differs somehow. `failedAt`: the step at which it was noticed. */
export async function reduceCase(
  found: Case,
  failedAt: number,
  milliseconds: number,
  makeWorld: MakeWorld = usualWorld,
): Promise<Case> {
  const deadline = performance.now() + milliseconds
  const isOver = () => performance.now() > deadline
  const steps = historyOf(found.seed, found.operations, found.options)
  const differs = async (tried: Case): Promise<boolean> => {
    const part = (tried.kept ?? steps.keys().toArray()).map(index => steps[index])
    const expected = await expectedLines(part)
    try {
      await playAndCompare(makeWorld(tried), part, expected, { stepMsMax: REDUCING_STEP_MS_MAX })
      return false
    } catch {
      return true
    }
  }
  const withoutSteps = async (from: Case, kept: readonly number[]): Promise<Case> => ({
    ...from,
    kept: await reduceList(kept, part => differs({ ...from, kept: part }), isOver),
  })
  let smaller: Case = { ...found, kept: [...steps.keys()].slice(0, failedAt + 1) }
  // What comes and goes with the order of threads cannot be made small by trying.
  if (!(await differs(smaller))) return found
  const plain: Case = { ...smaller, world: 'plain' }
  if ((await differs(plain)) && (await differs(plain))) smaller = plain
  smaller = await withoutSteps(smaller, smaller.kept ?? [])
  const options = await reduceOptions(
    smaller.options,
    async fewer => (await areAccepted(fewer)) && (await differs({ ...smaller, options: fewer })),
    isOver,
  )
  return withoutSteps({ ...smaller, options }, smaller.kept ?? [])
}

/** Options may depend on one another: not each can go back alone. */
async function areAccepted(options: OpenOptions): Promise<boolean> {
  try {
    const db = await open('/db', options, plainRuntime(new SimulatedDisk(), 1))
    await db.close()
    return true
  } catch (error) {
    if (isVarveError(error, 'INVALID_ARGUMENT')) return false
    throw error
  }
}

/** For the command line, in quotes. */
export function commandOf(found: Case): string {
  return `node packages/testkit/metamorphic/main.ts --replay '${JSON.stringify(found)}'`
}

export function parseCase(text: string): Case {
  const found = JSON.parse(text) as Case
  if (
    !Number.isInteger(found.seed) ||
    !Number.isInteger(found.operations) ||
    !worldNames.includes(found.world)
  ) {
    throw new Error('a case has seed, operations, world, options and kept')
  }
  return found
}

/** The steps and where the answers part, for people. */
export function describeCase(found: Case, difference: Difference | undefined): string {
  const steps = stepsOf(found)
  const lines = steps.map(({ kind, text }, index) => {
    const mark = index === difference?.index ? ' <- here' : ''
    return `  ${found.kept?.[index] ?? index}: ${`${kind} ${text()}`.trim().slice(0, 400)}${mark}`
  })
  const answers =
    difference === undefined
      ? ['  no difference this time']
      : [`  expected ${difference.expected.slice(0, 1500)}`, `  found    ${difference.found.slice(0, 1500)}`]
  return [`  options ${JSON.stringify(found.options)}, world ${found.world}`, ...lines, ...answers].join('\n')
}

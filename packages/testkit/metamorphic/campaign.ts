/** Runs: one history each, played under several option sets, each on a disk of its own, all compared with the model. */
import {
  type Case,
  commandOf,
  describeCase,
  type MakeWorld,
  playCase,
  reduceCase,
  usualWorld,
} from './case.ts'
import type { WorkDone, WorldName } from './database-world.ts'
import { historyOf, kinds } from './history.ts'
import { fixedSets, type OptionSet, randomSet } from './option-sets.ts'
import { Difference, expectedLines, playAndCompare } from './play.ts'
import { NOTHING_TO_DO } from './session.ts'
import type { Step } from './step.ts'

export interface CampaignOptions {
  readonly runs: number
  readonly operations: number
  /** Option sets for each run. */
  readonly sets: number
  readonly seed: number
  /** By `performance.now()`; no run begins after it. */
  readonly deadline: number
  /** For making each failing case small. */
  readonly reduceMs: number
  /** Called with what is to be printed of a failing case. */
  readonly report: (text: string) => void
  readonly makeWorld?: MakeWorld
}

export class Tally {
  runs = 0
  plays = 0
  compared = 0
  differences = 0
  /** How often each kind of step was played and had something to do. */
  readonly kinds: Map<string, number> = new Map(kinds.map(({ name }) => [name, 0]))
  readonly sets: Map<string, number> = new Map()
  readonly worlds: Map<WorldName, number> = new Map()
  readonly work: WorkDone = { flushes: 0, compactions: 0, trivialMoves: 0 }
}

const RANDOM_SETS = 64

/** Runs whose first set is played on real files with threads. */
const THREADS_EVERY = 20

/** Plays that the simulation puts in an order of its own; the others happen in the order they were asked for. */
const SIMULATED_EVERY = 3

/** Failing cases that are made small; later ones are only counted and named. */
const REDUCED_MAX = 3

export async function campaign(options: CampaignOptions): Promise<Tally> {
  const tally = new Tally()
  const sets = setsOf(options.seed)
  for (let run = 0; run < options.runs && performance.now() < options.deadline; run++) {
    await playRun(options, tally, sets, run)
    tally.runs++
  }
  return tally
}

/** All fixed ones, and random ones that are others with each seed, so mixed that a short campaign has of both. */
function setsOf(seed: number): OptionSet[] {
  const random = Array.from({ length: RANDOM_SETS }, (_, i) => randomSet(seed * RANDOM_SETS + i))
  const mixed: OptionSet[] = []
  for (let i = 0; i < Math.max(fixedSets.length, random.length); i++)
    mixed.push(...fixedSets.slice(i, i + 1), ...random.slice(i, i + 1))
  return mixed
}

async function playRun(
  options: CampaignOptions,
  tally: Tally,
  sets: readonly OptionSet[],
  run: number,
): Promise<void> {
  const seed = options.seed + run
  for (let i = 0; i < options.sets; i++) {
    const play = run * options.sets + i
    const set = sets[play % sets.length]
    const world = worldOf(run, play, i)
    const steps = historyOf(seed, options.operations, set.options)
    const expected = await expectedLines(steps)
    const found: Case = { seed, operations: options.operations, world, options: set.options }
    try {
      const makeWorld = options.makeWorld ?? usualWorld
      add(tally.work, await playAndCompare(makeWorld(found), steps, expected))
      tally.compared += expected.length
      count(tally, steps, expected)
    } catch (error) {
      if (!(error instanceof Difference)) throw error
      tally.differences++
      await reportCase(options, found, set, error, tally.differences <= REDUCED_MAX)
    }
    tally.plays++
    tally.sets.set(set.name, (tally.sets.get(set.name) ?? 0) + 1)
    tally.worlds.set(world, (tally.worlds.get(world) ?? 0) + 1)
  }
}

function worldOf(run: number, play: number, index: number): WorldName {
  if (index === 0 && run % THREADS_EVERY === THREADS_EVERY - 1) return 'threads'
  return play % SIMULATED_EVERY === 0 ? 'simulated' : 'plain'
}

function count(tally: Tally, steps: readonly Step[], lines: readonly string[]): void {
  for (const [index, { kind }] of steps.entries()) {
    if (lines[index] !== NOTHING_TO_DO) tally.kinds.set(kind, (tally.kinds.get(kind) ?? 0) + 1)
  }
}

function add(to: WorkDone, work: WorkDone): void {
  to.flushes += work.flushes
  to.compactions += work.compactions
  to.trivialMoves += work.trivialMoves
}

async function reportCase(
  { report, reduceMs, makeWorld }: CampaignOptions,
  found: Case,
  set: OptionSet,
  difference: Difference,
  isReduced: boolean,
): Promise<void> {
  report(`FAILED seed ${found.seed} under '${set.name}' in the ${found.world} world: ${difference.message}`)
  report(commandOf(found))
  if (!isReduced) return
  const smaller = await reduceCase(found, difference.index, reduceMs, makeWorld)
  if (smaller.kept === undefined) {
    report('it does not happen again when it is played again: the order of threads has a part in it')
    return
  }
  report(`made small, ${smaller.kept.length} steps:\n${commandOf(smaller)}`)
  report(describeCase(smaller, await playCase(smaller, makeWorld)))
}

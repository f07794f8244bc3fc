/** Plays histories: on the model for what must come out, on databases to see whether it does. */
import type { OpenOptions } from 'varve'
import { poisonIdleBlocks } from 'varve/internal'
import { DatabaseWorld, type WorkDone, type WorldName } from './database-world.ts'
import { ModelWorld } from './model-world.ts'
import { Session } from './session.ts'
import { inFull, inShort, type Show, showError } from './show.ts'
import type { Step } from './step.ts'
import type { World } from './world.ts'

// Whoever reads a block that nobody holds for it is to notice.
poisonIdleBlocks()

/** How long one step may take. */
export const STEP_MS_MAX = 60_000

/** A step answered otherwise than the model. */
export class Difference extends Error {
  /** Of the step; the history's length when it is in what is left at the end. */
  readonly index: number
  readonly expected: string
  readonly found: string

  constructor(index: number, expected: string, found: string) {
    super(`step ${index}: expected ${expected.slice(0, 300)}, found ${found.slice(0, 300)}`)
    this.index = index
    this.expected = expected
    this.found = found
  }
}

/** Makes the world in which a history is played; a test puts one with a mistake there. */
export interface WorldMaker {
  readonly make: () => World & { readonly work: WorkDone; dispose(): Promise<void> }
}

export function databaseWorld(name: WorldName, options: OpenOptions, seed: number): WorldMaker {
  return { make: () => new DatabaseWorld(name, options, seed) }
}

/** What every database must answer to these steps, and at the end when it is closed. */
export async function expectedLines(steps: readonly Step[], show: Show = inShort): Promise<string[]> {
  const lines: string[] = []
  await play(new ModelWorld(), steps, show, line => lines.push(line))
  return lines
}

/** Plays the steps on a database; throws a `Difference` at the first answer that is not `expected`. */
export async function playAndCompare(
  maker: WorldMaker,
  steps: readonly Step[],
  expected: readonly string[],
  { show = inShort, stepMsMax = STEP_MS_MAX }: { show?: Show; stepMsMax?: number } = {},
): Promise<WorkDone> {
  const world = maker.make()
  let at = 0
  const compare = (line: string, index: number, error: unknown): void => {
    if (line !== expected[index]) throw new Difference(index, expected[index], explained(line, error))
    at = index + 1
  }
  try {
    await whileItMoves(play(world, steps, show, compare), () => at, stepMsMax)
    return world.work
  } catch (error) {
    if (error instanceof Difference) throw error
    throw new Difference(at, expected[at] ?? 'the end', `${error instanceof Error ? error.stack : error}`)
  } finally {
    await world.dispose()
  }
}

/** The answers in full of a part of a history, as far as the model and a database get. */
export async function playInFull(maker: WorldMaker, steps: readonly Step[]): Promise<Difference | undefined> {
  try {
    await playAndCompare(maker, steps, await expectedLines(steps, inFull), { show: inFull })
    return undefined
  } catch (error) {
    if (error instanceof Difference) return error
    throw error
  }
}

async function play(
  world: World,
  steps: readonly Step[],
  show: Show,
  onLine: (line: string, index: number, error: unknown) => void,
): Promise<void> {
  const session = new Session(world, show)
  await session.open()
  for (const [index, step] of steps.entries()) {
    try {
      onLine(await step.run(session), index, undefined)
    } catch (error) {
      if (error instanceof Difference) throw error
      onLine(showError(error), index, error)
    }
  }
  const closed = await session.close()
  await world.verify()
  onLine(closed, steps.length, undefined)
}

function explained(line: string, error: unknown): string {
  return error instanceof Error ? `${line}: ${error.message}` : line
}

/** Fails when no step has ended for so long: a database that waits for something that never comes would be waited for. */
async function whileItMoves(played: Promise<void>, position: () => number, most: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  let seen = -1
  const timer = setInterval(() => {
    if (position() === seen) reject(new Error('it does not come to an end'))
    seen = position()
  }, most)
  try {
    await Promise.race([played, late])
  } finally {
    clearInterval(timer)
  }
}

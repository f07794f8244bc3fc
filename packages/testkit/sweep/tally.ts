/** What a sweep has counted, and how a failing case is reported: with the one command that repeats it. */
import { setImmediate } from 'node:timers/promises'

export interface Tally {
  readonly name: string
  cases: number
  failed: number
  /** Kinds of outcome that are not failures, and how many there were of each. */
  readonly counts: Map<string, number>
}

export interface SweepOptions {
  /** How many cases; evenly spread over all when there are more. */
  readonly cases: number
  readonly seed: number
  /** Ends early. */
  readonly deadline: number
  /** Only this script; all unless given. */
  readonly script?: string | undefined
  /** Told of each failing case. */
  readonly report: (address: string, error: unknown) => void
}

export function newTally(name: string): Tally {
  return { name, cases: 0, failed: 0, counts: new Map() }
}

export function count(tally: Tally, what: string, by = 1): void {
  tally.counts.set(what, (tally.counts.get(what) ?? 0) + by)
}

/** Runs one case and counts how it ended. */
export async function runCase(
  tally: Tally,
  address: string,
  options: SweepOptions,
  run: () => Promise<string>,
): Promise<void> {
  tally.cases++
  try {
    count(tally, await run())
  } catch (error) {
    tally.failed++
    options.report(address, error)
  }
  // On a simulated disk nothing waits for the event loop; what databases have asked of it would be kept, and they with it.
  await setImmediate()
}

/** `wanted` of the items, evenly spread, in their order. */
export function sample<T>(items: readonly T[], wanted: number): T[] {
  if (wanted >= items.length) return [...items]
  return Array.from({ length: wanted }, (_, i) => items[Math.floor((i * items.length) / wanted)])
}

/** How large each campaign is, once over. What a run of `.ci/run` counts of the same is a hundredth to a third of it. */

export interface Campaign {
  readonly name: string
  /** Under `packages/testkit`. */
  readonly program: string
  /** What is counted, and how much of it. */
  readonly size: number
  /** For a share of the whole. */
  argumentsFor(size: number): readonly string[]
  /** It keeps one core busy: as many run at once as there are cores, each with a part of the size and a seed of its own. */
  readonly oneCore: boolean
}

/** More than the databases of a seed have: all of them. */
const ALL_DAMAGES = 1_000_000

/** All bits or all losses of the databases of one seed. */
function rot(what: 'flips' | 'losses', seed: number): Campaign {
  return {
    name: what,
    program: 'rot/main.ts',
    size: ALL_DAMAGES,
    argumentsFor: size => [what, '--states', String(size), '--seed', String(seed)],
    oneCore: false,
  }
}

function sweep(what: 'crash' | 'recovery' | 'fault', size: number): Campaign {
  return {
    name: what,
    program: 'sweep/main.ts',
    size,
    argumentsFor: states => [what, '--states', String(states)],
    oneCore: false,
  }
}

function counted(name: string, option: string, size: number, more: Partial<Campaign> = {}): Campaign {
  return {
    name,
    program: `${name}/main.ts`,
    size,
    argumentsFor: share => [`--${option}`, String(share)],
    oneCore: true,
    ...more,
  }
}

export const campaigns: readonly Campaign[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map(seed => rot('flips', seed)),
  ...[1, 2].map(seed => rot('losses', seed)),
  sweep('crash', 300_000),
  sweep('recovery', 100_000),
  sweep('fault', 300_000),
  counted('simulation', 'operations', 100_000_000, { oneCore: false }),
  counted('metamorphic', 'runs', 2000),
  counted('crash', 'cycles', 3000, { name: 'kill' }),
  counted('fuzz', 'seconds', 3000),
  counted('oracle', 'directories', 10_000, { oneCore: false }),
  counted('mutants', 'rotating', 1000, { oneCore: false }),
  counted('soak', 'seconds', 7200, { oneCore: false }),
]

/** How large each campaign is, once over. What a run of `.ci/run` counts of the same is a hundredth to a third of it. */

export interface Campaign {
  readonly name: string
  /** Under `packages/testkit`. */
  readonly program: string
  /** What is counted, and how much of it. */
  readonly size: number
  /** For a share of the whole. */
  argumentsFor(size: number): readonly string[]
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
  }
}

function sweep(what: 'crash' | 'recovery' | 'fault', size: number): Campaign {
  return {
    name: what,
    program: 'sweep/main.ts',
    size,
    argumentsFor: states => [what, '--states', String(states)],
  }
}

function counted(name: string, option: string, size: number, more: Partial<Campaign> = {}): Campaign {
  return {
    name,
    program: `${name}/main.ts`,
    size,
    argumentsFor: share => [`--${option}`, String(share)],
    ...more,
  }
}

/** Half of them with the installed C++ tools, a quarter with each newer RocksDB that a registry has. */
function directories(size: number): string[] {
  return ['--directories', String(Math.ceil(size / 2)), '--newest', String(Math.ceil(size / 4))]
}

export const campaigns: readonly Campaign[] = [
  ...[1, 2, 3].map(seed => rot('flips', seed)),
  ...[1, 2].map(seed => rot('losses', seed)),
  sweep('crash', 300_000),
  sweep('recovery', 100_000),
  sweep('fault', 300_000),
  counted('simulation', 'operations', 100_000_000),
  counted('metamorphic', 'runs', 2000),
  counted('crash', 'cycles', 3000, { name: 'kill' }),
  counted('fuzz', 'executions', 200_000_000),
  counted('oracle', 'directories', 10_000, { argumentsFor: directories }),
  counted('mutants', 'rotating', 1000),
  counted('soak', 'seconds', 7200),
]

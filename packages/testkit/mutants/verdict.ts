/** What becomes of a mutant: its killers run one after another until one fails that passes without it. */
import { type Mutant, mutatedSource, StaleMutantError } from './mutant.ts'
import { type KillerRun, runKiller } from './run-killer.ts'

export type Fate = 'killed' | 'survived' | 'stale' | 'not reached' | 'killer is broken'

export interface Verdict {
  readonly mutant: Mutant
  readonly fate: Fate
  /** The killer that did it, or the last one that was tried. */
  readonly killer: string
  readonly seconds: number
  readonly complaint: string
}

type Run = (killer: string, mutant?: Mutant, milliseconds?: number) => Promise<KillerRun>

/** How long a killer that may stand still is waited for, at least and as a multiple of what it takes without a mutant. */
const PATIENCE_MILLISECONDS = 8000
const PATIENCE_FACTOR = 4

export class Judge {
  private readonly run: Run
  /** How each killer ends without a mutant. */
  private readonly sound = new Map<string, Promise<KillerRun>>()

  constructor(run: Run = runKiller) {
    this.run = run
  }

  async judge(mutant: Mutant): Promise<Verdict> {
    try {
      mutatedSource(mutant)
    } catch (error) {
      if (!(error instanceof StaleMutantError)) throw error
      return { mutant, fate: 'stale', killer: '', seconds: 0, complaint: error.message }
    }
    let verdict: Verdict = { mutant, fate: 'survived', killer: '', seconds: 0, complaint: 'it has no killer' }
    for (const killer of mutant.killers) {
      verdict = await this.tryKiller(mutant, killer)
      if (verdict.fate !== 'survived') return verdict
    }
    return verdict
  }

  private async tryKiller(mutant: Mutant, killer: string): Promise<Verdict> {
    const without = await this.runSound(killer)
    if (without.outcome !== 'passed') {
      return verdictOf(mutant, 'killer is broken', killer, without)
    }
    const patience = Math.max(PATIENCE_MILLISECONDS, PATIENCE_FACTOR * 1000 * without.seconds)
    const run =
      mutant.hangs === true
        ? await this.run(killer, mutant, patience)
        : await this.runAgainIfLate(killer, mutant)
    return verdictOf(mutant, fateOf(mutant, run), killer, run)
  }

  private runSound(killer: string): Promise<KillerRun> {
    const known = this.sound.get(killer) ?? this.runAgainIfLate(killer)
    this.sound.set(killer, known)
    return known
  }

  /** A busy machine may let a process stand still for a while; it does not do so twice. */
  private async runAgainIfLate(killer: string, mutant?: Mutant): Promise<KillerRun> {
    const run = await this.run(killer, mutant)
    return run.outcome === 'timeout' ? this.run(killer, mutant) : run
  }
}

function fateOf(mutant: Mutant, { outcome, loads }: KillerRun): Fate {
  if (loads === 0) return 'not reached'
  if (outcome === 'timeout') return mutant.hangs === true ? 'killed' : 'survived'
  return outcome === 'failed' ? 'killed' : 'survived'
}

function verdictOf(mutant: Mutant, fate: Fate, killer: string, run: KillerRun): Verdict {
  const complaint = run.outcome === 'timeout' ? 'it does not end' : run.complaint
  return { mutant, fate, killer, seconds: run.seconds, complaint }
}

/** `count` of the items, so that whoever goes from seed to seed gets all of them in turn. */
export function rotation<T>(items: readonly T[], count: number, seed: number): T[] {
  const wanted = Math.min(count, items.length)
  // Neighbours break the same part: a step without a common divisor mixes them.
  let step = Math.max(1, Math.floor(items.length * 0.382))
  while (greatestCommonDivisor(step, items.length) !== 1) step++
  return Array.from({ length: wanted }, (_, i) => items[((seed * wanted + i) * step) % items.length])
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

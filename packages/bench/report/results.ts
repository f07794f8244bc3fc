/** Collects figures and holds Varve's against the others'. */
import type { Outcome } from '../settings.ts'
import { REFERENCE, SUBJECT } from '../systems/system.ts'
import type { Workload } from '../workloads/index.ts'

/** Operations per second over the repetitions. */
export interface Figure {
  median: number
  min: number
  max: number
}

export interface Ratios {
  toRocksdb: number | undefined
  toBestPeer: number | undefined
  bestPeer: string | undefined
}

export interface NotRun {
  system: string
  /** Undefined: none of them. */
  workload: string | undefined
  reason: string
}

export class Results {
  readonly systems: readonly string[]
  readonly workloads: readonly Workload[]
  readonly notRun: NotRun[] = []
  private readonly rates = new Map<string, number[]>()
  private readonly peaks = new Map<string, number>()

  constructor(systems: readonly string[], workloads: readonly Workload[]) {
    this.systems = systems
    this.workloads = workloads
  }

  add(system: string, { workload, operations, seconds }: Outcome): void {
    const key = `${workload} ${system}`
    const rates = this.rates.get(key) ?? []
    rates.push(operations / seconds)
    this.rates.set(key, rates)
  }

  addNotRun(system: string, workload: string | undefined, reason: string): void {
    const isKnown = this.notRun.some(
      other => other.system === system && other.workload === workload && other.reason === reason,
    )
    if (!isKnown) this.notRun.push({ system, workload, reason })
  }

  addPeak(system: string, residentBytes: number): void {
    this.peaks.set(system, Math.max(residentBytes, this.peaks.get(system) ?? 0))
  }

  /** The most memory that a process of the system had. */
  peak(system: string): number | undefined {
    return this.peaks.get(system)
  }

  figure(workload: string, system: string): Figure | undefined {
    const rates = this.rates.get(`${workload} ${system}`)
    if (rates === undefined) return undefined
    const sorted = rates.toSorted((a, b) => a - b)
    const middle = (sorted.length - 1) / 2
    const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2
    return { median, min: sorted[0], max: sorted[sorted.length - 1] }
  }

  ratios(workload: Workload): Ratios {
    const own = this.figure(workload.name, SUBJECT)?.median
    const against = workload.heldAgainst ?? workload.name
    const rocksdb = this.figure(against, REFERENCE)?.median
    const [best] = this.systems
      .filter(name => name !== SUBJECT && name !== REFERENCE)
      .map(name => ({ name, rate: this.figure(against, name)?.median ?? 0 }))
      .filter(({ rate }) => rate > 0)
      .sort((a, b) => b.rate - a.rate)
    return {
      toRocksdb: ratio(own, rocksdb),
      toBestPeer: ratio(own, best?.rate),
      bestPeer: own === undefined ? undefined : best?.name,
    }
  }
}

export function ratio(own: number | undefined, other: number | undefined): number | undefined {
  return own === undefined || other === undefined ? undefined : own / other
}

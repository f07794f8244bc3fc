/**
 * The performance baseline that is kept in the repository: ratios to a system that ran beside, never times, so that
 * it holds on another machine too; and whether new figures have fallen below it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Results } from '../report/results.ts'
import { table } from '../report/tables.ts'
import type { Settings } from '../settings.ts'
import { REFERENCE, SUBJECT } from '../systems/system.ts'
import { workloadNamed } from '../workloads/index.ts'

/** A workload has fallen when its ratio is smaller than the baseline's by more than this share. */
export const TOLERATED_FALL = 0.15

export interface BaselineRatio {
  /** The system it is held against: C++ RocksDB, or the peer that was best where that has no such workload. */
  against: string
  ratio: number
}

export interface Baseline {
  /** As 2026-01-31. */
  madeOn: string
  machine: string
  num: number
  seconds: number
  ratios: Record<string, BaselineRatio>
}

/** How a workload stands; without `now` one of the two systems had no figure. */
export interface Standing extends BaselineRatio {
  workload: string
  now: number | undefined
  /** A second, longer look was taken at it. */
  isRetried: boolean
}

const baselineFile = fileURLToPath(new URL('../baseline.json', import.meta.url))

export function readBaseline(): Baseline | undefined {
  return existsSync(baselineFile) ? JSON.parse(readFileSync(baselineFile, 'utf8')) : undefined
}

/** Returns where it was written. Ratios of workloads that were not measured now stay if they were taken alike. */
export function writeBaseline(made: Baseline): string {
  const old = readBaseline()
  const isAlike = old !== undefined && old.num === made.num && old.seconds === made.seconds
  const ratios = { ...(isAlike ? old.ratios : {}), ...made.ratios }
  writeFileSync(baselineFile, `${JSON.stringify({ ...made, ratios }, undefined, 2)}\n`)
  return baselineFile
}

export function baselineOf(
  results: Results,
  { num, seconds }: Settings,
  madeOn: string,
  machine: string,
): Baseline {
  const ratios: Record<string, BaselineRatio> = {}
  for (const workload of results.workloads) {
    const { toRocksdb, toBestPeer, bestPeer } = results.ratios(workload)
    if (toRocksdb !== undefined) ratios[workload.name] = { against: REFERENCE, ratio: rounded(toRocksdb) }
    else if (toBestPeer !== undefined && bestPeer !== undefined)
      ratios[workload.name] = { against: bestPeer, ratio: rounded(toBestPeer) }
  }
  return { madeOn, machine, num, seconds, ratios }
}

function rounded(ratio: number): number {
  return Number(ratio.toFixed(3))
}

export function standings(baseline: Baseline, names: readonly string[], results: Results): Standing[] {
  return names.flatMap(name => {
    const ratio = baseline.ratios[name]
    if (ratio === undefined) return []
    return [{ ...ratio, workload: name, now: ratioNow(results, name, ratio.against), isRetried: false }]
  })
}

function ratioNow(results: Results, name: string, against: string): number | undefined {
  const own = results.figure(name, SUBJECT)?.median
  const other = results.figure(workloadNamed(name).heldAgainst ?? name, against)?.median
  return own === undefined || other === undefined ? undefined : own / other
}

export function hasFallen({ ratio, now }: Standing): boolean {
  return now === undefined || now < ratio * (1 - TOLERATED_FALL)
}

export function standingTable(rows: readonly Standing[]): string {
  return table(
    ['workload', 'against', 'baseline', 'now', 'change', 'verdict'],
    rows.map(standing => {
      const { workload, against, ratio, now, isRetried } = standing
      const change =
        now === undefined ? '-' : `${now < ratio ? '' : '+'}${(100 * (now / ratio - 1)).toFixed(0)} %`
      const verdict = hasFallen(standing) ? 'FELL' : 'ok'
      const shown = now === undefined ? 'no figure' : `${now.toFixed(2)}x`
      return [
        workload,
        against,
        `${ratio.toFixed(2)}x`,
        shown,
        change,
        isRetried ? `${verdict} (2nd look)` : verdict,
      ]
    }),
  )
}

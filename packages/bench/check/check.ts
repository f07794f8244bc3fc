/**
 * `--check`: measures what the baseline has and compares. A workload that seems to have fallen gets a second look
 * with three times the repetitions before it counts as fallen: the first may have met a slow minute.
 */
import { Results } from '../report/results.ts'
import { log, measure, type Plan, presentSystems } from '../run/measure.ts'
import { SUBJECT } from '../systems/system.ts'
import { type Workload, withReferences } from '../workloads/index.ts'
import {
  type Baseline,
  hasFallen,
  type Standing,
  standings,
  standingTable,
  TOLERATED_FALL,
} from './baseline.ts'

const RETRY_FACTOR = 3

export type CheckPlan = Omit<Plan, 'systems' | 'workloadsOf'>

export interface Verdict {
  text: string
  hasFallen: boolean
  standings: Standing[]
}

/** Measures the workloads `names` on the systems that the baseline holds them against. */
type Measure = (names: readonly string[], repetitions: number) => Promise<Standing[]>

export async function check(
  plan: CheckPlan,
  baseline: Baseline,
  workloads: readonly Workload[],
): Promise<Verdict> {
  const names = workloads.map(({ name }) => name).filter(name => baseline.ratios[name] !== undefined)
  const found = await lookTwice(names, plan.repetitions, (some, repetitions) =>
    look({ ...plan, repetitions }, baseline, some),
  )
  const unknown = workloads.map(({ name }) => name).filter(name => !names.includes(name))
  return { text: describe(found, unknown, baseline), hasFallen: found.some(hasFallen), standings: found }
}

export async function lookTwice(
  names: readonly string[],
  repetitions: number,
  measureSome: Measure,
): Promise<Standing[]> {
  const first = await measureSome(names, repetitions)
  const doubtful = first.filter(hasFallen).map(({ workload }) => workload)
  if (doubtful.length === 0) return first
  const more = repetitions * RETRY_FACTOR
  log(`${doubtful.join(', ')}: below the baseline; a second look with ${more} repetitions`)
  const second = new Map((await measureSome(doubtful, more)).map(one => [one.workload, one]))
  return first.map(one => {
    const again = second.get(one.workload)
    return again === undefined ? one : { ...again, isRetried: true }
  })
}

async function look(plan: CheckPlan, baseline: Baseline, names: readonly string[]): Promise<Standing[]> {
  const heldAgainst = (system: string) => names.filter(name => baseline.ratios[name].against === system)
  const systems = [SUBJECT, ...new Set(names.map(name => baseline.ratios[name].against))]
  const results = new Results(systems, withReferences(names))
  const present = presentSystems(systems, results)
  // The others need to do no more than what Varve is held against.
  const workloadsOf = (system: string) =>
    system === SUBJECT ? [...names] : withReferences(heldAgainst(system)).map(({ name }) => name)
  await measure({ ...plan, systems: present, workloadsOf }, results)
  return standings(baseline, names, results)
}

function describe(found: readonly Standing[], unknown: readonly string[], baseline: Baseline): string {
  const fallen = found.filter(hasFallen).map(({ workload }) => workload)
  const percent = `${100 * TOLERATED_FALL} %`
  return [
    standingTable(found),
    '',
    `- baseline of ${baseline.madeOn}: ${baseline.num.toLocaleString('en')} keys, ${baseline.machine}`,
    `- what was below it by more than ${percent} was measured again with ${RETRY_FACTOR} times the repetitions, and that counts`,
    ...(unknown.length === 0 ? [] : [`- not in the baseline: ${unknown.join(', ')}`]),
    '',
    fallen.length === 0
      ? `No workload fell by more than ${percent}.`
      : `Fell by more than ${percent}, or gave no figure: ${fallen.join(', ')}.`,
  ].join('\n')
}

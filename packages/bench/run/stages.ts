/** Runs a job's workloads against a store: stage by stage, each in a directory of its own. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ChildMessage, type Job, REPLAY_KEYS } from '../settings.ts'
import type { StoreSystem } from '../systems/store.ts'
import {
  Bench,
  type Budget,
  needsOf,
  type Stage,
  stages,
  type Workload,
  workloads,
} from '../workloads/index.ts'
import { secondsToOpen } from './killed.ts'

const WARM_UP_OPERATIONS = 20_000
const WARM_UP_MS = 500

type Report = (message: ChildMessage) => void

export async function runStages(system: StoreSystem, job: Job, report: Report): Promise<void> {
  for (const stage of stages) {
    const wanted = workloads.filter(
      ({ name, ...other }) => other.stage === stage && job.workloads.includes(name),
    )
    if (wanted.length > 0) await runStage(system, stage, wanted, job, report)
  }
}

async function runStage(
  system: StoreSystem,
  stage: Stage,
  wanted: readonly Workload[],
  job: Job,
  report: Report,
): Promise<void> {
  const needs = needsOf(stage)
  const refusal = system.refuses(needs) ?? (stage === 'killed' ? refusesReplay(system) : undefined)
  if (refusal !== undefined) {
    for (const { name } of wanted) report({ kind: 'notRun', workload: name, reason: refusal })
    return
  }
  const directory = join(job.directory, stage)
  mkdirSync(directory)
  if (stage === 'killed') await runKilled(system, directory, wanted, job, report)
  else await runOpened(system, stage, directory, wanted, job, report)
  rmSync(directory, { recursive: true })
}

function refusesReplay({ replaysLog }: StoreSystem): string | undefined {
  return replaysLog ? undefined : 'it has no log that it replays into memory'
}

async function runKilled(
  system: StoreSystem,
  directory: string,
  wanted: readonly Workload[],
  job: Job,
  report: Report,
): Promise<void> {
  const seed = job.settings.seed + job.repetition
  for (const { name } of wanted) {
    const seconds = await secondsToOpen({ system: system.name, directory, seed })
    report({ kind: 'outcome', outcome: { workload: name, operations: REPLAY_KEYS, seconds } })
  }
}

async function runOpened(
  system: StoreSystem,
  stage: Stage,
  directory: string,
  wanted: readonly Workload[],
  job: Job,
  report: Report,
): Promise<void> {
  const store = await system.open(directory, needsOf(stage))
  const bench = new Bench(store, job.settings, job.repetition)
  for (const workload of withPreparation(stage, wanted)) {
    await runWorkload(bench, workload, job.settings.seconds, wanted.includes(workload) ? report : undefined)
  }
  await store.close()
}

/** The wanted workloads, and those that prepare the stage up to the last wanted one. */
function withPreparation(stage: Stage, wanted: readonly Workload[]): Workload[] {
  const last = workloads.findLastIndex(workload => wanted.includes(workload))
  return workloads.filter(
    (workload, at) =>
      wanted.includes(workload) || (workload.stage === stage && workload.preparesStage && at < last),
  )
}

/** Without `report` the workload only prepares others. */
async function runWorkload(
  bench: Bench,
  workload: Workload,
  seconds: number,
  report: Report | undefined,
): Promise<void> {
  const { name } = workload
  await workload.prepare?.(bench)
  const work = await timed(bench, workload, bench.settings.num, seconds)
  if (work === undefined) report?.({ kind: 'notRun', workload: name, reason: 'it has no such operation' })
  else report?.({ kind: 'outcome', outcome: { workload: name, ...work } })
  await workload.finish?.(bench)
}

/** Runs a workload, warmed up; undefined when the store has no such thing. */
export async function timed(
  bench: Bench,
  workload: Workload,
  mostOperations: number,
  mostSeconds: number,
): Promise<{ operations: number; seconds: number } | undefined> {
  if (workload.warmsUp) await workload.run?.(bench, budgetOf(WARM_UP_OPERATIONS, WARM_UP_MS))
  // One workload's garbage is not billed to the next.
  globalThis.gc?.()
  const started = performance.now()
  const operations = await workload.run?.(bench, budgetOf(mostOperations, 1000 * mostSeconds))
  const seconds = (performance.now() - started) / 1000
  return operations === undefined ? undefined : { operations, seconds }
}

function budgetOf(operations: number, milliseconds: number): Budget {
  return { operations, endsAt: performance.now() + milliseconds }
}

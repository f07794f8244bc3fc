/** Runs a job's workloads against a store: stage by stage, each in a directory of its own. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ChildMessage, Job } from '../settings.ts'
import type { StoreSystem } from '../systems/store.ts'
import {
  Bench,
  type Budget,
  durabilityOf,
  type Stage,
  stages,
  type Workload,
  workloads,
} from '../workloads/index.ts'

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
  const durability = durabilityOf(stage)
  const refusal = system.refuses?.(durability)
  if (refusal !== undefined) {
    for (const { name } of wanted) report({ kind: 'notRun', workload: name, reason: refusal })
    return
  }
  const directory = join(job.directory, stage)
  mkdirSync(directory)
  const store = await system.open(directory, job.settings, durability)
  const bench = new Bench(store, job.settings, job.repetition)
  for (const workload of withPreparation(stage, wanted)) {
    await runWorkload(bench, workload, job.settings.seconds, wanted.includes(workload) ? report : undefined)
  }
  await store.close()
  rmSync(directory, { recursive: true })
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
  if (workload.warmsUp) await workload.run(bench, budgetOf(WARM_UP_OPERATIONS, WARM_UP_MS))
  // One workload's garbage is not billed to the next.
  globalThis.gc?.()
  const started = performance.now()
  const operations = await workload.run(bench, budgetOf(bench.settings.num, 1000 * seconds))
  const elapsed = (performance.now() - started) / 1000
  if (operations === undefined)
    report?.({ kind: 'notRun', workload: name, reason: 'it has no such operation' })
  else report?.({ kind: 'outcome', outcome: { workload: name, operations, seconds: elapsed } })
  await workload.finish?.(bench)
}

function budgetOf(operations: number, milliseconds: number): Budget {
  return { operations, endsAt: performance.now() + milliseconds }
}

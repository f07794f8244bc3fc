/** Measures workloads on systems, repetition by repetition. */
import { resolve } from 'node:path'
import { installPeers } from '../peers/install.ts'
import type { Results } from '../report/results.ts'
import type { ChildMessage, Settings } from '../settings.ts'
import { systemNamed } from '../systems/index.ts'
import { runJob } from './run-job.ts'

export interface Plan {
  systems: readonly string[]
  workloadsOf(system: string): string[]
  repetitions: number
  settings: Settings
  directory: string
}

/** Progress and notes; standard output is for the report alone. */
export function log(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** The systems that can run here; the others are recorded with their reason. */
export function presentSystems(names: readonly string[], results: Results): string[] {
  const failure = installPeers(log)
  if (failure !== undefined) log(`The npm peers could not be installed: ${failure}`)
  return names.filter(name => {
    const reason = systemNamed(name).missing()
    if (reason === undefined) return true
    log(`not run: ${name}: ${reason}`)
    results.addNotRun(name, undefined, reason)
    return false
  })
}

/** Systems take turns, so that a slow minute of the machine does not fall on one of them. */
export async function measure(plan: Plan, results: Results): Promise<void> {
  const { systems, repetitions, settings } = plan
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const system of systems) {
      const label = `[${repetition}/${repetitions}] ${system.padEnd(15)}`
      const job = { system, workloads: plan.workloadsOf(system), settings, repetition }
      const failure = await runJob(job, resolve(plan.directory), recorder(results, system, label))
      if (failure === undefined) continue
      log(`${label} failed: ${failure}`)
      results.addNotRun(system, undefined, failure)
    }
  }
}

function recorder(results: Results, system: string, label: string): (message: ChildMessage) => void {
  return message => {
    if (message.kind === 'peak') results.addPeak(system, message.residentBytes)
    else if (message.kind === 'notRun') results.addNotRun(system, message.workload, message.reason)
    else {
      const { workload, operations, seconds } = message.outcome
      results.add(system, message.outcome)
      const rate = Math.round(operations / seconds).toLocaleString('en')
      log(`${label} ${workload.padEnd(18)} ${rate.padStart(12)} ops/s  ${seconds.toFixed(1).padStart(6)} s`)
    }
  }
}

/** The process in which one system runs one repetition. It is given its job as an argument and reports by IPC. */
import type { ChildMessage, Job } from '../settings.ts'
import { systemNamed } from '../systems/index.ts'
import { runStages } from './stages.ts'

// Interrupted: ends as if it had finished, so that what it started ends with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const job: Job = JSON.parse(process.argv[2])
const system = systemNamed(job.system)

function report(message: ChildMessage): void {
  process.send?.(message)
}

if (system.kind === 'store') await runStages(system, job, report)
else await system.measure(job, report)
const peak: ChildMessage = { kind: 'peak', residentBytes: process.resourceUsage().maxRSS * 1024 }
// A store that leaves a handle open must not hold up the run.
process.send?.(peak, () => process.exit())

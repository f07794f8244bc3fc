/** The process in which one system runs one repetition. It reports by messages. */
import type { ChildMessage, Job } from '../settings.ts'
import { systemNamed } from '../systems/index.ts'
import { childArgument, endChild } from './run-child.ts'
import { runStages } from './stages.ts'

const job = childArgument<Job>()
const system = systemNamed(job.system)

function report(message: ChildMessage): void {
  process.send?.(message)
}

if (system.kind === 'store') await runStages(system, job, report)
else await system.measure(job, report)
endChild({ kind: 'peak', residentBytes: process.resourceUsage().maxRSS * 1024 } satisfies ChildMessage)

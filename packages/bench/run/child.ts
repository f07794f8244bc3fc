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

async function run(): Promise<number> {
  if (system.kind === 'program') return system.measure(job, report)
  await runStages(system, job, report)
  return process.resourceUsage().maxRSS * 1024
}

endChild({ kind: 'peak', residentBytes: await run() } satisfies ChildMessage)

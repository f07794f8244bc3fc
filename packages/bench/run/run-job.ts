/** Runs one job in a fresh process and a fresh directory. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChildMessage, Job } from '../settings.ts'

const childFile = fileURLToPath(new URL('./child.ts', import.meta.url))

/** What is kept of what a failing child prints. */
const ERROR_BYTES = 4000

/** Resolves to why the job failed, or to undefined. What was reported before a failure stands. */
export async function runJob(
  job: Omit<Job, 'directory'>,
  parentDirectory: string,
  report: (message: ChildMessage) => void,
): Promise<string | undefined> {
  const directory = mkdtempSync(join(parentDirectory, 'varve-bench-'))
  try {
    const argument = JSON.stringify({ ...job, directory } satisfies Job)
    const child = fork(childFile, [argument], {
      execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
      // Standard output is the report's.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    let printed = ''
    const keep = (chunk: Buffer) => {
      printed = (printed + chunk).slice(-ERROR_BYTES)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('message', message => report(message as ChildMessage))
    const end = () => {
      child.kill()
      rmSync(directory, { recursive: true, force: true })
    }
    process.once('exit', end)
    const [code, signal] = await once(child, 'close')
    process.off('exit', end)
    if (code === 0) return undefined
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`
    return `its process ended with ${how}${printed === '' ? '' : `: ${lastError(printed)}`}`
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The line that says what went wrong; all of it when no line does. */
function lastError(printed: string): string {
  const lines = printed.trim().split('\n')
  return (lines.findLast(line => /^\w*Error\b/.test(line.trim())) ?? lines.slice(-3).join(' / ')).trim()
}

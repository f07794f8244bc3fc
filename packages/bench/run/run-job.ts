/** Runs one job in a fresh process and a fresh directory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ChildMessage, Job } from '../settings.ts'
import { runChild } from './run-child.ts'

const childFile = new URL('./child.ts', import.meta.url)

/** Resolves to why the job failed, or to undefined. What was reported before a failure stands. */
export function runJob(
  job: Omit<Job, 'directory'>,
  parentDirectory: string,
  report: (message: ChildMessage) => void,
): Promise<string | undefined> {
  return inFreshDirectory(parentDirectory, directory =>
    runChild(childFile, { ...job, directory } satisfies Job, report),
  )
}

/** A directory that is gone when the work is done, has failed, or the process ends. */
export async function inFreshDirectory<Result>(
  parentDirectory: string,
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = mkdtempSync(join(parentDirectory, 'varve-bench-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    return await work(directory)
  } finally {
    process.off('exit', remove)
    remove()
  }
}

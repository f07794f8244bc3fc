/**
 * From a job's kind to the function that does it. The functions are loaded when the first job of their kind
 * comes, or ahead of it, so that a thread starts quickly and the main side does not load them at all.
 */

import type { CompactionJob } from '../compaction/compaction-job.ts'
import type { UserFunctions } from '../compaction/entry-filter.ts'
import type { FlushJob } from '../compaction/flush-job.ts'
import type { FileSystem } from '../fs/index.ts'
import type { Job, OnProgress } from './runtime.ts'

const flushModule = () => import('../compaction/flush-job.ts')
const compactionModule = () => import('../compaction/compaction-job.ts')

export async function runJob(job: Job, fs: FileSystem, onProgress: OnProgress | undefined): Promise<unknown> {
  switch (job.kind) {
    case 'flush': {
      const { runFlushJob } = await flushModule()
      const flush = job as FlushJob
      return runFlushJob(flush, fs, onProgress, await userFunctionsOf(flush))
    }
    case 'compaction': {
      const { runCompactionJob } = await compactionModule()
      const compaction = job as CompactionJob
      return runCompactionJob(compaction, fs, onProgress, await userFunctionsOf(compaction))
    }
  }
}

/** What a message cannot carry. */
async function userFunctionsOf(job: FlushJob | CompactionJob): Promise<UserFunctions> {
  const { loadUserFunctions } = await import('../compaction/user-functions.ts')
  return loadUserFunctions(job)
}

/** Loads the functions of all kinds. */
export async function loadJobs(): Promise<void> {
  await Promise.all([flushModule(), compactionModule()])
}

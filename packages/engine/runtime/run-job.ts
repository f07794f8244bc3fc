/**
 * From a job's kind to the function that does it. The functions are loaded when the first job of their kind
 * comes, or ahead of it, so that a thread starts quickly and the main side does not load them at all.
 */

import type { CompactionJob } from '../compaction/compaction-job.ts'
import type { FlushJob } from '../compaction/flush-job.ts'
import type { FileSystem } from '../fs/index.ts'
import type { MergeOperator } from '../merge/index.ts'
import type { Job, OnProgress } from './runtime.ts'

const flushModule = () => import('../compaction/flush-job.ts')
const compactionModule = () => import('../compaction/compaction-job.ts')

export async function runJob(job: Job, fs: FileSystem, onProgress: OnProgress | undefined): Promise<unknown> {
  switch (job.kind) {
    case 'flush': {
      const { runFlushJob } = await flushModule()
      const flush = job as FlushJob
      return runFlushJob(flush, fs, onProgress, await operatorOf(flush))
    }
    case 'compaction': {
      const { runCompactionJob } = await compactionModule()
      const compaction = job as CompactionJob
      return runCompactionJob(compaction, fs, onProgress, await operatorOf(compaction))
    }
  }
}

/** What a message cannot carry. */
async function operatorOf({ merge }: FlushJob | CompactionJob): Promise<MergeOperator | undefined> {
  if (merge === undefined) return undefined
  const { loadMergeOperator } = await import('../merge/index.ts')
  return loadMergeOperator(merge)
}

/** Loads the functions of all kinds. */
export async function loadJobs(): Promise<void> {
  await Promise.all([flushModule(), compactionModule()])
}

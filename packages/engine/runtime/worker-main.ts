/** A thread of the pool: takes one job at a time, does it on files of its own, and answers. */
import { parentPort } from 'node:worker_threads'
import { NodeFileSystem } from '../fs/index.ts'
import { errorToData, type StartMessage, type WorkerMessage } from './messages.ts'
import { loadJobs, runJob } from './run-job.ts'
import type { JobProgress } from './runtime.ts'
import { lowerThreadPriority } from './thread-priority.ts'

lowerThreadPriority()
const fs = new NodeFileSystem()

// A thread that was started before there is a job for it has the time to get ready.
void loadJobs()

parentPort?.on('message', async ({ job, wantsProgress }: StartMessage) => {
  try {
    const onProgress = wantsProgress
      ? (progress: JobProgress) => answer({ type: 'progress', progress })
      : undefined
    answer({ type: 'done', result: await runJob(job, fs, onProgress) })
  } catch (error) {
    answer({ type: 'failed', error: errorToData(error) })
  }
})

function answer(message: WorkerMessage): void {
  parentPort?.postMessage(message)
}

/** A thread of the pool: takes one job at a time, does it on files of its own, and answers. */
import { parentPort } from 'node:worker_threads'
import { MemoryFileSystem, NodeFileSystem } from '../fs/index.ts'
import { letJobsWait } from '../rate-limiter/index.ts'
import type { MemoryResult } from './memory-runner.ts'
import { errorToData, type StartMessage, type WorkerMessage } from './messages.ts'
import { loadJobs, runJob } from './run-job.ts'
import type { Job, JobProgress, OnProgress } from './runtime.ts'
import { lowerThreadPriority } from './thread-priority.ts'

lowerThreadPriority()
letJobsWait()
const fs = new NodeFileSystem()

// A thread that was started before there is a job for it has the time to get ready.
void loadJobs()

parentPort?.on('message', async ({ job, wantsProgress }: StartMessage) => {
  try {
    const onProgress = wantsProgress
      ? (progress: JobProgress) => answer({ type: 'progress', progress })
      : undefined
    const result =
      job.memory === undefined ? runJob(job, fs, onProgress) : runInMemory(job, job.memory, onProgress)
    answer({ type: 'done', result: await result })
  } catch (error) {
    answer({ type: 'failed', error: errorToData(error) })
  }
})

async function runInMemory(
  job: Job,
  { directory, files }: NonNullable<Job['memory']>,
  onProgress: OnProgress | undefined,
): Promise<MemoryResult> {
  const memory = MemoryFileSystem.attach(files, directory)
  const result = await runJob(job, memory, onProgress)
  return { result, made: memory.made(files) }
}

function answer(message: WorkerMessage): void {
  parentPort?.postMessage(message)
}

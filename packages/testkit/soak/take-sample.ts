/** What a process holds now: memory, descriptors and threads as Linux counts them, and the bytes of a directory. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Sample } from './growth.ts'

export function takeSample(directory: string): Sample {
  // Twice: what is freed in the first turn may hold memory outside the heap.
  globalThis.gc?.()
  globalThis.gc?.()
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return {
    rss,
    heapUsed,
    arrayBuffers,
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    diskUsage: bytesBelow(directory),
  }
}

/** Files may go while they are counted. */
function bytesBelow(directory: string): number {
  let sum = 0
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) sum += bytesBelow(path)
    else sum += (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512
  }
  return sum
}

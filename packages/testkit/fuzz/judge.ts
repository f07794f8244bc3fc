/**
 * Runs a decoder on an input and judges: it gives a value or throws `CORRUPTION` or `NOT_SUPPORTED`, within 50 ms
 * and 64 MiB for an input of up to 1 MiB.
 */
import { getHeapStatistics } from 'node:v8'
import { isVarveError } from '@varve/format/errors'
import { type FuzzTarget, MAX_MS } from './targets.ts'

const MAX_BYTES = 64 * 1024 * 1024
/** A slow run may have been the compiler's or the collector's: it counts when it is slow this often in a row. */
const SLOW_RUNS = 4

export interface Verdict {
  /** What is wrong, or undefined. */
  failure: string | undefined
  /** How it ended, without the numbers in it: new ways mean new code was reached. */
  signature: string
}

export function judge(target: FuzzTarget, input: Uint8Array): Verdict {
  const heapBefore = heapBytes()
  const started = threadMilliseconds()
  const thrown = errorOf(target, input)
  const elapsed = threadMilliseconds() - started
  const used = heapBytes() - heapBefore
  const signature = signatureOf(thrown)
  if (thrown !== undefined && !isVarveError(thrown, 'CORRUPTION') && !isVarveError(thrown, 'NOT_SUPPORTED')) {
    return { failure: `threw ${thrown instanceof Error ? thrown.stack : String(thrown)}`, signature }
  }
  if (used > MAX_BYTES) return { failure: `used ${Math.round(used / 1024 / 1024)} MiB`, signature }
  if (elapsed > (target.maxMs ?? MAX_MS) && isSlow(target, input))
    return { failure: `took ${Math.round(elapsed)} ms`, signature }
  return { failure: undefined, signature }
}

function errorOf(target: FuzzTarget, input: Uint8Array): unknown {
  try {
    target.decode(input)
    return undefined
  } catch (error) {
    return error ?? 'nothing'
  }
}

function isSlow(target: FuzzTarget, input: Uint8Array): boolean {
  for (let run = 0; run < SLOW_RUNS; run++) {
    const started = threadMilliseconds()
    errorOf(target, input)
    if (threadMilliseconds() - started <= (target.maxMs ?? MAX_MS)) return false
  }
  return true
}

/** Of the processor, in this thread: the other fuzzing threads and whatever else runs must not count. */
function threadMilliseconds(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** What the heap and the buffers outside of it take. Garbage counts too, so a collection in between only hides. */
function heapBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

function signatureOf(thrown: unknown): string {
  if (thrown === undefined) return 'value'
  return String(thrown instanceof Error ? thrown.message : thrown)
    .replace(/\d+|0x[0-9a-f]+|"[^"]*"/g, '#')
    .slice(0, 120)
}

/**
 * Runs a decoder on an input and judges: it gives a value or throws `CORRUPTION` or `NOT_SUPPORTED`, within 50 ms
 * and 64 MiB for an input of up to 1 MiB.
 */
import { getHeapStatistics } from 'node:v8'
import { isVarveError } from '@varve/format/errors'
import { type FuzzTarget, MAX_MS } from './targets.ts'

const MAX_BYTES = 64 * 1024 * 1024
/** A slow run may have been the compiler's or the collector's, or of a busy machine: it counts when as many are slow. */
const SLOW_RUNS = 10
const STACK_FRAMES = 20

export interface Verdict {
  /** What is wrong, or undefined. */
  failure: string | undefined
  /** How it ended, without the numbers in it: new ways mean new code was reached. */
  signature: string
  /** How long it took. */
  milliseconds: number
}

export function judge(target: FuzzTarget, input: Uint8Array): Verdict {
  const limit = target.maxMs ?? MAX_MS
  const heapBefore = heapBytes()
  const started = performance.now()
  const thrown = errorOf(target, input)
  const elapsed = performance.now() - started
  const used = heapBytes() - heapBefore
  const milliseconds = elapsed > limit ? leastMilliseconds(target, input, limit) : elapsed
  let failure: string | undefined
  if (thrown !== undefined && !isVarveError(thrown, 'CORRUPTION') && !isVarveError(thrown, 'NOT_SUPPORTED')) {
    failure = `threw ${stackOf(target, input)}`
  } else if (used > MAX_BYTES) failure = `used ${Math.round(used / 1024 / 1024)} MiB`
  else if (milliseconds > limit && milliseconds > limit * slowness())
    failure = `took ${Math.round(milliseconds)} ms`
  return { failure, signature: signatureOf(thrown), milliseconds }
}

/** Without stacks: most errors are those that are expected, and taking a stack takes longer than most decoders do. */
function errorOf(target: FuzzTarget, input: Uint8Array, stackFrames = 0): unknown {
  const framesBefore = Error.stackTraceLimit
  Error.stackTraceLimit = stackFrames
  try {
    target.decode(input)
    return undefined
  } catch (error) {
    return error ?? 'nothing'
  } finally {
    Error.stackTraceLimit = framesBefore
  }
}

function stackOf(target: FuzzTarget, input: Uint8Array): string {
  const thrown = errorOf(target, input, STACK_FRAMES)
  return thrown instanceof Error ? String(thrown.stack) : String(thrown)
}

/** Of as many runs as it takes to have one within the limit. */
function leastMilliseconds(target: FuzzTarget, input: Uint8Array, limit: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < SLOW_RUNS && least > limit; run++) {
    const started = threadMilliseconds()
    errorOf(target, input)
    least = Math.min(least, threadMilliseconds() - started)
  }
  return least
}

/** What `yardstick` takes of the machine that the limits are meant for, left alone: 2 cores of a cloud machine of 2025. */
const YARDSTICK_MS = 25
const YARDSTICK_RUNS = 3

/** How much longer than there things take here and now: other programs slow down even what a thread takes by itself. */
function slowness(): number {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < YARDSTICK_RUNS; run++) {
    const started = threadMilliseconds()
    yardstick()
    least = Math.min(least, threadMilliseconds() - started)
  }
  return Math.max(1, least / YARDSTICK_MS)
}

/** Bytes in, objects out, as decoders do; ten megabytes, for a thread's time is counted by milliseconds. */
function yardstick(): void {
  const bytes = new Uint8Array(1024 * 1024)
  for (let run = 0; run < 10; run++) fillAndRead(bytes)
}

function fillAndRead(bytes: Uint8Array): unknown[] {
  const objects: { tag: number; value: number }[] = []
  for (let at = 0; at < bytes.length; at++) {
    const byte = (bytes[at] = Math.imul(at, 0x9e37_79b1) >>> 24)
    if (byte < 32) objects.push({ tag: byte, value: at })
  }
  return objects
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

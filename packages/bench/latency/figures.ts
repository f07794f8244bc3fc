/** What a paced load tells, as plain data. */
import type { RecordableHistogram } from 'node:perf_hooks'

export interface Percentiles {
  p50: number
  p99: number
  p999: number
  worst: number
}

export interface LatencyFigures {
  keys: number
  /** Operations per second, half of them puts, half gets. */
  rate: number
  seconds: number
  operations: number
  /** Milliseconds from the moment an operation was due to its answer. */
  put: Percentiles
  get: Percentiles
  /** Milliseconds that the event loop kept waiting who came every millisecond (loop-probe.ts). */
  blocked: Percentiles
  /** Milliseconds by Node's own timer (monitorEventLoopDelay), less its resolution. */
  timerDelay: Percentiles
  /** Share of the time in which a compaction ran. */
  compactingShare: number
  compactions: number
  flushes: number
  stalledSeconds: number
  /** Write buffers and block cache, as configured. */
  configuredBytes: number
  peakResidentBytes: number
}

const NANOSECONDS = 1e6

/** Of a histogram of nanoseconds, in milliseconds, less what every value holds too much. */
export function percentilesOf(
  histogram: Pick<RecordableHistogram, 'percentile' | 'max'>,
  tooMuch = 0,
): Percentiles {
  const at = (nanoseconds: number) => Math.max(0, nanoseconds / NANOSECONDS - tooMuch)
  return {
    p50: at(histogram.percentile(50)),
    p99: at(histogram.percentile(99)),
    p999: at(histogram.percentile(99.9)),
    worst: at(histogram.max),
  }
}

/** A time in milliseconds, for a histogram of nanoseconds, which takes none below 1. */
export function nanoseconds(milliseconds: number): number {
  return Math.max(1, Math.round(milliseconds * NANOSECONDS))
}

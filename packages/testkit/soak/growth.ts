/**
 * Whether something has grown that should not: of a long run's samples the first third is left out as warm-up, and
 * the median of the last third may lie above that of the middle third by a stated tolerance only.
 */

export interface Sample {
  rss: number
  heapUsed: number
  arrayBuffers: number
  descriptors: number
  threads: number
  diskUsage: number
}

export type Metric = keyof Sample

/** Allowed above the middle third's median: a share of it, and so much more in any case. */
interface Tolerance {
  share: number
  more: number
}

const MIB = 1024 * 1024

export const tolerances: Readonly<Record<Metric, Tolerance>> = {
  rss: { share: 0.05, more: 16 * MIB },
  heapUsed: { share: 0.1, more: 4 * MIB },
  arrayBuffers: { share: 0.1, more: 8 * MIB },
  descriptors: { share: 0, more: 4 },
  threads: { share: 0, more: 1 },
  diskUsage: { share: 0.15, more: 8 * MIB },
}

export const metrics = Object.keys(tolerances) as Metric[]

export interface Growth {
  metric: Metric
  middle: number
  last: number
  isTooMuch: boolean
}

/** Each third needs samples enough for a median that one of them cannot move. */
export const SAMPLES_MIN = 15

export function judgeGrowth(samples: readonly Sample[]): Growth[] {
  if (samples.length < SAMPLES_MIN) throw new Error(`${samples.length} samples are too few to judge`)
  const third = Math.floor(samples.length / 3)
  const middle = samples.slice(third, 2 * third)
  const last = samples.slice(2 * third)
  return metrics.map(metric => {
    const before = median(middle.map(sample => sample[metric]))
    const after = median(last.map(sample => sample[metric]))
    const { share, more } = tolerances[metric]
    return { metric, middle: before, last: after, isTooMuch: after > before * (1 + share) + more }
  })
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}

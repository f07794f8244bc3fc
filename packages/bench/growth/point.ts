/** What is measured at each size, of each system. Plain data: it crosses processes. */
import { KEY_BYTES, VALUE_BYTES } from '../settings.ts'

export const growthWorkloads = ['fillrandom', 'readrandom', 'readseq', 'seekrandom', 'compact'] as const
export type GrowthWorkload = (typeof growthWorkloads)[number]

export interface GrowthPoint {
  system: string
  keys: number
  /** Operations per second; of compact: keys that went in by fillrandom. */
  rates: Record<GrowthWorkload, number>
  /** Bytes of tables that flushes and compactions wrote until all was quiet, to the bytes of keys and values put. */
  writeAmplification: number
  /** Data blocks that a random get looked at, and how many of them it had to read from a file. */
  blocksPerGet: number
  blocksReadPerGet: number
  /** The directory when all was quiet after the load, to the same after a full compaction. */
  spaceAmplification: number
  settledBytes: number
  peakResidentBytes: number
}

export interface GrowthTask {
  keys: number
  seed: number
  /** A workload that reads ends after so many seconds. */
  seconds: number
  /** Empty. */
  directory: string
}

/** Reads of a workload at every size, as far as there are as many keys. */
export const GETS = 1_000_000
export const SEEKS = 200_000
export const SCANNED = 10_000_000

export function putBytes(keys: number): number {
  return keys * (KEY_BYTES + VALUE_BYTES)
}

/** The median of each figure. */
export function medianPoint(points: readonly GrowthPoint[]): GrowthPoint {
  const middle = (figure: (point: GrowthPoint) => number) => median(points.map(figure))
  const rates = Object.fromEntries(
    growthWorkloads.map(name => [name, middle(point => point.rates[name])]),
  ) as Record<GrowthWorkload, number>
  return {
    system: points[0].system,
    keys: points[0].keys,
    rates,
    writeAmplification: middle(point => point.writeAmplification),
    blocksPerGet: middle(point => point.blocksPerGet),
    blocksReadPerGet: middle(point => point.blocksReadPerGet),
    spaceAmplification: middle(point => point.spaceAmplification),
    settledBytes: middle(point => point.settledBytes),
    peakResidentBytes: Math.max(...points.map(point => point.peakResidentBytes)),
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2
}

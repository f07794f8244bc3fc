/** What is measured of each style of compaction, of each system. Plain data: it crosses processes. */
import { KEY_BYTES } from '../settings.ts'

/** `blob`: leveled, with the values in blob files. */
export const styles = ['leveled', 'universal', 'blob'] as const
export type Style = (typeof styles)[number]

export interface AmplificationTask {
  style: Style
  /** Keys are drawn from so many, uniformly. */
  keys: number
  /** Puts. */
  writes: number
  seed: number
  /** Empty. */
  directory: string
}

export interface AmplificationPoint {
  system: string
  style: Style
  /** Puts per second until the last one was acknowledged, and until nothing was left to do in the background. */
  putRate: number
  settledRate: number
  /** Bytes that flushes and compactions wrote. */
  tableBytes: number
  /** The same to the bytes of keys and values put. */
  writeAmplification: number
  /** The directory when all was quiet, to the same after a full compaction. */
  spaceAmplification: number
  settledBytes: number
}

/** So that the rows are more than the tree's overhead, and a minute of them fills several levels. */
export const AMPLIFIED_VALUE_BYTES = 400
const MIB = 2 ** 20
/** Small beside the data, as they are in a large database. */
export const AMPLIFIED_BUFFER_BYTES: number = 16 * MIB
export const AMPLIFIED_TABLE_BYTES: number = 16 * MIB
export const AMPLIFIED_LEVEL_BYTES: number = 64 * MIB

/** Of `blob`. RocksDB's own defaults never collect what is garbage in its files. */
export const AMPLIFIED_BLOBS = {
  fileBytes: 32 * MIB,
  collectedShare: 0.5,
  collectedFrom: 0.5,
} as const

export function updateBytes(writes: number): number {
  return writes * (KEY_BYTES + AMPLIFIED_VALUE_BYTES)
}

/** What every system is given alike, and what a child process is told to do. Plain data: it crosses processes. */

const MIB = 1024 * 1024

/** One for all LSMs. classic-level has no other than Snappy. */
export const COMPRESSION = 'snappy'
export const CACHE_BYTES: number = 64 * MIB
export const WRITE_BUFFER_BYTES: number = 64 * MIB
/** Keys whose batches of 100 fill 64 MiB of a write-ahead log, and a write buffer that holds them in any LSM. */
export const REPLAY_KEYS = 563_000
export const REPLAY_LOG_BYTES: number = 64 * MIB
export const REPLAY_WRITE_BUFFER_BYTES: number = 256 * MIB
export const BLOCK_BYTES = 4096
export const BLOOM_BITS_PER_KEY = 10
export const KEY_BYTES = 16
export const VALUE_BYTES = 100

export interface Settings {
  /** Keys are drawn from 0 to `num` - 1; fills and reads make `num` operations. */
  num: number
  /** Synced writes that fillsync makes. */
  syncedWrites: number
  /** A workload ends after so many seconds, done or not. */
  seconds: number
  seed: number
}

/** Keys of one batch, and of one MultiGet. */
export const BATCH_KEYS = 100

/** One run of one system: all its workloads, once, in a process of its own. */
export interface Job {
  system: string
  workloads: string[]
  settings: Settings
  repetition: number
  /** An empty directory that is removed afterwards. */
  directory: string
}

/** How a workload went. */
export interface Outcome {
  workload: string
  operations: number
  seconds: number
}

/** What a child process reports, one by one. */
export type ChildMessage =
  | { kind: 'outcome'; outcome: Outcome }
  /** The system cannot do this workload. */
  | { kind: 'notRun'; workload: string; reason: string }
  | { kind: 'peak'; residentBytes: number }

/**
 * Writes that are committed together: one record in the log, one sync when any of them asks for it, one
 * promise that all their callers hold.
 *
 * RocksDB: db/write_thread.h, WriteGroup
 */
import type { BatchEncoder } from '@varve/format/batch'
import type { Family } from './family.ts'

export class WriteGroup {
  /** Keys and values are copied in as the calls come, so callers may reuse their buffers at once. */
  readonly encoder: BatchEncoder
  /** The column families written to. */
  readonly families: Family[] = []
  /** True when a member wants to be on disk before it is acknowledged. */
  sync = false
  readonly disableWAL: boolean
  /** Write calls that joined. */
  members = 0
  /** Settles for all members when the group has been applied or has failed. */
  readonly done: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void

  constructor(encoder: BatchEncoder, disableWAL: boolean) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.encoder = encoder
    this.disableWAL = disableWAL
    this.done = promise
    this.resolve = resolve
    this.reject = reject
  }

  get byteLength(): number {
    return this.encoder.length
  }

  touch(family: Family): void {
    if (this.families.length === 1 && this.families[0] === family) return
    if (!this.families.includes(family)) this.families.push(family)
  }
}

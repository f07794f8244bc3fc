/**
 * The write-ahead logs of an open database: the one being written and the older ones that some memtable still
 * needs. A new log starts whenever a memtable is sealed.
 *
 * Invariants: L1 a log is synced only after all older ones, so that what is on disk is a prefix of what was
 * written; L2 the name of a log is on disk before anything in it counts as synced, and before the next log has a
 * name; L3 a log goes only after the MANIFEST says durably that nothing needs it.
 *
 * RocksDB: db/db_impl/db_impl_write.cc, WriteToWAL and FlushWAL; db/db_impl/db_impl_files.cc
 */
import { join } from 'node:path'
import type { BatchEncoder } from '@varve/format/batch'
import type { VersionEdit } from '@varve/format/manifest'
import { walName } from '@varve/format/names'
import type { Timer } from '../runtime/index.ts'
import { encodeEvidence, evidenceRecord, WalWriter } from '../wal/index.ts'
import type { Engine } from './engine.ts'
import { removeFile } from './obsolete-files.ts'

interface OldLog {
  readonly number: number
  readonly size: number
  /** Set until the log is known to be on disk, whole. */
  writer: WalWriter | undefined
}

export class Logs {
  private readonly engine: Engine
  private current: WalWriter | undefined
  /** Oldest first. */
  private older: OldLog[] = []
  private olderBytes = 0
  /** Settles when the name of the current log is on disk (L2). */
  private named: Promise<void> = Promise.resolve()
  /** Written without a sync since the last one, for `walSync`. */
  private unsyncedBytes = 0
  private timer: Timer | undefined
  /** The last sync that the timer started. */
  private timedSync: Promise<void> | undefined
  /** The synced size that the newest evidence in the current log speaks of. */
  private evidencedSize = 0

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Number of the log being written. */
  get number(): number {
    return this.writer.number
  }

  /** False while recovery reads the logs of the past. */
  get isStarted(): boolean {
    return this.current !== undefined
  }

  get totalBytes(): number {
    return this.olderBytes + (this.current?.size ?? 0)
  }

  private get writer(): WalWriter {
    if (this.current === undefined) throw new Error('no log has been started')
    return this.current
  }

  /** Names the logs that recovery has read and kept, because their entries are only in memtables. */
  keepRecovered(logs: readonly { number: number; size: number }[]): void {
    for (const { number, size } of logs) {
      this.older.push({ number, size, writer: undefined })
      this.olderBytes += size
    }
  }

  /**
   * Goes over to the new log `number`. It begins with a record that tells it from a log of C++ RocksDB, behind all that the
   * log before it may hold: also what was written there and failed.
   */
  async start(number: number): Promise<void> {
    if (this.current?.poisoned === undefined) await this.named
    const file = await this.engine.fs.open(this.pathOf(number), 'create')
    const next = new WalWriter(file, number, 0, this.engine.pace)
    next.appendSync(evidenceRecord(this.engine.lastTaken + 1, this.evidence(next, this.newestIntact())))
    if (this.current !== undefined) {
      this.older.push({ number: this.current.number, size: this.current.size, writer: this.current })
      this.olderBytes += this.current.size
    }
    this.current = next
    this.evidencedSize = 0
    this.named = this.syncName(next)
    // Whoever relies on the name will wait for it, and be told.
    this.named.catch(() => undefined)
  }

  /** Appends a group's record; when it returns, the record is in the page cache and survives this process. */
  appendSync(encoder: BatchEncoder, sequence: number): void {
    this.addEvidence(encoder)
    this.writer.appendSync(encoder.finish(sequence))
    this.countUnsynced(encoder.length)
  }

  /** The same for a large record, without holding up the event loop. */
  async append(encoder: BatchEncoder, sequence: number): Promise<void> {
    this.addEvidence(encoder)
    await this.writer.append(encoder.finish(sequence))
    this.countUnsynced(encoder.length)
  }

  /** True when `walSync` asks for a sync before the next acknowledgement. */
  isSyncDue(): boolean {
    const policy = this.engine.options.db.walSync
    if (policy === 'always') return true
    return (
      typeof policy === 'object' && policy.everyBytes !== undefined && this.unsyncedBytes >= policy.everyBytes
    )
  }

  /** Returns when everything appended before the call is on disk, in this log and all older ones (L1, L2). */
  async sync(): Promise<void> {
    const writer = this.writer
    this.timer?.cancel()
    this.timer = undefined
    await this.syncOlder()
    this.unsyncedBytes = 0
    const { named } = this
    await writer.sync()
    await named
    this.engine.statistics.walSyncs++
  }

  private async syncName(writer: WalWriter): Promise<void> {
    try {
      await this.engine.fs.syncDirectory(this.engine.path)
    } catch (error) {
      throw writer.poison(error)
    }
  }

  /** Syncs and closes the logs that are not written any more. */
  async syncOlder(): Promise<void> {
    for (const log of [...this.older]) {
      const { writer } = log
      if (writer === undefined) continue
      await writer.sync()
      await writer.close()
      log.writer = undefined
    }
  }

  /**
   * What a MANIFEST may say of the current log from now on: that there is one. Without it nobody would miss a log that
   * somebody removed, the newest, which no other log speaks of.
   */
  async mustExist(): Promise<VersionEdit> {
    const { number } = this
    await this.named
    return { walWatermarks: [{ number, syncedSize: 0 }] }
  }

  /** Whether there are logs with a smaller number. */
  isAnyBelow(number: number): boolean {
    return this.older.length > 0 && this.older[0].number < number
  }

  /** Removes the logs below `minimum`, which the MANIFEST has just declared unneeded (L3). */
  async release(minimum: number): Promise<void> {
    while (this.older.length > 0 && this.older[0].number < minimum) {
      const log = this.older[0]
      this.older.shift()
      this.olderBytes -= log.size
      const { writer } = log
      log.writer = undefined
      await closeUnneeded(writer)
      await removeFile(this.engine, walName(log.number))
    }
  }

  /**
   * Syncs the log, tells the MANIFEST how far (`track`), and tells the log how far the MANIFEST reaches. Each
   * then vouches for the other, so damage to either is found at the next open.
   */
  async seal(track: (number: number, syncedSize: number) => Promise<void>): Promise<void> {
    await this.sync()
    await track(this.writer.number, this.writer.syncedSize)
    this.writer.appendSync(evidenceRecord(this.engine.lastTaken + 1, this.evidence(this.writer)))
    await this.sync()
  }

  async close(): Promise<void> {
    this.timer?.cancel()
    await Promise.allSettled([this.timedSync, this.named])
    for (const log of this.older) await log.writer?.close()
    await this.current?.close()
  }

  private pathOf(number: number): string {
    return join(this.engine.path, walName(number))
  }

  /** The log before the next one, unless a failed write or sync has made its end uncertain. */
  private newestIntact(): { number: number; size: number } | undefined {
    const newest = this.current ?? this.older.at(-1)
    return this.current?.poisoned === undefined ? newest : undefined
  }

  private evidence(log: WalWriter, previous?: { number: number; size: number }): Uint8Array {
    const { manifestNumber, syncedSize } = this.engine.versions.manifest
    return encodeEvidence({
      walNumber: log.number,
      walSynced: log.syncedSize,
      manifestNumber,
      manifestSynced: syncedSize,
      previousNumber: previous?.number,
      previousSize: previous?.size,
    })
  }

  /** Says in the log how much of it is on disk, when that has grown: what tells damage from a torn tail (D8). */
  private addEvidence(encoder: BatchEncoder): void {
    const { syncedSize } = this.writer
    if (syncedSize === this.evidencedSize) return
    encoder.logData(this.evidence(this.writer))
    this.evidencedSize = syncedSize
  }

  private countUnsynced(bytes: number): void {
    this.engine.statistics.walBytes += bytes
    this.unsyncedBytes += bytes
    const policy = this.engine.options.db.walSync
    if (typeof policy !== 'object' || policy.everyMs === undefined || this.timer !== undefined) return
    this.timer = this.engine.runtime.setTimer(policy.everyMs, () => {
      this.timer = undefined
      this.timedSync = this.syncOrFail()
    })
  }

  private async syncOrFail(): Promise<void> {
    try {
      await this.sync()
    } catch (error) {
      this.engine.failed(error)
    }
  }
}

/** Of a log that has failed nothing more is awaited: what it held is in tables. */
async function closeUnneeded(writer: WalWriter | undefined): Promise<void> {
  if (writer?.poisoned === undefined) await writer?.letGo()
  else await writer.letGo().catch(() => undefined)
}

/**
 * One column family at work: its options, its memtables and the superversion that readers take. The engine
 * changes it on the main thread only, between two awaits, so a reader never sees it half changed.
 *
 * RocksDB: db/column_family.h, ColumnFamilyData
 */
import { Memtable } from '../memtable/index.ts'
import type { ResolvedColumnFamilyOptions } from '../options/index.ts'
import type { Version } from '../version/version.ts'
import { SuperVersion } from './super-version.ts'

/** A memtable that takes no more writes and waits for its flush. */
export interface SealedMemtable {
  readonly memtable: Memtable
  /** The oldest log that may hold entries of it. */
  readonly firstLog: number
}

export class Family {
  readonly id: number
  readonly name: string
  readonly options: ResolvedColumnFamilyOptions
  /** Takes the writes. */
  memtable: Memtable
  /** The oldest log that may hold entries of `memtable`. */
  firstLog: number
  /** Oldest first. */
  sealed: SealedMemtable[] = []
  /** What a reader that starts now reads from. */
  superVersion: SuperVersion
  /** How many of `sealed`, from the oldest on, a running flush has. */
  flushing = 0
  isDropped = false
  /** Entries in memtables that are in no log, because `disableWAL` was asked for. */
  hasUnloggedWrites = false

  constructor(
    id: number,
    name: string,
    options: ResolvedColumnFamilyOptions,
    version: Version,
    logNumber: number,
  ) {
    this.id = id
    this.name = name
    this.options = options
    this.memtable = new Memtable(logNumber, options.writeBufferSize)
    this.firstLog = logNumber
    this.superVersion = new SuperVersion(this.memtable, [], version)
  }

  get isFull(): boolean {
    return this.memtable.memoryUsage >= this.options.writeBufferSize
  }

  /** The oldest log that still holds something only a memtable has; undefined when no memtable has anything. */
  get oldestLogNeeded(): number | undefined {
    if (this.sealed.length > 0) return this.sealed[0].firstLog
    return this.memtable.entryCount > 0 ? this.firstLog : undefined
  }

  get memoryUsage(): number {
    return this.sealed.reduce((sum, { memtable }) => sum + memtable.memoryUsage, this.memtable.memoryUsage)
  }

  /** Seals the active memtable and starts an empty one, whose writes go to the log `logNumber` and later ones. */
  seal(logNumber: number, arenaBytes: number = this.options.writeBufferSize): void {
    this.sealed.push({ memtable: this.memtable, firstLog: this.firstLog })
    this.memtable = new Memtable(logNumber, arenaBytes)
    this.firstLog = logNumber
    this.install(this.superVersion.version)
  }

  /** Gives a record larger than an arena a memtable that fits it. */
  replaceEmptyMemtable(arenaBytes: number): void {
    this.memtable = new Memtable(this.firstLog, arenaBytes)
    this.install(this.superVersion.version)
  }

  /** An empty memtable owes nothing to older logs. */
  startsAt(logNumber: number): void {
    if (this.memtable.entryCount === 0) this.firstLog = logNumber
  }

  /** Takes the `count` oldest sealed memtables out: their entries are in `version` now. */
  flushed(count: number, version: Version): void {
    this.sealed.splice(0, count)
    this.flushing -= count
    this.install(version)
  }

  /** Makes the superversion of the present memtables and `version`. */
  install(version: Version): void {
    const before = this.superVersion
    const newestFirst = this.sealed.map(({ memtable }) => memtable).reverse()
    this.superVersion = new SuperVersion(this.memtable, newestFirst, version)
    before.unref()
  }
}

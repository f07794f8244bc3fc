/**
 * One column family at work: its options, its memtables and the superversion that readers take. The engine
 * changes it on the main thread only, between two awaits, so a reader never sees it half changed.
 *
 * RocksDB: db/column_family.h, ColumnFamilyData
 */

import { CompactionPicker } from '../compaction/index.ts'
import { type ArenaPool, Memtable } from '../memtable/index.ts'
import type { ResolvedColumnFamilyOptions } from '../options/index.ts'
import type { ColumnFamilyState } from '../version/index.ts'
import { SuperVersion } from './super-version.ts'

/**
 * What an arena has beyond `writeBufferSize`: room for the group that fills it, so that a memtable is sealed
 * between two groups, with a new log. Memory is committed only where it is written.
 */
const ARENA_SLACK = 2 * 1024 * 1024

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
  /** Its newest version, as the MANIFEST has it. */
  readonly state: ColumnFamilyState
  readonly picker: CompactionPicker
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
  /** So many of the oldest sealed memtables are in the MANIFEST's tables already, which could not be opened yet. */
  recorded = 0
  isDropped = false
  /** Entries in memtables that are in no log, because `disableWAL` was asked for. */
  hasUnloggedWrites = false
  private isLetGo = false
  private readonly arenas: ArenaPool
  private readonly onReaderGone: () => void

  /** `onReaderGone` is called when a superversion has lost its last reader. */
  constructor(
    state: ColumnFamilyState,
    options: ResolvedColumnFamilyOptions,
    logNumber: number,
    arenas: ArenaPool,
    onReaderGone: () => void,
  ) {
    this.arenas = arenas
    this.onReaderGone = onReaderGone
    this.id = state.id
    this.name = state.name
    this.options = options
    this.state = state
    this.picker = new CompactionPicker(state, options)
    this.memtable = new Memtable(logNumber, options.writeBufferSize + ARENA_SLACK, this.arenas)
    this.firstLog = logNumber
    this.superVersion = new SuperVersion(this.memtable, [], state.current, onReaderGone)
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

  /** Whether `count` more entries, with so many bytes of keys and values, go into the active memtable. */
  hasRoom(bytes: number, count: number): boolean {
    return !this.isFull && this.memtable.hasRoom(bytes, count)
  }

  /**
   * Seals the active memtable, if it holds anything, and starts an empty one, whose writes go to the log
   * `logNumber` and later ones and which takes `count` entries of so many bytes in any case.
   */
  seal(logNumber: number, bytes = 0, count = 1): void {
    if (this.memtable.entryCount > 0) this.sealed.push({ memtable: this.memtable, firstLog: this.firstLog })
    const needed = Memtable.arenaBytesFor(count, bytes)
    const arenaBytes = Math.max(this.options.writeBufferSize, needed) + ARENA_SLACK
    this.memtable = new Memtable(logNumber, arenaBytes, this.arenas)
    this.firstLog = logNumber
    this.install()
  }

  /** An empty memtable owes nothing to older logs. */
  startsAt(logNumber: number): void {
    if (this.memtable.entryCount === 0) this.firstLog = logNumber
  }

  /** Takes the `count` oldest sealed memtables out: their entries are in the newest version. */
  flushed(count: number): void {
    this.sealed.splice(0, count)
    this.flushing -= count
    this.recorded = 0
    this.install()
  }

  /**
   * Makes the superversion of the present memtables and the newest version. A job may end when the family has been
   * let go; to let go of its superversion once more would have two memtables share its memory (M1).
   */
  install(): void {
    if (this.isLetGo) return
    const before = this.superVersion
    const newestFirst = this.sealed.map(({ memtable }) => memtable).reverse()
    this.superVersion = new SuperVersion(this.memtable, newestFirst, this.state.current, this.onReaderGone)
    before.unref()
  }

  /** When the family is dropped or the database closed: what nobody reads any more is free. */
  letGo(): void {
    this.isLetGo = true
    this.superVersion.unref()
  }
}

/**
 * One column family at work: its options, its memtables and the superversion that readers take. The engine
 * changes it on the main thread only, between two awaits, so a reader never sees it half changed.
 *
 * RocksDB: db/column_family.h, ColumnFamilyData
 */

import { VarveError } from '@varve/format/errors'
import { type PrefixExtractor, prefixExtractor } from '@varve/format/key'
import { type CompactionPicker, makePicker } from '../compaction/index.ts'
import { type ArenaPool, Memtable } from '../memtable/index.ts'
import type { MergeOperator } from '../merge/index.ts'
import type { ResolvedColumnFamilyOptions } from '../options/index.ts'
import type { Clock } from '../runtime/index.ts'
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

/** For what begins later than it was asked for: the files and the memory of a dropped family may be gone. */
export function refuseIfDropped({ isDropped, name }: Pick<Family, 'isDropped' | 'name'>): void {
  if (!isDropped) return
  throw new VarveError('NOT_FOUND', `the column family ${JSON.stringify(name)} has been dropped`, {
    columnFamily: name,
  })
}

export class Family {
  readonly id: number
  readonly name: string
  readonly options: ResolvedColumnFamilyOptions
  /** What the option `mergeOperator` names. */
  readonly merge: MergeOperator | undefined
  readonly prefixExtractor: PrefixExtractor | undefined
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
  /** So many of the oldest sealed memtables are in tables of the newest version already, which are not open yet. */
  recorded = 0
  isDropped = false
  private isReleased = false
  /** Bytes of tables since the database was opened, for its write amplification. */
  readonly written = { flushed: 0, compacted: 0 }
  /** Entries in memtables that are in no log, because `disableWAL` was asked for. */
  hasUnloggedWrites = false
  private readonly arenas: ArenaPool
  private readonly onReaderGone: () => void

  /** `onReaderGone` is called when a superversion has lost its last reader. */
  constructor(
    state: ColumnFamilyState,
    options: ResolvedColumnFamilyOptions,
    merge: MergeOperator | undefined,
    logNumber: number,
    arenas: ArenaPool,
    clock: Clock,
    onReaderGone: () => void,
  ) {
    this.arenas = arenas
    this.onReaderGone = onReaderGone
    this.id = state.id
    this.name = state.name
    this.options = options
    this.merge = merge
    this.prefixExtractor = prefixExtractor(options.prefixExtractor ?? 'nullptr')
    this.state = state
    this.picker = makePicker(state, options, () => Math.floor(clock.now() / 1000))
    this.memtable = Memtable.withoutRoom(logNumber)
    this.firstLog = logNumber
    this.superVersion = new SuperVersion(this.memtable, [], state.current, onReaderGone)
  }

  get isFull(): boolean {
    return this.memtable.memoryUsage >= this.options.writeBufferSize
  }

  /** The oldest log that still holds something only a memtable has; undefined when no memtable has anything. */
  get oldestLogNeeded(): number | undefined {
    if (this.sealed.length > 0) return this.sealed[0].firstLog
    return !this.memtable.isEmpty ? this.firstLog : undefined
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
   * `logNumber` and later ones. It has no room yet: whoever has to wait for a flush before it may write will find
   * the memory that the flush has left.
   */
  seal(logNumber: number): void {
    if (!this.memtable.isEmpty) this.sealed.push({ memtable: this.memtable, firstLog: this.firstLog })
    this.memtable = Memtable.withoutRoom(logNumber)
    this.firstLog = logNumber
    this.install()
  }

  /** Puts a memtable in the place of the empty one that takes `count` entries of so many bytes in any case. */
  provideRoom(bytes: number, count: number): void {
    const needed = Memtable.arenaBytesFor(count, bytes)
    const arenaBytes = Math.max(this.options.writeBufferSize, needed) + ARENA_SLACK
    this.memtable = new Memtable(this.memtable.id, arenaBytes, this.arenas)
    this.install()
  }

  /** An empty memtable owes nothing to older logs. */
  startsAt(logNumber: number): void {
    if (this.memtable.isEmpty) this.firstLog = logNumber
  }

  /** Takes the `count` oldest sealed memtables out: their entries are in the newest version. */
  flushed(count: number): void {
    this.sealed.splice(0, count)
    this.flushing -= count
    this.recorded = 0
    this.install()
  }

  /** Nobody begins to read it any more, and what is under way in it changes nothing. */
  drop(): void {
    this.isDropped = true
    this.release()
  }

  /**
   * The family has been dropped, or the database closed: its memory goes when those who read it now have ended, and
   * may be another family's then. A compaction or flush that is still under way changes nothing any more.
   */
  release(): void {
    this.isReleased = true
    this.sealed.length = 0
    this.recorded = 0
    this.superVersion.unref()
  }

  /**
   * Makes the superversion of the present memtables and the newest version. While a memtable is in both, readers go on
   * with the version before: merge operands must not be met twice.
   */
  install(): void {
    if (this.isReleased) return
    const before = this.superVersion
    const version = this.recorded > 0 ? before.version : this.state.current
    const newestFirst = this.sealed.map(({ memtable }) => memtable).reverse()
    this.superVersion = new SuperVersion(this.memtable, newestFirst, version, this.onReaderGone)
    before.unref()
  }
}

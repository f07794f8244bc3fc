/**
 * One column family at work: its options, its memtables and the superversion that readers take. The engine
 * changes it on the main thread only, between two awaits, so a reader never sees it half changed.
 *
 * RocksDB: db/column_family.h, ColumnFamilyData
 */

import { VarveError } from '@varve/format/errors'
import { bytewise, type KeyOrder, type PrefixExtractor, prefixExtractor } from '@varve/format/key'
import { type CompactionPicker, makePicker, type UserFunctions } from '../compaction/index.ts'
import { type CompactionFilter, filterOf } from '../compaction-filter/index.ts'
import { type ComparatorSource, comparatorSourceOf } from '../comparator/index.ts'
import type { Expiry } from '../expiry/index.ts'
import { type ArenaPool, Memtable, type WriteBuffer } from '../memtable/index.ts'
import { type MergeOperator, mergeOperatorOf } from '../merge/index.ts'
import { type BlobOptions, blobOptions, type ResolvedColumnFamilyOptions } from '../options/index.ts'
import type { Clock } from '../runtime/index.ts'
import type { ColumnFamilyState } from '../version/index.ts'
import { expiryOf } from './family-expiry.ts'
import { SuperVersion } from './super-version.ts'

/**
 * What an arena has beyond `writeBufferSize`: room for the group that fills it, so that a memtable is sealed
 * between two groups, with a new log. Memory is committed only where it is written.
 */
const ARENA_SLACK = 2 * 1024 * 1024

/** In this process. */
let memtablesBegun = 0

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

type OptionFunctions = Omit<UserFunctions, 'order'>

/** What a family's options name, loaded. */
export async function optionFunctionsOf(options: ResolvedColumnFamilyOptions): Promise<OptionFunctions> {
  return {
    merge: await mergeOperatorOf(options.mergeOperator),
    filter: await filterOf(options.compactionFilter),
  }
}

/** A comparator of a program's own may fail, which has to come out while its keys are written and not when they are read. */
export function refuseUnorderedMemtable(
  name: string,
  { memtable }: ResolvedColumnFamilyOptions,
  order: KeyOrder,
): void {
  if (memtable === 'tree' || order === bytewise) return
  throw new VarveError(
    'INVALID_ARGUMENT',
    `option memtable: "hash" is for bytewise order only; the column family ${JSON.stringify(name)} has that of ${order.name}`,
    { option: 'memtable', columnFamily: name, comparator: order.name },
  )
}

export class Family implements WriteBuffer {
  readonly id: number
  readonly name: string
  /** Its own copy, which `setOptions` changes: whoever holds it sees the change. */
  readonly options: ResolvedColumnFamilyOptions
  /** What the option `mergeOperator` names. */
  readonly merge: MergeOperator | undefined
  /** For jobs on this thread; other threads load them by themselves. */
  readonly functions: UserFunctions
  /** What the option `compactionFilter` names. */
  readonly filter: CompactionFilter | undefined
  prefixExtractor: PrefixExtractor | undefined
  /** Of its keys. */
  readonly order: KeyOrder
  /** Complete; its own copy as well. */
  readonly blobs: BlobOptions
  /** Its newest version, as the MANIFEST has it. */
  readonly state: ColumnFamilyState
  readonly picker: CompactionPicker
  /** How its entries expire; undefined: they do not. */
  expiry: Expiry | undefined
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
  /** When the active memtable got its first room, in an order that holds for all databases of the process. */
  since = 0
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
    functions: OptionFunctions,
    logNumber: number,
    arenas: ArenaPool,
    clock: Clock,
    onReaderGone: () => void,
  ) {
    this.arenas = arenas
    this.onReaderGone = onReaderGone
    this.id = state.id
    this.name = state.name
    this.options = { ...options }
    this.functions = { ...functions, order: state.order }
    this.merge = functions.merge
    this.filter = functions.filter
    this.expiry = expiryOf(state.name, options, state.valueStamp)
    this.prefixExtractor = prefixExtractor(options.prefixExtractor ?? 'nullptr')
    this.state = state
    this.blobs = blobOptions(options)
    this.picker = makePicker(state, this.options, () => Math.floor(clock.now() / 1000), this.blobs)
    this.order = state.order
    this.memtable = Memtable.withoutRoom(logNumber, state.order)
    this.firstLog = logNumber
    this.superVersion = new SuperVersion(this.memtable, [], state.current, onReaderGone)
  }

  /** Recovery has found out; nobody reads or writes yet. */
  setExpiry(expiry: Expiry | undefined): void {
    this.expiry = expiry
  }

  /** From where threads load the order; undefined for the bytewise one. */
  get comparatorSource(): ComparatorSource | undefined {
    if (this.order === bytewise) return undefined
    const { comparator } = this.options
    return comparator === undefined
      ? { kind: 'builtIn', name: this.order.name }
      : comparatorSourceOf(comparator)
  }

  /** Whether compactions start by themselves. Of keys with timestamps nothing here knows what may be dropped. */
  get compactsItself(): boolean {
    return !this.options.disableAutoCompactions && this.order.timestampSize === 0
  }

  get isFull(): boolean {
    return this.memtable.memoryUsage >= this.options.writeBufferSize
  }

  /** How near writes are to being stopped by what waits for compaction: at 1 they are. */
  get urgency(): number {
    return this.picker.runCount / this.options.level0StopWritesTrigger
  }

  /** The oldest log that still holds something only a memtable has; undefined when no memtable has anything. */
  get oldestLogNeeded(): number | undefined {
    if (this.sealed.length > 0) return this.sealed[0].firstLog
    return !this.memtable.isEmpty ? this.firstLog : undefined
  }

  /** Bytes of the active memtable; 0 while it is empty. */
  get mutableBytes(): number {
    return this.memtable.isEmpty ? 0 : this.memtable.memoryUsage
  }

  /** Bytes of all its memtables. */
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
    this.memtable = Memtable.withoutRoom(logNumber, this.order)
    this.firstLog = logNumber
    this.install()
  }

  /** Puts a memtable in the place of the empty one that takes `count` entries of so many bytes in any case. */
  provideRoom(bytes: number, count: number): void {
    const needed = Memtable.arenaBytesFor(count, bytes)
    const arenaBytes = Math.max(this.options.writeBufferSize, needed) + ARENA_SLACK
    this.memtable = new Memtable(
      this.memtable.id,
      arenaBytes,
      this.arenas,
      undefined,
      this.order,
      this.options.memtable,
    )
    this.since = ++memtablesBegun
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

  /** Goes by other options from now on. */
  setOptions(options: ResolvedColumnFamilyOptions): void {
    Object.assign(this.options, options)
    Object.assign(this.blobs, blobOptions(options))
    this.prefixExtractor = prefixExtractor(options.prefixExtractor ?? 'nullptr')
    this.picker.noteOptions()
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

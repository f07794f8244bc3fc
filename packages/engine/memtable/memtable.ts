/**
 * Recent writes of one column family, in order (at the latest when it is asked for), until they are flushed to a table.
 *
 * Everything lies in one `SharedArrayBuffer`: `descriptor` and `attach` carry a memtable that is no longer
 * written to a worker without copying it. Nothing is ever removed; a delete is an entry like any other.
 * RocksDB: db/memtable.cc
 */
import { bytewise, type KeyOrder, ValueType } from '@varve/format/key'
import type { PointLookup } from '../cursor/point-lookup.ts'
import { MemtableTombstones, type RangeTombstone } from '../tombstone/index.ts'
import { Arena } from './arena.ts'
import type { ArenaPool } from './arena-pool.ts'
import { MemtableCursor, OrderedMemtableCursor } from './memtable-cursor.ts'
import { besideTree, insteadOfTree, NewestIndex } from './newest-index.ts'
import { OrderedRecordTree } from './ordered-record-tree.ts'
import {
  KEY_LENGTH,
  keyEqualsTarget,
  keyStartOf,
  recordWords,
  TRAILER_HIGH,
  TRAILER_LOW,
  VALUE_LENGTH,
  writeRecord,
} from './record.ts'
import {
  EMPTY_TREE_BYTES,
  RecordTree,
  SPLIT_BYTES,
  TREE_BYTES_PER_ENTRY,
  type TreeState,
} from './record-tree.ts'
import { UnorderedRecords, type UnorderedState } from './unordered-records.ts'

/**
 * Whether a memtable puts its records in order as they come (`tree`) or when somebody asks for their order (`hash`), from
 * when on it keeps it as the others do. Both answer lookups from the index of newest records.
 */
export type MemtableKind = 'tree' | 'hash'

/** What is counted while entries are added. */
export interface MemtableCounts {
  /** Of keys and values, as they were given. */
  keyValueBytes: number
  /** Deletes and single deletes. */
  deletionCount: number
  /** Of the entries; both 0 while there are none. */
  smallestSequence: number
  largestSequence: number
}

/** A memtable as plain data; the arena in it is shared, not copied. */
export interface MemtableDescriptor {
  id: number
  arena: SharedArrayBuffer
  tree?: TreeState
  /** In place of the tree, where not every record was in it: what a reader needs to make one over a copy. */
  unordered?: UnorderedState
  tombstones: readonly RangeTombstone[]
  counts: MemtableCounts
}

const PADDED_HEADER_BYTES = 16 + 3

export class Memtable {
  readonly id: number
  readonly counts: MemtableCounts
  /** Of ranges. They lie beside the arena: there are few, and other things are asked of them. */
  readonly tombstones: MemtableTombstones
  readonly order: KeyOrder
  readonly arena: SharedArrayBuffer
  /** Over `arena`, or over a copy of it that has the order which that has not. */
  private readonly memory: Arena
  /** Has every record but those that are `unordered`. */
  private readonly tree: RecordTree
  private unordered: UnorderedRecords | undefined = undefined
  /** Made by the first lookup. */
  private newest: NewestIndex | undefined = undefined
  /** Seen from a worker, which reads in order and needs no index. */
  private readonly isAttached: boolean

  private readonly pool: ArenaPool | undefined
  private references = 0

  /**
   * `arenaBytes` is all that the memtable can ever take; memory is committed as it fills. With a `pool` it comes from
   * there, and goes back when the last reference has gone. Only bytewise ones may be of the kind `hash`: a comparator
   * that fails must do so while it is written, not read.
   */
  constructor(
    id: number,
    arenaBytes: number,
    pool?: ArenaPool,
    attached?: MemtableDescriptor,
    order: KeyOrder = bytewise,
    kind: MemtableKind = 'tree',
  ) {
    this.id = id
    this.order = order
    this.counts = attached?.counts ?? {
      keyValueBytes: 0,
      deletionCount: 0,
      smallestSequence: 0,
      largestSequence: 0,
    }
    this.tombstones = new MemtableTombstones(attached?.tombstones.slice(), order)
    this.arena = attached?.arena ?? newArena(arenaSize(arenaBytes), pool)
    this.pool = pool
    this.isAttached = attached !== undefined
    const { tree, unordered } = attached ?? {}
    this.memory =
      unordered === undefined ? new Arena(this.arena) : UnorderedRecords.copyOf(this.arena, unordered)
    this.tree =
      order === bytewise ? new RecordTree(this.memory, tree) : new OrderedRecordTree(this.memory, order, tree)
    if (unordered !== undefined || kind === 'hash')
      this.unordered = new UnorderedRecords(this.memory, this.tree, unordered?.entryCount)
  }

  /** A memtable that has no room, and next to no memory. */
  static withoutRoom(id: number, order: KeyOrder = bytewise): Memtable {
    return new Memtable(id, 0, undefined, undefined, order)
  }

  /**
   * A reader of the memory that `descriptor` came from. Nothing may be added to it any more, on either side; where it came
   * from, it may yet be put in order, which this one does not see.
   */
  static attach(descriptor: MemtableDescriptor, order: KeyOrder = bytewise): Memtable {
    return new Memtable(descriptor.id, 0, undefined, descriptor, order)
  }

  /** Keeps the memory from being used for another memtable until `unref`. */
  ref(): this {
    this.references++
    return this
  }

  unref(): void {
    if (this.references === 0) throw new Error('a memtable is let go twice')
    this.references--
    if (this.references === 0) this.pool?.give(this.arena)
  }

  descriptor(): MemtableDescriptor {
    const { id, arena, tree, entryCount } = this
    const { recordsEnd } = this.memory
    const order =
      this.unordered === undefined ? { tree: tree.state() } : { unordered: { entryCount, recordsEnd } }
    return { id, arena, ...order, tombstones: this.tombstones.list(), counts: { ...this.counts } }
  }

  /** An arena of this size has room for that many entries whose keys and values take that many bytes. */
  static arenaBytesFor(entryCount: number, keyValueBytes: number): number {
    return EMPTY_TREE_BYTES + addedBytes(entryCount, keyValueBytes)
  }

  get entryCount(): number {
    return this.tree.entryCount + (this.unordered?.count ?? 0)
  }

  /** Nothing has been added, no tombstone either. */
  get isEmpty(): boolean {
    return this.entryCount === 0 && this.tombstones.count === 0
  }

  /**
   * Bytes of the arena in use or kept for the order, and what tombstones of ranges take. Once it is read from, the index of
   * newest records adds a sixteenth of the arena's size, where that is all there is to look keys up in an eighth.
   */
  get memoryUsage(): number {
    return this.memory.usedBytes + this.tombstones.memoryUsage + this.reserveBytes
  }

  private get reserveBytes(): number {
    return this.unordered === undefined ? 0 : this.unordered.reserveBytes
  }

  /** Whether entries that together have so many bytes of keys and values are sure to fit. */
  hasRoom(keyValueBytes: number, entryCount = 1): boolean {
    return this.memory.freeWords * 4 >= addedBytes(entryCount, keyValueBytes) + this.reserveBytes
  }

  /**
   * Copies an entry in; false, and nothing is changed, when there is no room. No two entries may have both
   * key and sequence in common.
   */
  add(
    sequence: number,
    type: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const { memory, tree, counts, unordered } = this
    const keyLength = keyEnd - keyStart
    const valueLength = valueEnd - valueStart
    if (unordered !== undefined) {
      if (!unordered.hasRoomFor(keyLength, valueLength)) return false
    } else if (memory.freeWords < recordWords(keyLength, valueLength) + tree.reserveWords) return false
    const record = writeRecord(
      memory,
      sequence,
      type,
      keyBytes,
      keyStart,
      keyEnd,
      valueBytes,
      valueStart,
      valueEnd,
    )
    if (unordered === undefined) tree.insert(record)
    else unordered.count++
    counts.keyValueBytes += keyLength + valueLength
    if (type === ValueType.Deletion || type === ValueType.SingleDeletion) counts.deletionCount++
    this.noteSequence(sequence)
    return true
  }

  /** Deletes the user keys from `start` to before `end`, which it keeps. It takes no room of the arena. */
  deleteRange(sequence: number, start: Uint8Array, end: Uint8Array): void {
    this.tombstones.add({ start, end, sequence })
    this.counts.keyValueBytes += start.length + end.length
    this.noteSequence(sequence)
  }

  private noteSequence(sequence: number): void {
    const { counts } = this
    if (counts.largestSequence === 0 || sequence < counts.smallestSequence) counts.smallestSequence = sequence
    if (sequence > counts.largestSequence) counts.largestSequence = sequence
  }

  /** Settles `lookup` if an entry that it may see is here, or a tombstone, and says whether it did. */
  get(lookup: PointLookup): boolean {
    if (this.tombstones.count > 0) this.noteTombstone(lookup)
    const record = this.findVisible(lookup)
    if (record === 0) return lookup.settleCovered()
    const { bytes, words } = this.memory
    const valueStart = keyStartOf(record) + words[record + KEY_LENGTH]
    const valueEnd = valueStart + words[record + VALUE_LENGTH]
    lookup.settle(words[record + TRAILER_LOW], words[record + TRAILER_HIGH], bytes, valueStart, valueEnd)
    return true
  }

  /**
   * Puts the records in order that are not yet, until it `rests`; true when that was all. From then on each one that is
   * added is put there at once, so that open cursors see it.
   */
  putInOrder(rests: () => boolean = never): boolean {
    if (this.unordered === undefined) return true
    if (!this.unordered.takeIn(rests)) return false
    this.unordered = undefined
    return true
  }

  /** A cursor that sees what is added later, too, and may be used while entries are added. */
  cursor(): MemtableCursor {
    this.putInOrder()
    const { memory, tree, order } = this
    return order === bytewise
      ? new MemtableCursor(memory, tree)
      : new OrderedMemtableCursor(memory, tree, order)
  }

  /** Whether its entries stand as the order has them, after that has failed. */
  isInOrder(): boolean {
    return !(this.tree instanceof OrderedRecordTree) || this.tree.isInOrder()
  }

  private noteTombstone(lookup: PointLookup): void {
    lookup.covered = this.tombstones.covering(lookup.bytes, lookup.start, lookup.end, lookup.sequence)
  }

  /** The index of newest records, unless it has yet to take in more than one lookup can be asked to. */
  private caughtUpIndex(): NewestIndex | undefined {
    if (this.isAttached) return undefined
    const limits = this.unordered === undefined ? besideTree : insteadOfTree
    this.newest ??= new NewestIndex(this.memory, limits)
    return this.newest.catchUp(limits.recordsALookup) ? this.newest : undefined
  }

  /** The newest record of the key that the lookup may see, or 0. */
  private findVisible(lookup: PointLookup): number {
    const { memory, tree } = this
    const { bytes, start, end, trailerLow, trailerHigh } = lookup
    const newest = this.caughtUpIndex()
    if (newest !== undefined) {
      const record = newest.find(bytes, start, end)
      if (record === 0 && newest.isComplete) return 0
      if (record !== 0 && isAtOrBefore(memory.words, record, trailerLow, trailerHigh)) return record
    }
    // The key is here in a newer version than may be seen, or had to stay out of the index.
    if (this.unordered !== undefined) this.putInOrder()
    tree.find(bytes, start, end, trailerLow, trailerHigh)
    if (tree.foundIndex === tree.countOf(tree.foundLeaf)) return 0
    const record = tree.recordAt(tree.foundLeaf, tree.foundIndex)
    return keyEqualsTarget(memory, record, bytes, start, end) ? record : 0
  }
}

const never = (): boolean => false

/** Whether a reader at that trailer may see the record. */
function isAtOrBefore(words: Uint32Array, record: number, trailerLow: number, trailerHigh: number): boolean {
  const high = words[record + TRAILER_HIGH]
  return high !== trailerHigh ? high < trailerHigh : words[record + TRAILER_LOW] <= trailerLow
}

/** The most that adding entries can take. */
function addedBytes(entryCount: number, keyValueBytes: number): number {
  return SPLIT_BYTES + entryCount * (PADDED_HEADER_BYTES + TREE_BYTES_PER_ENTRY) + keyValueBytes
}

function newArena(bytes: number, pool: ArenaPool | undefined): SharedArrayBuffer {
  return pool === undefined ? new SharedArrayBuffer(bytes) : pool.take(bytes)
}

/** At least an empty tree, in whole words. */
function arenaSize(bytes: number): number {
  return Math.ceil(Math.max(bytes, EMPTY_TREE_BYTES) / 4) * 4
}

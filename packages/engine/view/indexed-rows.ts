/**
 * The rows of a view and its indexes, as bytes: what writing, querying, building and verifying share. The typed face is
 * view.ts.
 */
import { VarveError } from '@varve/format/errors'
import type { ColumnFamily, Database } from '../index.ts'
import type { Codec } from './codec.ts'
import type { IndexEntry } from './index-entries.ts'
import type { ViewIndex } from './view-index.ts'
import type { WriteQueue } from './write-queue.ts'

/** The entries of a row in each index of its view, in their order. */
export type EntryLists = readonly (readonly IndexEntry[])[]

const noEntries: readonly IndexEntry[] = []

export class IndexedRows {
  readonly database: Database
  readonly name: string
  readonly family: ColumnFamily
  readonly codec: Codec<unknown>
  readonly queue: WriteQueue
  /** Whether rows can have a time to live. */
  readonly hasExpiringKeys: boolean
  readonly indexes: ViewIndex[] = []
  isOpen = true
  /** Whether writes have entries to keep. */
  isIndexed = false
  /** Of a row that is not there. */
  readonly noEntryLists: (readonly IndexEntry[])[] = []

  constructor(queue: WriteQueue, family: ColumnFamily, codec: Codec<unknown>) {
    this.database = queue.database
    this.queue = queue
    this.name = family.name
    this.family = family
    this.codec = codec
    this.hasExpiringKeys = queue.database.hasExpiringKeys({ columnFamily: family })
  }

  addIndex(index: ViewIndex): void {
    this.indexes.push(index)
    this.noEntryLists.push(noEntries)
    this.isIndexed = true
  }

  /** An index is never taken out: writes that wait refer to it by its place. */
  noteDropped(index: ViewIndex): void {
    index.state = 'dropped'
    this.isIndexed = this.indexes.some(({ state }) => state !== 'dropped')
  }

  indexNamed(name: string): ViewIndex {
    const index = this.indexes.find(candidate => candidate.name === name)
    if (index !== undefined) return index
    throw new VarveError('NOT_FOUND', `the view ${this.name} has no index ${name}`, { index: name })
  }

  /** What belongs into the indexes for a row as it is stored. */
  entryListsOf(key: Uint8Array, stored: Uint8Array | undefined): EntryLists {
    if (stored === undefined) return this.noEntryLists
    return this.listsOf(key, this.codec.decode(stored))
  }

  /**
   * The same for a value that is about to be stored. What belongs into the indexes follows from what will be read: a value
   * whose fields its codec keeps need not be decoded for that.
   */
  entryListsOfNew(key: Uint8Array, value: unknown, stored: Uint8Array): EntryLists {
    const isKept = this.codec.keepsFields?.(value) === true && this.canReadBeforeStored(value)
    return this.listsOf(key, isKept ? value : this.codec.decode(stored))
  }

  private canReadBeforeStored(value: unknown): boolean {
    for (const { entries, state } of this.indexes)
      if (state !== 'dropped' && !entries.canReadBeforeStored(value)) return false
    return true
  }

  private listsOf(key: Uint8Array, value: unknown): EntryLists {
    const lists: (readonly IndexEntry[])[] = []
    for (const { entries, state } of this.indexes)
      lists.push(state === 'dropped' ? noEntries : entries.entriesOf(key, value))
    return lists
  }

  refuseUnlessOpen(): void {
    if (!this.isOpen) throw new VarveError('NOT_OPEN', `the view ${this.name} is closed`)
  }
}

/**
 * One round of writes to views: read what the rows are, compare their old index entries with the new ones, write rows
 * and entries in one batch.
 *
 * Rounds follow one another (write-queue.ts): between the reading and the writing nobody else writes these rows. Inside a
 * round a cell holds what the writes before have left: a row, or the row that has a key of a unique index.
 */
import { equalBytes } from '@varve/format/bytes'
import { type ColumnFamily, type Lifetime, WriteBatch, type WriteOptions } from '../index.ts'
import { type Cell, Cells } from './cells.ts'
import { ConflictError } from './conflict-error.ts'
import type { IndexEntry } from './index-entries.ts'
import type { EntryLists, IndexedRows } from './indexed-rows.ts'
import type { ViewIndex } from './view-index.ts'

/** One row to be set, or removed when there is no value. */
export interface RowWrite {
  readonly rows: IndexedRows
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
  /** What the row then has in the indexes. */
  readonly entries: EntryLists
  /** How long the row lives, and its entries. */
  readonly lifetime?: Lifetime | undefined
}

/** Writes that are made together or not at all. */
export interface Member {
  readonly writes: readonly RowWrite[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

type RowCell = Cell<IndexedRows>
type AnyCell = Cell<IndexedRows | ViewIndex>

interface Change {
  readonly family: ColumnFamily
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
  readonly lifetime: Lifetime | undefined
}

export class Round {
  private readonly batch = new WriteBatch()
  private readonly rowCells: Cells<IndexedRows>
  private readonly holderCells: Cells<ViewIndex>
  /** Of the member that is being staged: what it changes, and the cells as they were before. */
  private readonly changes: Change[] = []
  private readonly undo: [cell: AnyCell, value: Uint8Array | undefined, entries: EntryLists | undefined][] =
    []

  /** `seed`: see `Cells`. */
  constructor(seed: number) {
    this.rowCells = new Cells(seed)
    this.holderCells = new Cells(seed)
  }

  /** Writes what the members want and tells each how it ended. */
  async run(members: readonly Member[], options: WriteOptions | undefined): Promise<void> {
    const { batch } = this
    try {
      this.cellsOfRows(members)
      const waitedFor = this.rowCells.read()
      if (waitedFor !== undefined) await waitedFor
      this.cellsOfHolders(members)
      if (this.holderCells.all.length > 0) await this.readHolders()
      const accepted = members.filter(member => this.stage(member))
      if (batch.count > 0) await members[0].writes[0].rows.database.write(batch, options)
      for (const member of accepted) member.resolve()
    } catch (error) {
      // Those that were refused before have been told why.
      for (const member of members) member.reject(error)
    } finally {
      batch.clear()
      this.rowCells.clear()
      this.holderCells.clear()
    }
  }

  private cellsOfRows(members: readonly Member[]): void {
    for (const { writes } of members) {
      for (const { rows, key } of writes) if (rows.isIndexed) this.rowCells.at(rows, key)
    }
  }

  /**
   * For the rows that have the keys which these writes want of unique indexes. A key that its row has already is nobody
   * else's, but for an index that is not whole: there a row outside may have a key in common with one inside, and whose the
   * entry is has to be known, also before it is removed.
   */
  private cellsOfHolders(members: readonly Member[]): void {
    for (const { writes } of members) {
      for (const write of writes) {
        const { rows } = write
        for (let place = 0; place < rows.indexes.length; place++) {
          const index = rows.indexes[place]
          if (!index.entries.isUnique || index.state === 'dropped') continue
          const before = entriesBefore(write, this.rowCells.at(rows, write.key))[place]
          for (const { key } of write.entries[place]) {
            const isOwn = index.state === 'ready' && findEntry(before, key) !== undefined
            if (!isOwn) this.holderCells.at(index, key)
          }
          if (index.state !== 'ready') for (const { key } of before) this.holderCells.at(index, key)
        }
      }
    }
  }

  private async readHolders(): Promise<void> {
    const waitedFor = this.holderCells.read()
    if (waitedFor !== undefined) await waitedFor
    for (const cell of this.holderCells.all) {
      const { owner, key, value } = cell
      if (value !== undefined) cell.value = owner.entries.rowKeyOf({ key, value })
    }
  }

  /** Puts a member's changes into the batch. One that is refused is told, and leaves nothing behind. */
  private stage(member: Member): boolean {
    const { batch, changes, undo } = this
    changes.length = 0
    undo.length = 0
    try {
      for (const write of member.writes) this.stageWrite(write)
    } catch (error) {
      for (const [cell, value, entries] of undo.reverse()) {
        cell.value = value
        cell.entries = entries
      }
      member.reject(error)
      return false
    }
    for (const { family, key, value, lifetime } of changes) {
      if (value === undefined) batch.delete(key, family)
      else batch.put(key, value, family, lifetime)
    }
    return true
  }

  private stageWrite(write: RowWrite): void {
    const { rows, key, value, entries, lifetime } = write
    if (rows.isIndexed) {
      const cell = this.rowCells.at(rows, key)
      const before = entriesBefore(write, cell)
      if (cell.failure !== undefined) throw cell.failure
      for (let place = 0; place < rows.indexes.length; place++) {
        const index = rows.indexes[place]
        if (index.state !== 'dropped') this.stageEntries(write, index, before[place], entries[place])
      }
      this.set(cell, value, entries)
    }
    this.changes.push({ family: rows.family, key, value, lifetime })
  }

  private stageEntries(
    { rows, key: rowKey, lifetime }: RowWrite,
    index: ViewIndex,
    before: readonly IndexEntry[],
    after: readonly IndexEntry[],
  ): void {
    const { family } = index
    // An entry that stays may have been written to live as long as the row did before.
    const mayExpire = rows.hasExpiringKeys
    for (const { key } of before) {
      if (findEntry(after, key) !== undefined) continue
      if (index.entries.isUnique && !this.release(index, key, rowKey)) continue
      this.changes.push({ family, key, value: undefined, lifetime: undefined })
    }
    for (const { key, value } of after) {
      if (index.entries.isUnique) this.claim(rows, index, key, rowKey)
      const same = findEntry(before, key)
      if (mayExpire || same === undefined || !equalBytes(same.value, value))
        this.changes.push({ family, key, value, lifetime })
    }
  }

  /** The row takes a key of a unique index, which must be free or its own. What nobody else wants has no cell. */
  private claim({ name }: IndexedRows, index: ViewIndex, key: Uint8Array, rowKey: Uint8Array): void {
    const cell = this.holderCells.find(index, key)
    if (cell === undefined) return
    if (cell.value !== undefined && !equalBytes(cell.value, rowKey)) {
      throw new ConflictError(name, index.name, index.entries.tupleOf(key))
    }
    this.set(cell, rowKey, undefined)
  }

  /** The row gives a key back; false when it is another's. What nobody else wants has no cell. */
  private release(index: ViewIndex, key: Uint8Array, rowKey: Uint8Array): boolean {
    const cell = this.holderCells.find(index, key)
    if (cell === undefined) return true
    if (cell.value === undefined || !equalBytes(cell.value, rowKey)) return false
    this.set(cell, undefined, undefined)
    return true
  }

  private set(cell: AnyCell, value: Uint8Array | undefined, entries: EntryLists | undefined): void {
    this.undo.push([cell, cell.value, cell.entries])
    cell.value = value
    cell.entries = entries
  }
}

/**
 * The entries of the row that is written, as it is now. A value that stays as it is need not be decoded; of one that cannot
 * be read there are none, and the reason stands in the cell.
 */
function entriesBefore({ rows, value, entries }: RowWrite, cell: RowCell): EntryLists {
  if (cell.entries !== undefined) return cell.entries
  if (cell.value !== undefined && value !== undefined && equalBytes(cell.value, value)) return entries
  try {
    return (cell.entries = rows.entryListsOf(cell.key, cell.value))
  } catch (error) {
    cell.failure = error
    return rows.noEntryLists
  }
}

function findEntry(entries: readonly IndexEntry[], key: Uint8Array): IndexEntry | undefined {
  for (let i = 0; i < entries.length; i++) if (equalBytes(entries[i].key, key)) return entries[i]
  return undefined
}

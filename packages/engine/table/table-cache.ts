/**
 * The open tables of a database: opens them, keeps the reader with the file's `FileMeta`, and closes them when
 * their file goes.
 *
 * With `maxOpenFiles` set, tables are opened when they are first needed, and descriptors beyond that number are
 * given back by tables that were not read lately. Index and filter of an opened table stay in memory.
 *
 * RocksDB: db/table_cache.cc
 */
import type { UnfoldedIndex } from '@varve/format/block'
import { CorruptionError, isVarveError } from '@varve/format/errors'
import { tableName } from '@varve/format/names'
import type { BlockCache } from '../cache/index.ts'
import type { Wanted } from '../cursor/cursor.ts'
import type { FileSystem } from '../fs/index.ts'
import type { FileMeta } from '../version/file-meta.ts'
import { TableReader } from './table-reader.ts'

/** The part of `maxOpenFiles` that stays open when there are more. */
const RELEASE_DOWN_TO = 0.9

/** Tables opened at the same time by `openAll`. */
const OPENINGS_AT_ONCE = 16

export interface TableCacheOptions {
  fs: FileSystem
  directory: string
  /** For data blocks. */
  cache: BlockCache
  /** Descriptors that tables may keep; -1, the default, knows no limit. */
  maxOpenFiles?: number
}

export class TableCache {
  private readonly fs: FileSystem
  private readonly directory: string
  private readonly cache: BlockCache
  private readonly maxOpenFiles: number
  private readonly tables = new Map<number, TableReader>()
  private readonly openings = new Map<number, Promise<TableReader>>()

  constructor(options: TableCacheOptions) {
    this.fs = options.fs
    this.directory = options.directory
    this.cache = options.cache
    this.maxOpenFiles = options.maxOpenFiles ?? -1
  }

  /** Bytes that indexes and filters take. */
  get memoryUsage(): number {
    let bytes = 0
    for (const table of this.tables.values()) bytes += table.memoryUsage
    return bytes
  }

  path(file: FileMeta): string {
    return `${this.directory}/${tableName(file.number)}`
  }

  /** With its index `unfolded` by whoever wrote the file, if that is known. */
  async open(file: FileMeta, unfolded?: UnfoldedIndex): Promise<TableReader> {
    if (file.table !== undefined) return file.table
    const underway = this.openings.get(file.number)
    if (underway !== undefined) return underway
    const options = { cache: this.cache }
    const opening = TableReader.open(this.fs, this.path(file), file.record, options, unfolded)
      .then(
        table => this.adopt(file, table),
        error => this.refuse(file, error),
      )
      .finally(() => this.openings.delete(file.number))
    this.openings.set(file.number, opening)
    return opening
  }

  openSync(file: FileMeta): TableReader {
    if (file.table !== undefined) return file.table
    try {
      return this.adopt(
        file,
        TableReader.openSync(this.fs, this.path(file), file.record, { cache: this.cache }),
      )
    } catch (error) {
      return this.refuse(file, error)
    }
  }

  /** Opens every file, so that damage to one is known now and not when it is read. */
  async openAll(files: Iterable<FileMeta>, unfolded?: ReadonlyMap<number, UnfoldedIndex>): Promise<void> {
    const waiting = files[Symbol.iterator]()
    const openNext = async () => {
      for (let next = waiting.next(); !next.done; next = waiting.next()) {
        await this.open(next.value, unfolded?.get(next.value.number))
      }
    }
    await Promise.all(Array.from({ length: OPENINGS_AT_ONCE }, openNext))
  }

  /** What a cursor or lookup waits for that needs a table which is not open. */
  opening(file: FileMeta): Wanted {
    return new TableOpening(this, file)
  }

  /** Closes the table of a file that no version holds any more, and drops its blocks. */
  async forget(file: FileMeta): Promise<void> {
    await this.openings.get(file.number)
    const { table } = file
    file.table = undefined
    this.tables.delete(file.number)
    await table?.close()
  }

  /** Closes every table. Each close is tried; the first failure is thrown at the end. */
  async close(): Promise<void> {
    await Promise.allSettled(this.openings.values())
    const tables = [...this.tables.values()]
    this.tables.clear()
    const outcomes = await Promise.allSettled(tables.map(table => table.close()))
    this.cache.memory.release()
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** Files are asked for because the MANIFEST names them: one that is not there is damage. */
  private refuse(file: FileMeta, error: unknown): never {
    if (!isVarveError(error, 'NOT_FOUND')) throw error
    throw new CorruptionError('a table that the MANIFEST names is missing', this.path(file), undefined, error)
  }

  private adopt(file: FileMeta, table: TableReader): TableReader {
    if (file.table !== undefined) {
      // Opened by a synchronous read while this one was under way.
      table.closeSync()
      return file.table
    }
    file.table = table
    this.tables.set(file.number, table)
    if (this.maxOpenFiles >= 0) {
      table.file.onReopen = () => this.releaseIdle()
      this.releaseIdle()
    }
    return table
  }

  /** Takes descriptors from tables that were not read since this last came by; some more than it must, to come by less often. */
  private releaseIdle(): void {
    const open = [...this.tables.values()].filter(({ file }) => file.isOpen)
    if (open.length <= this.maxOpenFiles) return
    let excess = open.length - Math.floor(this.maxOpenFiles * RELEASE_DOWN_TO)
    // A table that was read gets a second chance: the first round takes its mark.
    for (const { file } of [...open, ...open]) {
      if (excess <= 0) return
      if (file.used) file.used = false
      else if (file.release()) excess--
    }
  }
}

class TableOpening implements Wanted {
  readonly isOneRead = false
  private readonly tables: TableCache
  private readonly file: FileMeta

  constructor(tables: TableCache, file: FileMeta) {
    this.tables = tables
    this.file = file
  }

  async load(): Promise<void> {
    await this.tables.open(this.file)
  }

  loadSync(): void {
    this.tables.openSync(this.file)
  }
}

/**
 * The open tables of a database: opens them, keeps the reader with the file's `FileMeta`, and closes them when
 * their file goes.
 *
 * With `maxOpenFiles` set, tables are opened when they are first needed, and descriptors beyond that number are
 * given back by tables that were not read lately. Index and filter of an opened table stay in memory, unless they count
 * towards the cache: then those of tables that were not read lately go, and are read again when they are needed.
 *
 * RocksDB: db/table_cache.cc
 */
import type { UnfoldedIndex } from '@varve/format/block'
import { CorruptionError, isVarveError } from '@varve/format/errors'
import { tableName } from '@varve/format/names'
import type { BlockCache, ContentsHolder } from '../cache/index.ts'
import type { Wanted } from '../cursor/cursor.ts'
import type { FileSystem } from '../fs/index.ts'
import { type FileMeta, noStatistics } from '../version/file-meta.ts'
import { BlockRequest } from './block-request.ts'
import { EvictableTable } from './evictable-table.ts'
import { OpenFiles } from './open-files.ts'
import { TableReader } from './table-reader.ts'

/** Tables opened at the same time by `openAll`. */
const OPENINGS_AT_ONCE = 16

export interface TableCacheOptions {
  fs: FileSystem
  directory: string
  /** For data blocks. */
  cache: BlockCache
  /** Limits the descriptors that tables keep; none unless given. */
  openFiles?: OpenFiles
  /** Indexes and filters count towards the cache, which may let them go. */
  cachesContents?: boolean
  /** But for those of level 0. */
  pinsLevel0?: boolean
}

export class TableCache {
  private readonly fs: FileSystem
  private readonly directory: string
  private readonly cache: BlockCache
  private readonly openFiles: OpenFiles
  private readonly tables = new Map<number, TableReader>()
  private readonly openings = new Map<number, Promise<TableReader>>()
  private readonly cachesContents: boolean
  private readonly pinsLevel0: boolean
  private readonly holders = new Map<number, TableContents>()
  private isClosed = false
  /** Were being read when they were let go. */
  private readonly orphans = new Set<TableReader>()

  constructor(options: TableCacheOptions) {
    this.fs = options.fs
    this.directory = options.directory
    this.cache = options.cache
    this.openFiles = options.openFiles ?? new OpenFiles(-1)
    this.cachesContents = options.cachesContents === true
    this.pinsLevel0 = options.pinsLevel0 === true
    this.cache.attach()
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
    const options = { cache: this.cache, order: file.order }
    const opening = this.readerClass
      .open(this.fs, this.path(file), file.record, options, unfolded)
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
        this.readerClass.openSync(this.fs, this.path(file), file.record, {
          cache: this.cache,
          order: file.order,
        }),
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
  opening(file: FileMeta): TableOpening {
    return new TableOpening(this, file)
  }

  /** Whether a table that has been opened may have been let go, and need not be opened before it is read. */
  isLetGo(file: FileMeta): boolean {
    return this.cachesContents && file.statistics !== noStatistics
  }

  /** Closes the table of a file that no version holds any more, and drops its blocks. */
  async forget(file: FileMeta): Promise<void> {
    await this.openings.get(file.number)
    const { table } = file
    file.table = undefined
    this.tables.delete(file.number)
    if (table !== undefined) this.openFiles.remove(table.file)
    this.removeContents(file.number)
    await table?.close()
  }

  /** Closes every table. Each close is tried; the first failure is thrown at the end. */
  async close(): Promise<void> {
    await Promise.allSettled(this.openings.values())
    const tables = [...this.tables.values(), ...this.orphans]
    this.tables.clear()
    for (const number of [...this.holders.keys()]) this.removeContents(number)
    const outcomes = await Promise.allSettled(tables.map(table => table.close()))
    if (!this.isClosed) this.cache.detach()
    this.isClosed = true
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
    this.openFiles.add(table.file)
    if (table instanceof EvictableTable) this.countContents(file, table)
    return table
  }

  private get readerClass(): typeof TableReader {
    return this.cachesContents ? EvictableTable : TableReader
  }

  private countContents(file: FileMeta, table: EvictableTable): void {
    const isPinned = () => this.pinsLevel0 && file.level === 0
    const holder = new TableContents(table, isPinned, () => this.letGo(file, table))
    this.holders.set(file.number, holder)
    this.cache.addContents(holder)
  }

  private removeContents(number: number): void {
    const holder = this.holders.get(number)
    if (holder === undefined) return
    this.holders.delete(number)
    this.cache.removeContents(holder)
  }

  private letGo(file: FileMeta, table: TableReader): void {
    file.table = undefined
    this.tables.delete(file.number)
    this.holders.delete(file.number)
    this.openFiles.remove(table.file)
    table.orphan()
    if (table.file.isOpen) this.orphans.add(table)
  }
}

/** What the cache knows of an open table. */
class TableContents implements ContentsHolder {
  readonly memoryUsage: number
  readonly evict: () => void
  private readonly table: EvictableTable
  private readonly asksPinned: () => boolean

  constructor(table: EvictableTable, asksPinned: () => boolean, evict: () => void) {
    this.memoryUsage = table.memoryUsage
    this.table = table
    this.asksPinned = asksPinned
    this.evict = evict
  }

  get used(): boolean {
    return this.table.used
  }

  set used(used: boolean) {
    this.table.used = used
  }

  get isPinned(): boolean {
    return this.asksPinned()
  }
}

export class TableOpening implements Wanted {
  readonly isOneRead = false
  readonly file: FileMeta
  /** There once it has been opened, also if the cache has let it go since: who waited for it must not wait again. */
  table: TableReader | undefined = undefined
  private readonly tables: TableCache

  constructor(tables: TableCache, file: FileMeta) {
    this.tables = tables
    this.file = file
  }

  async load(): Promise<void> {
    this.table = await this.tables.open(this.file)
  }

  loadSync(): void {
    this.table = this.tables.openSync(this.file)
  }
}

/** The table of a file that is not open, if it has been waited for: the cache may let one go as soon as it is open. */
export function tableWaitedFor(wanted: Wanted | undefined, file: FileMeta): TableReader | undefined {
  if (wanted instanceof TableOpening) return wanted.file === file ? wanted.table : undefined
  return wanted instanceof BlockRequest && wanted.table.number === file.number ? wanted.table : undefined
}

/**
 * The state that all paths of an open database share, and the few rules about it that every path relies on:
 * who may write, which sequence number comes next, what is published, what a failure in the background means.
 * `Database` is the public face; the paths (write-path, read-path, scan, flush, compact, ...) are files of
 * their own that take an `Engine`.
 *
 * RocksDB: db/db_impl/db_impl.h
 */
import { isVarveError, VarveError } from '@varve/format/errors'
import type { BlobFileCache } from '../blob/index.ts'
import type { BlockCache } from '../cache/index.ts'
import type { TableOrigin } from '../compaction/index.ts'
import type { FileLock, FileSystem } from '../fs/index.ts'
import { ArenaPool } from '../memtable/index.ts'
import type { ResolvedOptions } from '../options/index.ts'
import { InlinePace, type Runtime } from '../runtime/index.ts'
import type { OpenFiles, TableCache } from '../table/index.ts'
import type { VersionSet } from '../version/index.ts'
import { Background } from './background.ts'
import { CommitQueue } from './commit-queue.ts'
import { Events } from './events.ts'
import type { Family } from './family.ts'
import { Logs } from './logs.ts'
import { ManualTurns } from './manual-turns.ts'
import { SharedBuffers } from './shared-buffers.ts'
import { SnapshotList } from './snapshots.ts'
import { Statistics } from './statistics.ts'
import { WriteController } from './write-controller.ts'

/** Something that reads from the database until it is closed, such as a cursor. */
export interface Closeable {
  close(): void
}

export interface EngineParts {
  path: string
  options: ResolvedOptions
  runtime: Runtime
  lock: FileLock | undefined
  versions: VersionSet
  tables: TableCache
  blobs: BlobFileCache
  /** What `tables` and `blobs` keep open. */
  openFiles: OpenFiles
  cache: BlockCache
  /** Names this run of the process in the properties of the tables that it writes. */
  sessionId: string
}

export class Engine {
  readonly path: string
  readonly options: ResolvedOptions
  readonly runtime: Runtime
  readonly fs: FileSystem
  readonly lock: FileLock | undefined
  readonly versions: VersionSet
  readonly tables: TableCache
  readonly blobs: BlobFileCache
  readonly openFiles: OpenFiles
  readonly cache: BlockCache
  readonly arenas: ArenaPool = new ArenaPool()
  /** For reads of blocks and syncs of logs. */
  readonly pace: InlinePace
  readonly sessionId: string

  readonly families: Map<number, Family> = new Map()
  readonly familiesByName: Map<string, Family> = new Map()
  readonly events: Events = new Events()
  readonly statistics: Statistics = new Statistics()
  readonly snapshots: SnapshotList = new SnapshotList()
  readonly logs: Logs
  readonly controller: WriteController
  readonly background: Background
  readonly manual: ManualTurns
  readonly commits: CommitQueue
  /** There when memtables are bounded together with those of other databases. */
  readonly sharedBuffers: SharedBuffers | undefined
  /** Settles when the newest change of a column family or of options has ended, well or not (in-turn.ts). */
  familyChanges: Promise<unknown> = Promise.resolve()
  /** Cursors and iterators that are open; closing the database closes them. */
  readonly openReaders: Set<Closeable> = new Set()

  /** The newest sequence number that readers may see. */
  lastSequence = 0
  /** The newest sequence number ever given to a group, applied or not (W3). */
  lastTaken = 0
  /** The error that stopped writing, until `resume`. */
  backgroundError: VarveError | undefined
  state: 'open' | 'closing' | 'closed' = 'open'
  /** Settles when closing is done. */
  readonly closed: PromiseWithResolvers<void> = Promise.withResolvers<void>()

  /** Of the flushes and compactions since the opening, for their events. */
  private jobs = 0

  constructor(parts: EngineParts) {
    this.path = parts.path
    this.options = parts.options
    this.runtime = parts.runtime
    this.fs = parts.runtime.fs
    this.lock = parts.lock
    this.versions = parts.versions
    this.tables = parts.tables
    this.blobs = parts.blobs
    this.openFiles = parts.openFiles
    this.cache = parts.cache
    this.pace = new InlinePace(parts.runtime)
    this.sessionId = parts.sessionId
    this.logs = new Logs(this)
    this.controller = new WriteController(this)
    this.background = new Background(this)
    this.manual = new ManualTurns(this)
    this.commits = new CommitQueue(this)
    const { writeBufferManager } = parts.options.db
    this.sharedBuffers = writeBufferManager && new SharedBuffers(this, writeBufferManager)
    this.snapshots.onOldestClosed = () => this.noteOldestReader()
  }

  /** What the tables of a family carry in their properties about where they come from. */
  originOf(family: Family): TableOrigin {
    return {
      columnFamilyId: family.id,
      columnFamilyName: family.name,
      mergeOperator: family.functions.merge?.name ?? 'nullptr',
      // Of what the MANIFEST does not have yet nobody knows whether it holds.
      valueStamp: family.state.valueStamp === undefined ? '' : (family.expiry?.source.kind ?? ''),
      dbId: this.versions.databaseId ?? '',
      dbSessionId: this.sessionId,
    }
  }

  get isReadOnly(): boolean {
    return this.options.db.readOnly
  }

  addFamily(family: Family): void {
    this.families.set(family.id, family)
    this.familiesByName.set(family.name, family)
  }

  removeFamily(family: Family): void {
    this.families.delete(family.id)
    this.familiesByName.delete(family.name)
    family.drop()
  }

  /** Leaves the memory of memtables to other databases. Nothing may be running any more. */
  releaseMemory(): void {
    this.state = 'closed'
    this.arenas.close()
    for (const family of this.families.values()) family.release()
    this.sharedBuffers?.close()
  }

  familyById(id: number): Family {
    const family = this.families.get(id)
    if (family === undefined) throw new VarveError('NOT_FOUND', `column family ${id} does not exist any more`)
    return family
  }

  familyByName(name: string): Family {
    const family = this.familiesByName.get(name)
    if (family === undefined) {
      throw new VarveError('NOT_FOUND', `there is no column family ${JSON.stringify(name)}`, {
        columnFamily: name,
      })
    }
    return family
  }

  refuseUnlessOpen(): void {
    if (this.state !== 'open') throw new VarveError('NOT_OPEN', `the database ${this.path} is closed`)
  }

  refuseUnlessWritable(): void {
    if (this.state === 'closed') this.refuseUnlessOpen()
    if (this.isReadOnly) throw new VarveError('READ_ONLY', `the database ${this.path} was opened read-only`)
    if (this.backgroundError !== undefined) throw this.writesRefused(this.backgroundError)
  }

  /** The number of the next flush or compaction. */
  nextJob(): number {
    return ++this.jobs
  }

  /** Gives a group `count` sequence numbers and returns the first. */
  takeSequences(count: number): number {
    const first = this.lastTaken + 1
    this.lastTaken += count
    return first
  }

  /** Everything up to `sequence` is in the memtables: lets readers see it. */
  publish(sequence: number): void {
    this.lastSequence = sequence
    this.versions.lastSequence = sequence
  }

  /** Where recovery has found the sequence numbers to end. */
  startSequencesAfter(sequence: number): void {
    this.publish(sequence)
    this.lastTaken = sequence
  }

  isOverWriteBufferSize(): boolean {
    const limit = this.options.db.dbWriteBufferSize
    if (limit === 0) return false
    let total = 0
    for (const family of this.families.values()) total += family.memtable.memoryUsage
    return total > limit
  }

  /** Only logs that more than one memtable keeps alive count: a log goes by itself when its only family is flushed. */
  isOverTotalWalSize(): boolean {
    return this.families.size > 1 && this.logs.totalBytes > this.maxTotalWalSize()
  }

  /** Versions that only a closed snapshot could see are work for compactions now. */
  private noteOldestReader(): void {
    if (this.isReadOnly || this.state !== 'open') return
    const oldest = this.snapshots.oldest ?? this.lastSequence
    for (const { picker } of this.families.values()) picker.noteOldestSnapshot(oldest)
    this.background.schedule()
  }

  /**
   * Stops writing after a failure of the log, a flush or a compaction, because going on could lose what was
   * acknowledged (D9). Reading goes on. Returns the error for whoever ran into it.
   */
  failed(cause: unknown): VarveError {
    const error = isVarveError(cause)
      ? cause
      : new VarveError('IO_ERROR', `the database ${this.path} failed: ${cause}`, { file: this.path }, cause)
    if (this.backgroundError === undefined && this.state !== 'closed') {
      this.backgroundError = error
      this.events.emit('backgroundError', { error })
      this.controller.wake()
      this.sharedBuffers?.manager.noteChange()
    }
    return error
  }

  /** Keeps the process alive meanwhile: somebody waits for it. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      this.runtime.setTimer(milliseconds, resolve, true)
    })
  }

  private maxTotalWalSize(): number {
    if (this.options.db.maxTotalWalSize > 0) return this.options.db.maxTotalWalSize
    let buffers = 0
    for (const { options } of this.families.values())
      buffers += options.writeBufferSize * options.maxWriteBufferNumber
    return 4 * buffers
  }

  private writesRefused(cause: VarveError): VarveError {
    const message = `writing stopped after an error and goes on after resume(): ${cause.message}`
    return new VarveError(cause.code, message, cause.details, cause)
  }
}

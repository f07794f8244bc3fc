/**
 * The state of the database that the MANIFEST records: column families, their versions, and the counters for
 * file numbers and sequences. Every change goes through `logAndApply`.
 *
 * Invariants:
 * V1. A file number is never used twice, and the `next_file_number` on disk is above the number of every file
 *     that is live on disk. (RocksDB 7.8 deletes live tables at and above it.)
 * V2. The state in memory is what the edits on disk add up to: it changes after their fdatasync, not before.
 * V3. After a failed append the MANIFEST is not written again. Only a new one, made in force by `resume`,
 *     says what holds; until then no file may be removed, since either outcome may be on disk.
 *
 * RocksDB: db/version_set.cc, VersionSet
 */
import { isVarveError, notSupported, VarveError } from '@varve/format/errors'
import { bytewise, type KeyOrder } from '@varve/format/key'
import type { VersionEdit } from '@varve/format/manifest'
import type { FileSystem } from '../fs/file-system.ts'
import type { BlobFileMeta } from './blob-file-meta.ts'
import type { ColumnFamilyState } from './column-family-state.ts'
import type { FileMeta } from './file-meta.ts'
import { FileNumbers } from './file-numbers.ts'
import { isTracked, type ManifestState, type RecoveredFamily } from './manifest-state.ts'
import { type ManifestEvidence, ManifestWriter } from './manifest-writer.ts'
import { prepareEdits } from './prepare-edits.ts'
import { type FamilyShape, recoverFamily } from './recover-family.ts'
import { checkEvidence, recoverManifest } from './recover-manifest.ts'
import { snapshotEdits } from './snapshot-edits.ts'
import { StateDraft } from './state-draft.ts'

export interface VersionSetOptions {
  fs: FileSystem
  directory: string
  /** A MANIFEST above this is followed by a new one. */
  maxManifestFileSize: number
  /** How many levels a column family has. */
  levelCountOf(columnFamily: string): number
  /**
   * The order of a column family's keys, whose comparator the MANIFEST names, unless it says nothing. Throws where that
   * is not known or is to be another. Without this all are bytewise.
   */
  orderOf?(columnFamily: string, comparator: string | undefined): KeyOrder
}

interface PendingEdits {
  edits: readonly VersionEdit[]
  atomic: boolean
  onApplied(): void
  resolve(): void
  reject(error: unknown): void
}

export class VersionSet {
  readonly columnFamilies = new Map<number, ColumnFamilyState>()
  /** The newest sequence that readers may see. The write path moves it. */
  lastSequence = 0
  /** WALs with a smaller number are not needed by anyone. */
  minLogNumberToKeep = 0
  /** From LevelDB: a second WAL to replay. Zero in every RocksDB database. */
  prevLogNumber = 0
  /** WALs that must exist, with how much of each was synced when it was noted. */
  readonly trackedWals = new Map<number, number | undefined>()
  /** The database's id as the MANIFEST has it; it wins over the IDENTITY file. */
  databaseId: string | undefined = undefined
  /** The MANIFEST that was recovered, and where its records ended. */
  readonly recovered: ManifestEvidence
  private recoveredIsOurs = false
  /** Set by a failed write: what follows is refused with it, until `resume`. */
  poisoned: VarveError | undefined = undefined

  private readonly options: VersionSetOptions
  private readonly writer: ManifestWriter
  private readonly numbers = new FileNumbers()
  private highestFamily = 0
  private readonly queue: PendingEdits[] = []
  /** Settles when the queue is empty; there while it is worked on. */
  private draining: Promise<void> | undefined = undefined
  /** Dropped families that somebody still reads, or whose files have not been taken. */
  private readonly dropped = new Set<ColumnFamilyState>()
  /** Orders of families that are being made. */
  private readonly newOrders = new Map<string, KeyOrder>()

  private constructor(options: VersionSetOptions, recovered: ManifestEvidence, state: ManifestState) {
    this.options = options
    this.recovered = recovered
    this.writer = new ManifestWriter(options.fs, options.directory, options.maxManifestFileSize, recovered)
    this.adopt(state)
  }

  /**
   * Reads CURRENT and its MANIFEST. Nothing is written; the first `logAndApply` begins a new MANIFEST. Throws
   * `NOT_FOUND` without a CURRENT.
   */
  static async recover(options: VersionSetOptions, evidence?: ManifestEvidence): Promise<VersionSet> {
    const { recovered, state } = await recoverManifest(options.fs, options.directory, evidence)
    return new VersionSet(options, recovered, state)
  }

  /** Throws `CORRUPTION` when the recovered MANIFEST lacks bytes that `evidence` knows to have been synced. */
  checkEvidence(evidence: ManifestEvidence): void {
    checkEvidence(this.recovered, evidence, this.options.directory)
  }

  /** As the recovered MANIFEST has it: see `isTracked`. */
  isTrackedLog(number: number): boolean {
    const { trackedWals, recovered, recoveredIsOurs: isOurs } = this
    return isTracked(number, { isOurs, trackedWals }, recovered.manifestNumber)
  }

  family(name: string): ColumnFamilyState | undefined {
    for (const family of this.columnFamilies.values()) if (family.name === name) return family
    return undefined
  }

  get defaultFamily(): ColumnFamilyState {
    const family = this.columnFamilies.get(0)
    if (family === undefined) throw new VarveError('NOT_OPEN', 'the version set has not been recovered')
    return family
  }

  /** The number that the next file will get. */
  get nextFileNumber(): number {
    return this.numbers.next
  }

  newFileNumber(): number {
    return this.numbers.take()
  }

  /** The first of `count` numbers in a row, for a job that does not know how many files it will write. */
  reserveFileNumbers(count: number): number {
    return this.numbers.reserve(count)
  }

  /** Sees to it that `number`, found on disk, is not given out. */
  noteFileNumber(number: number): void {
    this.numbers.note(number)
  }

  /** No column family has, or had, a greater id. */
  get maxColumnFamily(): number {
    return this.highestFamily
  }

  /** The MANIFEST in force, and how much of it is on the device. */
  get manifest(): ManifestEvidence {
    return this.writer.manifest
  }

  /** The whole state as edits. */
  snapshot(): VersionEdit[] {
    return snapshotEdits(this)
  }

  /**
   * Writes the edits to the MANIFEST and, once they are on the device, makes them the state. Calls are put
   * into effect in order; those that wait share one append and one fdatasync. Edits that do not fit the state
   * are refused and change nothing. `atomic` edits survive a crash together or not at all. `onApplied` is called in the
   * very step in which the state changes.
   *
   * Counters are filled in: callers leave `nextFileNumber`, `lastSequence` and `prevLogNumber` alone.
   */
  logAndApply(
    edits: readonly VersionEdit[],
    atomic = false,
    onApplied: () => void = () => undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.queue.push({ edits, atomic, onApplied, resolve, reject })
      this.draining ??= this.drain()
    })
  }

  /** Adds a column family whose first WAL is `logNumber`. */
  async createColumnFamily(
    name: string,
    logNumber: number,
    order: KeyOrder = bytewise,
    valueStamp?: number,
  ): Promise<ColumnFamilyState> {
    if (this.family(name) !== undefined) {
      throw new VarveError('ALREADY_EXISTS', `there is a column family '${name}' already`)
    }
    const id = ++this.highestFamily
    this.newOrders.set(name, order)
    const edit: VersionEdit = {
      columnFamily: id,
      columnFamilyAdd: name,
      comparator: order.name,
      logNumber,
    }
    await this.logAndApply([valueStamp === undefined ? edit : { ...edit, valueStamp }])
    const family = this.columnFamilies.get(id)
    if (family === undefined) throw new VarveError('ABORTED', `column family '${name}' has been dropped`)
    return family
  }

  /** Its files become obsolete when the last reader has gone. */
  async dropColumnFamily(id: number): Promise<void> {
    const family = this.columnFamilies.get(id)
    if (id === 0) throw new VarveError('INVALID_ARGUMENT', 'the default column family cannot be dropped')
    if (family === undefined) throw new VarveError('NOT_FOUND', `there is no column family ${id}`)
    const edit: VersionEdit = {
      columnFamily: id,
      columnFamilyDrop: true,
      maxColumnFamily: this.maxColumnFamily,
    }
    await this.logAndApply([edit])
  }

  /** After a failed write: puts a new MANIFEST with the state in memory in force. */
  async resume(): Promise<void> {
    if (this.poisoned === undefined) return
    await this.writer.giveUp()
    this.poisoned = undefined
    await this.logAndApply([])
  }

  /** Table files that nobody can read any more, each once. Empty while `poisoned` (V3). */
  takeObsoleteFiles(): FileMeta[] {
    if (this.poisoned !== undefined) return []
    const obsolete: FileMeta[] = []
    for (const family of [...this.columnFamilies.values(), ...this.dropped])
      obsolete.push(...family.takeObsolete())
    this.forgetDropped()
    return obsolete
  }

  /** As `takeObsoleteFiles`, blob files. */
  takeObsoleteBlobFiles(): BlobFileMeta[] {
    if (this.poisoned !== undefined) return []
    const obsolete: BlobFileMeta[] = []
    for (const family of [...this.columnFamilies.values(), ...this.dropped])
      obsolete.push(...family.takeObsoleteBlobFiles())
    this.forgetDropped()
    return obsolete
  }

  /** Numbers of MANIFESTs that are no longer in force, each once. */
  takeObsoleteManifests(): number[] {
    if (this.poisoned !== undefined) return []
    return this.writer.takeObsolete()
  }

  /** Numbers of all table and blob files that are live or still being read. */
  liveFileNumbers(): Set<number> {
    const numbers = new Set<number>()
    for (const family of [...this.columnFamilies.values(), ...this.dropped]) family.addLiveNumbers(numbers)
    return numbers
  }

  /** Waits for the edits that were given, then closes the MANIFEST. */
  async close(): Promise<void> {
    await this.draining
    await this.writer.giveUp()
  }

  private adopt(state: ManifestState): void {
    const { nextFileNumber, lastSequence } = state.checkComplete()
    this.databaseId = state.databaseId
    this.lastSequence = lastSequence
    this.prevLogNumber = state.prevLogNumber
    this.recoveredIsOurs = state.isOurs
    this.minLogNumberToKeep = state.minLogNumberToKeep
    this.highestFamily = state.maxColumnFamily
    for (const [number, syncedSize] of state.trackedWals) this.trackedWals.set(number, syncedSize)
    const { numbers } = this
    for (const used of [nextFileNumber, this.recovered.manifestNumber, state.minLogNumberToKeep])
      numbers.note(used)
    numbers.note(state.prevLogNumber)
    for (const family of state.columnFamilies.values()) {
      const order = orderOf(this.options, family, state.file)
      const shape = { levelCount: this.options.levelCountOf(family.name), order }
      this.columnFamilies.set(family.id, recoverFamily(family, shape, lastSequence, state.file))
      numbers.note(family.logNumber)
      for (const number of family.files.keys()) numbers.note(number)
      for (const { file } of family.blobFiles) numbers.note(file.number)
    }
  }

  /** Families that nobody reads and that have no files left to take. */
  private forgetDropped(): void {
    for (const family of this.dropped) {
      if (family.liveVersionCount === 0 && !family.hasObsolete) this.dropped.delete(family)
    }
  }

  private newShape(name: string): FamilyShape {
    return { levelCount: this.options.levelCountOf(name), order: this.newOrders.get(name) ?? bytewise }
  }

  private async drain(): Promise<void> {
    // Calls of one turn of the event loop share an append.
    await undefined
    while (this.queue.length > 0) await this.commit(this.queue.splice(0))
    this.draining = undefined
  }

  /** Settles every member of the group; never throws. */
  private async commit(group: readonly PendingEdits[]): Promise<void> {
    const draft = new StateDraft(this, this.writer.path)
    const edits: VersionEdit[] = []
    const accepted: PendingEdits[] = []
    for (const pending of group) {
      try {
        if (this.poisoned !== undefined) throw this.poisoned
        const prepared = prepareEdits(pending.edits, pending.atomic, this)
        draft.apply(prepared, name => this.newShape(name))
        edits.push(...prepared)
        accepted.push(pending)
      } catch (error) {
        pending.reject(error)
      }
    }
    if (accepted.length === 0) return
    try {
      await this.writer.write(edits, this)
      for (const family of draft.install()) this.dropped.add(family)
      for (const pending of accepted) pending.onApplied()
    } catch (error) {
      this.poison(error)
      for (const pending of accepted) pending.reject(this.poisoned)
      return
    }
    for (const pending of accepted) pending.resolve()
  }

  private poison(error: unknown): void {
    const code = isVarveError(error) ? error.code : 'IO_ERROR'
    const details = isVarveError(error) ? error.details : {}
    this.poisoned = new VarveError(
      code,
      `the MANIFEST could not be written, so the database takes no changes until it is resumed: ${String(error)}`,
      details,
      error,
    )
  }
}

function orderOf(
  options: VersionSetOptions,
  { name, comparator }: RecoveredFamily,
  manifest: string,
): KeyOrder {
  if (options.orderOf !== undefined) return options.orderOf(name, comparator)
  if (comparator === undefined || comparator === bytewise.name) return bytewise
  throw notSupported(`the comparator ${comparator} of column family '${name}'`, manifest)
}

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
import { CorruptionError, isVarveError, VarveError } from '@varve/format/errors'
import type { VersionEdit } from '@varve/format/manifest'
import type { FileSystem } from '../fs/file-system.ts'
import type { ColumnFamilyState } from './column-family-state.ts'
import { readCurrent, switchCurrent } from './current-file.ts'
import type { FileMeta } from './file-meta.ts'
import { ManifestLog } from './manifest-log.ts'
import { checkSyncedSize, readManifestRecords } from './manifest-records.ts'
import { ManifestState } from './manifest-state.ts'
import { BYTEWISE_COMPARATOR, recoverFamily } from './recover-family.ts'
import { snapshotEdits } from './snapshot-edits.ts'
import { StateDraft, withEpochs } from './state-draft.ts'

export interface VersionSetOptions {
  fs: FileSystem
  directory: string
  /** A MANIFEST above this is followed by a new one. */
  maxManifestFileSize: number
  /** How many levels a column family has. */
  levelCountOf(columnFamily: string): number
}

/** Bytes of a MANIFEST that somebody has seen synced. */
export interface ManifestEvidence {
  manifestNumber: number
  syncedSize: number
}

interface PendingEdits {
  edits: readonly VersionEdit[]
  atomic: boolean
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
  /** Where the records of the MANIFEST that was recovered ended, and which it was. */
  recovered: ManifestEvidence = { manifestNumber: 0, syncedSize: 0 }
  /** Set by a failed write: what follows is refused with it, until `resume`. */
  poisoned: VarveError | undefined = undefined

  private readonly options: VersionSetOptions
  private nextFile = 2
  private maxColumnFamily = 0
  private log: ManifestLog | undefined = undefined
  private currentManifest = 0
  private obsoleteManifests: number[] = []
  private readonly queue: PendingEdits[] = []
  /** Settles when the queue is empty; there while it is worked on. */
  private draining: Promise<void> | undefined = undefined
  /** Dropped families that somebody still reads, or whose files have not been taken. */
  private readonly dropped = new Set<ColumnFamilyState>()

  private constructor(options: VersionSetOptions) {
    this.options = options
  }

  /**
   * Reads CURRENT and its MANIFEST. Nothing is written; the first `logAndApply` begins a new MANIFEST. Throws
   * `NOT_FOUND` without a CURRENT.
   */
  static async recover(options: VersionSetOptions, evidence?: ManifestEvidence): Promise<VersionSet> {
    const { fs, directory } = options
    const current = await readCurrent(fs, directory)
    if (current === undefined)
      throw new VarveError('NOT_FOUND', `${directory} holds no database`, { file: directory })
    const path = `${directory}/${current.name}`
    const bytes = await readManifestFile(fs, path)
    const required = evidence?.manifestNumber === current.number ? evidence.syncedSize : 0
    const records = readManifestRecords(bytes, path, required)
    const versions = new VersionSet(options)
    versions.currentManifest = current.number
    versions.recovered = { manifestNumber: current.number, syncedSize: records.size }
    versions.adopt(new ManifestState(records.edits, path))
    return versions
  }

  /** Throws `CORRUPTION` when the recovered MANIFEST lacks bytes that `evidence` knows to have been synced. */
  checkEvidence(evidence: ManifestEvidence): void {
    const { manifestNumber, syncedSize } = this.recovered
    if (evidence.manifestNumber === manifestNumber)
      checkSyncedSize(syncedSize, evidence.syncedSize, this.place)
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
    return this.nextFile
  }

  newFileNumber(): number {
    return this.nextFile++
  }

  /** The first of `count` numbers in a row, for a job that does not know how many files it will write. */
  reserveFileNumbers(count: number): number {
    const first = this.nextFile
    this.nextFile += count
    return first
  }

  /** Sees to it that `number`, found on disk, is not given out. */
  noteFileNumber(number: number): void {
    if (number >= this.nextFile) this.nextFile = number + 1
  }

  /** The MANIFEST in force, and how much of it is on the device. */
  get manifest(): ManifestEvidence {
    if (this.log === undefined) return this.recovered
    return { manifestNumber: this.log.number, syncedSize: this.log.syncedSize }
  }

  /**
   * Writes the edits to the MANIFEST and, once they are on the device, makes them the state. Calls are put
   * into effect in order; those that wait share one append and one fdatasync. Edits that do not fit the state
   * are refused and change nothing. `atomic` edits survive a crash together or not at all.
   *
   * Counters are filled in: callers leave `nextFileNumber`, `lastSequence` and `prevLogNumber` alone.
   */
  logAndApply(edits: readonly VersionEdit[], atomic = false): Promise<void> {
    return new Promise((resolve, reject) => {
      this.queue.push({ edits, atomic, resolve, reject })
      this.draining ??= this.drain()
    })
  }

  /** Adds a column family whose first WAL is `logNumber`. */
  async createColumnFamily(name: string, logNumber: number): Promise<ColumnFamilyState> {
    if (this.family(name) !== undefined) {
      throw new VarveError('ALREADY_EXISTS', `there is a column family '${name}' already`)
    }
    const id = ++this.maxColumnFamily
    await this.logAndApply([
      { columnFamily: id, columnFamilyAdd: name, comparator: BYTEWISE_COMPARATOR, logNumber },
    ])
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
    await this.closeLog()
    this.poisoned = undefined
    await this.logAndApply([])
  }

  /** Table files that nobody can read any more, each once. Empty while `poisoned` (V3). */
  takeObsoleteFiles(): FileMeta[] {
    if (this.poisoned !== undefined) return []
    const obsolete: FileMeta[] = []
    for (const family of [...this.columnFamilies.values(), ...this.dropped])
      obsolete.push(...family.takeObsolete())
    for (const family of this.dropped) if (family.liveVersionCount === 0) this.dropped.delete(family)
    return obsolete
  }

  /** Numbers of MANIFESTs that are no longer in force, each once. */
  takeObsoleteManifests(): number[] {
    if (this.poisoned !== undefined) return []
    const obsolete = this.obsoleteManifests
    this.obsoleteManifests = []
    return obsolete
  }

  /** Numbers of all table files that are live or still being read. */
  liveFileNumbers(): Set<number> {
    const numbers = new Set<number>()
    for (const family of [...this.columnFamilies.values(), ...this.dropped]) family.addLiveNumbers(numbers)
    return numbers
  }

  /** Waits for the edits that were given, then closes the MANIFEST. */
  async close(): Promise<void> {
    await this.draining
    await this.closeLog()
  }

  private get place(): string {
    return this.log?.path ?? `${this.options.directory}/MANIFEST of ${this.currentManifest}`
  }

  private adopt(state: ManifestState): void {
    const { nextFileNumber, lastSequence } = state.checkComplete()
    this.databaseId = state.databaseId
    this.lastSequence = lastSequence
    this.prevLogNumber = state.prevLogNumber
    this.minLogNumberToKeep = state.minLogNumberToKeep
    this.maxColumnFamily = state.maxColumnFamily
    for (const [number, syncedSize] of state.trackedWals) this.trackedWals.set(number, syncedSize)
    this.nextFile = nextFileNumber + 1
    this.noteFileNumber(this.currentManifest)
    this.noteFileNumber(state.minLogNumberToKeep)
    this.noteFileNumber(state.prevLogNumber)
    for (const family of state.columnFamilies.values()) {
      const levelCount = this.options.levelCountOf(family.name)
      this.columnFamilies.set(family.id, recoverFamily(family, levelCount, lastSequence, state.file))
      this.noteFileNumber(family.logNumber)
      for (const number of family.files.keys()) this.noteFileNumber(number)
    }
  }

  private async drain(): Promise<void> {
    // Calls of one turn of the event loop share an append.
    await undefined
    while (this.queue.length > 0) await this.commit(this.queue.splice(0))
    this.draining = undefined
  }

  /** Settles every member of the group; never throws. */
  private async commit(group: readonly PendingEdits[]): Promise<void> {
    const draft = new StateDraft(this, this.place)
    const edits: VersionEdit[] = []
    const accepted: PendingEdits[] = []
    for (const pending of group) {
      try {
        if (this.poisoned !== undefined) throw this.poisoned
        const prepared = this.prepare(pending)
        draft.apply(prepared, this.options.levelCountOf)
        edits.push(...prepared)
        accepted.push(pending)
      } catch (error) {
        pending.reject(error)
      }
    }
    if (accepted.length === 0) return
    try {
      await this.write(edits)
      for (const family of draft.install()) this.dropped.add(family)
    } catch (error) {
      this.poison(error)
      for (const pending of accepted) pending.reject(this.poisoned)
      return
    }
    for (const pending of accepted) pending.resolve()
  }

  /** Fills in counters, epochs and the count-down of an atomic group. */
  private prepare({ edits, atomic }: PendingEdits): VersionEdit[] {
    const given = edits.length === 0 ? [{}] : edits
    return given.map((edit, index) => {
      const prepared = { ...edit, nextFileNumber: this.nextFile, lastSequence: this.lastSequence }
      const family = this.columnFamilies.get(edit.columnFamily ?? 0)
      if (edit.columnFamilyAdd === undefined && edit.columnFamilyDrop === undefined)
        prepared.prevLogNumber = 0
      if (edit.newFiles !== undefined && family !== undefined) {
        prepared.newFiles = withEpochs(edit.newFiles, () => family.newEpochNumber())
        for (const file of edit.newFiles) this.checkNewFile(file.number, file.largestSequence)
      }
      if (atomic && given.length > 1) prepared.remainingInGroup = given.length - 1 - index
      return prepared
    })
  }

  private checkNewFile(number: number, largestSequence: number): void {
    if (number < this.nextFile && largestSequence <= this.lastSequence) return
    throw new VarveError(
      'INVALID_ARGUMENT',
      `table file #${number} with sequences up to ${largestSequence} is ahead of the database's counters ` +
        `(next file ${this.nextFile}, last sequence ${this.lastSequence})`,
    )
  }

  private async write(edits: readonly VersionEdit[]): Promise<void> {
    const { log } = this
    if (log !== undefined && log.syncedSize <= this.mostManifestBytes(log)) return log.append(edits)
    await this.roll(edits)
  }

  /** One that begins with a state larger than the limit may double: otherwise each edit would write it anew. */
  private mostManifestBytes(log: ManifestLog): number {
    return Math.max(this.options.maxManifestFileSize, 2 * log.initialSize)
  }

  /** Begins a new MANIFEST with the state and then `edits`, and puts it in force. */
  private async roll(edits: readonly VersionEdit[]): Promise<void> {
    const { fs, directory } = this.options
    const number = this.newFileNumber()
    const log = await ManifestLog.create(fs, directory, number)
    try {
      const [first, ...rest] = edits
      const counted = { ...first, nextFileNumber: this.nextFile }
      if (this.maxColumnFamily > 0) counted.maxColumnFamily = this.maxColumnFamily
      await log.append([
        ...snapshotEdits(this),
        counted,
        ...rest.map(edit => ({ ...edit, nextFileNumber: this.nextFile })),
      ])
      await switchCurrent(fs, directory, number)
    } catch (error) {
      this.obsoleteManifests.push(number)
      await closeSettled(log)
      throw error
    }
    const previous = this.log
    this.obsoleteManifests.push(this.currentManifest)
    this.currentManifest = number
    this.log = log
    await closeSettled(previous)
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

  private async closeLog(): Promise<void> {
    const { log } = this
    this.log = undefined
    await closeSettled(log)
  }
}

/** Closes a MANIFEST of which nothing is awaited any more: all of it is synced, or it has failed and is known to. */
async function closeSettled(log: ManifestLog | undefined): Promise<void> {
  await log?.close().catch(() => undefined)
}

async function readManifestFile(fs: FileSystem, path: string): Promise<Uint8Array> {
  try {
    return await fs.readFile(path)
  } catch (error) {
    if (!isVarveError(error, 'NOT_FOUND')) throw error
    throw new CorruptionError('the MANIFEST that CURRENT names does not exist', path, undefined, error)
  }
}

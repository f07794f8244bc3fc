/**
 * Which files `verifyDatabase` reads, and how each is checked. In order: CURRENT and the MANIFEST that it
 * names, which say what else there must be; then the tables, blob files, logs, IDENTITY and the newest OPTIONS.
 * Without a MANIFEST that can be believed, every table, blob file and log in the directory is checked for
 * itself.
 */
import { basename, join } from 'node:path'
import { decodeUtf8 } from '@varve/format/bytes'
import { CorruptionError, notSupported, VarveError } from '@varve/format/errors'
import { bytewise, type KeyOrder, knownOrder } from '@varve/format/key'
import type { NewFile } from '@varve/format/manifest'
import {
  blobName,
  CURRENT_NAME,
  decodeCurrent,
  IDENTITY_NAME,
  legacyTableName,
  parseFileName,
  tableName,
  walName,
} from '@varve/format/names'
import { parseOptionsFile } from '@varve/format/options'
import type { File, FileSystem } from '../fs/index.ts'
import type { ColumnFamilyState, FamilyShape } from '../version/index.ts'
import { readManifestRecords } from '../version/manifest-records.ts'
import { isTracked, ManifestState, type RecoveredFamily } from '../version/manifest-state.ts'
import { recoverFamily } from '../version/recover-family.ts'
import type { OnBatch } from '../wal/index.ts'
import { type BlobExpectation, checkBlobFile } from './blob-check.ts'
import { byteSourceOf } from './byte-source-of.ts'
import type { DeepCheck } from './deep-check.ts'
import { LogsCheck, noExpectations } from './logs-check.ts'
import type { VerifiedFile, VerifyFindings } from './report.ts'
import { TableCheck } from './table-check.ts'

/** A file that is to be read, and the check of its bytes. */
export interface VerifyTask {
  name: string
  kind: VerifiedFile['kind']
  /** Yields the size of each piece that is done; returns the number of entries. */
  check(file: File): Generator<number, number>
}

export interface VerifyPlan {
  tasks: VerifyTask[]
  /** To be called when all tasks are done. */
  finish(): void
}

/** Levels of any database: RocksDB's default, or more where a file lies deeper. */
const LEVEL_COUNT_MIN = 7

/** Reads and checks CURRENT and MANIFEST. Throws `NOT_FOUND` where there is no database at all. */
export function planVerification(
  fs: FileSystem,
  directory: string,
  findings: VerifyFindings,
  deep?: DeepCheck,
): Promise<VerifyPlan> {
  return new Planner(fs, directory, findings, deep).plan()
}

class Planner {
  private readonly fs: FileSystem
  private readonly directory: string
  private readonly findings: VerifyFindings
  private names: readonly string[] = []
  /** Where the records of the MANIFEST end. */
  private manifestSize = 0
  private readonly families: ColumnFamilyState[] = []
  private readonly deep: DeepCheck | undefined

  constructor(fs: FileSystem, directory: string, findings: VerifyFindings, deep: DeepCheck | undefined) {
    this.fs = fs
    this.directory = directory
    this.findings = findings
    this.deep = deep
  }

  async plan(): Promise<VerifyPlan> {
    this.names = await this.listDatabase()
    const state = await this.readState()
    const { directory, names, families } = this
    this.deep?.begin({ directory, names, state, families })
    const logs = this.logsCheck(state)
    const tasks = state === undefined ? this.everyFile(logs) : this.liveFiles(state, logs)
    tasks.push(...this.smallFiles(state?.databaseId))
    return { tasks, finish: () => logs.finish() }
  }

  private async listDatabase(): Promise<string[]> {
    const status = await this.fs.stat(this.directory)
    const names = status?.isDirectory === true ? await this.fs.list(this.directory) : []
    const hasDatabase = names.some(name => name === CURRENT_NAME || parseFileName(name)?.kind === 'manifest')
    if (hasDatabase) return names.sort(byNumber)
    throw new VarveError('NOT_FOUND', `${this.directory} holds no database`, { file: this.directory })
  }

  /** What the MANIFEST adds up to; undefined when CURRENT or MANIFEST cannot be believed. */
  private async readState(): Promise<ManifestState | undefined> {
    const name = await this.readNow(CURRENT_NAME, 'current', (bytes, path) => [decodeCurrent(bytes, path), 1])
    if (name === undefined) return undefined
    return this.readNow(name, 'manifest', (bytes, path) => this.decodeManifest(bytes, path))
  }

  private decodeManifest(bytes: Uint8Array, path: string): [state: ManifestState, edits: number] {
    const { edits, size } = readManifestRecords(bytes, path)
    const state = new ManifestState(edits, path)
    const { lastSequence } = state.checkComplete()
    this.manifestSize = size
    if (bytes.subarray(size).some(byte => byte !== 0)) {
      this.findings.problem(path, 'the last record breaks off', size)
    }
    for (const family of state.columnFamilies.values()) {
      const recovered = this.findings.guard(path, () =>
        recoverFamily(family, shapeOf(family, path), lastSequence, path),
      )
      if (recovered !== undefined) this.families.push(recovered)
    }
    return [state, edits.length]
  }

  /** Reads a file whole and takes what `decode` makes of it, with the number of its entries. */
  private async readNow<Result>(
    name: string,
    kind: VerifiedFile['kind'],
    decode: (bytes: Uint8Array, path: string) => [result: Result, entries: number],
  ): Promise<Result | undefined> {
    const path = join(this.directory, name)
    try {
      const bytes = await this.fs.readFile(path)
      const [result, entries] = decode(bytes, path)
      this.findings.files.push({ name, kind, bytes: bytes.length, entries })
      return result
    } catch (error) {
      this.findings.caught(path, error)
      return undefined
    }
  }

  private logsCheck(state: ManifestState | undefined): LogsCheck {
    const onBatch: OnBatch = (batch, offset, log) => this.deep?.onBatch(batch, offset, log)
    if (state === undefined) return new LogsCheck(noExpectations, this.findings, onBatch)
    const { file, trackedWals } = state
    const number = parseFileName(basename(file))?.number ?? 0
    const manifest = { file, number, size: this.manifestSize }
    return new LogsCheck(
      {
        trackedSizes: trackedWals,
        isTracked: log => isTracked(log, state, number),
        oldestNeeded: oldestNeededLog(state),
        manifest,
      },
      this.findings,
      onBatch,
    )
  }

  private liveFiles(state: ManifestState, logs: LogsCheck): VerifyTask[] {
    const tasks: VerifyTask[] = []
    for (const family of state.columnFamilies.values()) {
      const order = knownOrder(family.comparator ?? bytewise.name)
      for (const record of family.files.values()) {
        tasks.push(this.tableTask(this.tableNameOf(record.number), record, order))
      }
      tasks.push(...this.blobTasks(family))
    }
    return [...tasks, ...this.neededLogs(state).map(name => logTask(name, logs))]
  }

  /**
   * Where no table refers to any, a newer RocksDB removes all blob files and says so nowhere.
   */
  private blobTasks({ id, blobFiles }: RecoveredFamily): VerifyTask[] {
    const mayBeGone = !blobFiles.some(({ linkedTables }) => linkedTables > 0)
    return blobFiles.flatMap(({ file }) => {
      const name = blobName(file.number)
      if (!mayBeGone || this.names.includes(name))
        return [blobTask(name, { columnFamily: id, record: file.record })]
      this.findings.note(join(this.directory, name), 'the blob file, which no table refers to, is missing')
      return []
    })
  }

  private tableNameOf(number: number): string {
    const isLegacy = !this.names.includes(tableName(number)) && this.names.includes(legacyTableName(number))
    return isLegacy ? legacyTableName(number) : tableName(number)
  }

  /** As recovery chooses them. One that the MANIFEST tracks and that is missing is a problem. */
  private neededLogs(state: ManifestState): string[] {
    const minimum = oldestNeededLog(state)
    for (const number of state.trackedWals.keys()) {
      if (number < minimum || this.names.includes(walName(number))) continue
      this.findings.problem(
        join(this.directory, walName(number)),
        'the log that the MANIFEST tracks is missing',
      )
    }
    return this.names.filter(name => {
      const parsed = parseFileName(name)
      return parsed?.kind === 'wal' && parsed.number >= minimum
    })
  }

  private everyFile(logs: LogsCheck): VerifyTask[] {
    return this.names.flatMap(name => {
      const kind = parseFileName(name)?.kind
      if (kind === 'table') return [this.tableTask(name, undefined, bytewise)]
      if (kind === 'wal') return [logTask(name, logs)]
      return kind === 'blob' ? [blobTask(name)] : []
    })
  }

  private smallFiles(databaseId: string | undefined): VerifyTask[] {
    const newestOptions = this.names.findLast(name => parseFileName(name)?.kind === 'options')
    const tasks: VerifyTask[] = []
    if (this.names.includes(IDENTITY_NAME)) tasks.push(identityTask(databaseId))
    if (newestOptions !== undefined) tasks.push(optionsTask(newestOptions))
    return tasks
  }

  private tableTask(name: string, record: NewFile | undefined, order: KeyOrder | undefined): VerifyTask {
    const check = (file: File): Generator<number, number> => {
      const size = file.size()
      if (record !== undefined && size !== record.size) {
        const what = `the table has ${size} bytes and not the ${record.size} recorded`
        throw new CorruptionError(what, file.path, Math.min(size, record.size))
      }
      return new TableCheck(byteSourceOf(file), record, order, this.findings).run()
    }
    return { name, kind: 'table', check }
  }
}

function logTask(name: string, logs: LogsCheck): VerifyTask {
  const number = parseFileName(name)?.number ?? 0
  return { name, kind: 'wal', check: file => logs.check({ bytes: readAll(file), number, file: file.path }) }
}

function blobTask(name: string, expected?: BlobExpectation): VerifyTask {
  return { name, kind: 'blob', check: file => checkBlobFile(file, expected) }
}

function identityTask(databaseId: string | undefined): VerifyTask {
  return wholeFileTask(IDENTITY_NAME, 'identity', (bytes, path) => {
    const identity = decodeUtf8(bytes).replace(/\n$/, '')
    if (databaseId === undefined || identity === databaseId) return 1
    throw new CorruptionError('IDENTITY is not the id that the MANIFEST records', path, 0)
  })
}

function optionsTask(name: string): VerifyTask {
  return wholeFileTask(name, 'options', (bytes, path) => parseOptionsFile(bytes, path).columnFamilies.length)
}

function wholeFileTask(
  name: string,
  kind: VerifiedFile['kind'],
  count: (bytes: Uint8Array, path: string) => number,
): VerifyTask {
  function* check(file: File): Generator<number, number> {
    const bytes = readAll(file)
    const entries = count(bytes, file.path)
    yield bytes.length
    return entries
  }
  return { name, kind, check }
}

/** Logs with a smaller number are flushed, whole. As recovery has it. */
function oldestNeededLog(state: ManifestState): number {
  const flushed = [...state.columnFamilies.values()].map(({ logNumber }) => logNumber)
  return Math.max(state.minLogNumberToKeep, Math.min(...flushed))
}

/** By number, not by text: six digits are the least that numbers have in names. */
function byNumber(a: string, b: string): number {
  return (parseFileName(a)?.number ?? 0) - (parseFileName(b)?.number ?? 0)
}

function shapeOf({ name, comparator, files }: RecoveredFamily, manifest: string): FamilyShape {
  const order = knownOrder(comparator ?? bytewise.name)
  if (order === undefined) {
    throw notSupported(
      `checking the order of column family '${name}', by the comparator ${comparator},`,
      manifest,
    )
  }
  let levelCount = LEVEL_COUNT_MIN
  for (const { level } of files.values()) levelCount = Math.max(levelCount, level + 1)
  return { levelCount, order }
}

function readAll(file: File): Uint8Array {
  return byteSourceOf(file).read(0, file.size())
}

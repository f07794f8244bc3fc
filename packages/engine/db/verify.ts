/**
 * `verifyDatabase`: reads every byte of every live file and checks it, without a lock and without changing
 * anything. Best done while the database is closed: a running one may remove a file before its turn comes.
 *
 * In order: CURRENT, the MANIFEST it names and what its edits add up to, the tables, the logs, blob files,
 * IDENTITY and the newest OPTIONS. What is wrong is reported, with file and offset, and never thrown. Without
 * a MANIFEST that can be believed, every table and log in the directory is checked for itself.
 */
import { basename, join } from 'node:path'
import { BlobCursor } from '@varve/format/blob'
import { CorruptionError, VarveError } from '@varve/format/errors'
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
import type { ByteSource } from '@varve/format/sst'
import type { File, FileSystem } from '../fs/index.ts'
import { nodeRuntime, type Runtime } from '../runtime/index.ts'
import { BYTEWISE_COMPARATOR } from '../version/index.ts'
import { readManifestRecords } from '../version/manifest-records.ts'
import { ManifestState, type RecoveredFamily } from '../version/manifest-state.ts'
import { recoverFamily } from '../version/recover-family.ts'
import { type LogExpectations, LogsCheck, noExpectations } from './verify-log.ts'
import { type VerifiedFile, VerifyFindings, type VerifyProgress, type VerifyReport } from './verify-report.ts'
import { TableCheck } from './verify-table.ts'

export type { VerifiedFile, VerifyProblem, VerifyProgress, VerifyReport } from './verify-report.ts'

export interface VerifyOptions {
  onProgress?(progress: VerifyProgress): void
  /** Ends the check early, with `ABORTED`. */
  signal?: AbortSignal
}

/** How long the check works before the event loop gets its turn. */
const SLICE_MS = 8

/** Levels of any database: RocksDB's default, or more where a file lies deeper. */
const LEVEL_COUNT_MIN = 7

/** Throws `NOT_FOUND` where there is no database at all, and `ABORTED`. */
export async function verifyDatabase(
  path: string,
  options: VerifyOptions = {},
  runtime?: Runtime,
): Promise<VerifyReport> {
  const world = runtime ?? nodeRuntime({ workers: 1 })
  try {
    return await new Verification(path, options, world).run()
  } finally {
    if (runtime === undefined) await world.jobs.close()
  }
}

/** A file that is to be read, and the check of its bytes. */
interface Task {
  name: string
  kind: VerifiedFile['kind']
  /** Yields the size of each piece that is done; returns the number of entries. */
  check(file: File): Generator<number, number>
}

class Verification {
  private readonly directory: string
  private readonly options: VerifyOptions
  private readonly runtime: Runtime
  private readonly fs: FileSystem
  private readonly findings = new VerifyFindings()
  /** Where the records of the MANIFEST end. */
  private manifestSize = 0
  private bytesDone = 0
  private bytesTotal = 0
  private sliceStarted = 0

  constructor(directory: string, options: VerifyOptions, runtime: Runtime) {
    this.directory = directory
    this.options = options
    this.runtime = runtime
    this.fs = runtime.fs
  }

  async run(): Promise<VerifyReport> {
    const names = await this.listDatabase()
    const state = await this.readState()
    const logs = new LogsCheck(
      state === undefined ? noExpectations : this.expectationsOf(state),
      this.findings,
    )
    const tasks = state === undefined ? this.everyFile(names, logs) : this.liveFiles(state, names, logs)
    tasks.push(...this.smallFiles(names))
    for (const { name } of tasks) this.bytesTotal += (await this.fs.stat(this.pathOf(name)))?.size ?? 0
    for (const task of tasks) await this.perform(task)
    logs.finish()
    return this.findings.report()
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
    const name = await this.readWhole(CURRENT_NAME, 'current', (bytes, path) => [
      decodeCurrent(bytes, path),
      1,
    ])
    if (name === undefined) return undefined
    return await this.readWhole(name, 'manifest', (bytes, path) => this.stateOf(bytes, path))
  }

  private stateOf(bytes: Uint8Array, path: string): [state: ManifestState, edits: number] {
    const { edits, size } = readManifestRecords(bytes, path)
    this.manifestSize = size
    const state = new ManifestState(edits, path)
    state.checkComplete()
    if (bytes.subarray(size).some(byte => byte !== 0)) {
      this.findings.problem(path, 'the last record breaks off', size)
    }
    const { lastSequence } = state.checkComplete()
    for (const family of state.columnFamilies.values()) {
      this.findings.guard(path, () => recoverFamily(family, levelCountOf(family), lastSequence, path))
    }
    return [state, edits.length]
  }

  /** Reads a file whole and takes what `decode` makes of it, with the number of its entries. */
  private async readWhole<Result>(
    name: string,
    kind: VerifiedFile['kind'],
    decode: (bytes: Uint8Array, path: string) => [result: Result, entries: number],
  ): Promise<Result | undefined> {
    const path = this.pathOf(name)
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

  private expectationsOf(state: ManifestState): LogExpectations {
    const { file, trackedWals } = state
    const number = parseFileName(basename(file))?.number ?? 0
    const manifest = { file, number, size: this.manifestSize }
    return { trackedSizes: trackedWals, oldestNeeded: oldestNeededLog(state), manifest }
  }

  private liveFiles(state: ManifestState, names: readonly string[], logs: LogsCheck): Task[] {
    const tasks: Task[] = []
    for (const family of state.columnFamilies.values()) {
      const isBytewise = (family.comparator ?? BYTEWISE_COMPARATOR) === BYTEWISE_COMPARATOR
      for (const record of family.files.values()) {
        const name = names.includes(tableName(record.number))
          ? tableName(record.number)
          : legacyTableName(record.number)
        const known = names.includes(name) ? name : tableName(record.number)
        tasks.push(this.tableTask(known, record, isBytewise))
      }
      for (const { number } of family.blobFiles.values()) tasks.push(this.blobTask(blobName(number)))
    }
    return [...tasks, ...this.neededLogs(state, names).map(name => this.logTask(name, logs))]
  }

  /** As recovery chooses them. One that the MANIFEST tracks and that is missing or too short is a problem. */
  private neededLogs(state: ManifestState, names: readonly string[]): string[] {
    const minimum = oldestNeededLog(state)
    for (const number of state.trackedWals.keys()) {
      if (number < minimum || names.includes(walName(number))) continue
      this.findings.problem(this.pathOf(walName(number)), 'the log that the MANIFEST tracks is missing')
    }
    return names.filter(name => {
      const parsed = parseFileName(name)
      return parsed?.kind === 'wal' && parsed.number >= minimum
    })
  }

  private everyFile(names: readonly string[], logs: LogsCheck): Task[] {
    return names.flatMap(name => {
      const kind = parseFileName(name)?.kind
      if (kind === 'table') return [this.tableTask(name, undefined, true)]
      if (kind === 'wal') return [this.logTask(name, logs)]
      return kind === 'blob' ? [this.blobTask(name)] : []
    })
  }

  private smallFiles(names: readonly string[]): Task[] {
    const newestOptions = names.filter(name => parseFileName(name)?.kind === 'options').at(-1)
    const tasks: Task[] = []
    if (names.includes(IDENTITY_NAME)) tasks.push(this.wholeFileTask(IDENTITY_NAME, 'identity', () => 1))
    if (newestOptions !== undefined) {
      tasks.push(
        this.wholeFileTask(
          newestOptions,
          'options',
          (bytes, path) => parseOptionsFile(bytes, path).columnFamilies.length,
        ),
      )
    }
    return tasks
  }

  private tableTask(name: string, record: NewFile | undefined, isBytewise: boolean): Task {
    const check = (file: File): Generator<number, number> => {
      const size = file.size()
      if (record !== undefined && size !== record.size) {
        throw new CorruptionError(
          `the table has ${size} bytes and not the ${record.size} recorded`,
          file.path,
          size,
        )
      }
      return new TableCheck(sourceOf(file), record, isBytewise, this.findings).run()
    }
    return { name, kind: 'table', check }
  }

  private logTask(name: string, logs: LogsCheck): Task {
    const number = parseFileName(name)?.number ?? 0
    return { name, kind: 'wal', check: file => logs.check({ bytes: readAll(file), number, file: file.path }) }
  }

  private blobTask(name: string): Task {
    return this.wholeFileTask(name, 'blob', (bytes, path) => {
      const cursor = new BlobCursor(bytes, path)
      while (cursor.next());
      return cursor.count
    })
  }

  private wholeFileTask(
    name: string,
    kind: VerifiedFile['kind'],
    count: (bytes: Uint8Array, path: string) => number,
  ): Task {
    function* check(file: File): Generator<number, number> {
      const bytes = readAll(file)
      const entries = count(bytes, file.path)
      yield bytes.length
      return entries
    }
    return { name, kind, check }
  }

  private async perform({ name, kind, check }: Task): Promise<void> {
    const path = this.pathOf(name)
    let file: File | undefined
    try {
      file = await this.fs.open(path, 'read')
      const bytes = file.size()
      const entries = await this.drive(path, check(file))
      this.findings.files.push({ name, kind, bytes, entries })
    } catch (error) {
      this.findings.caught(path, error)
    } finally {
      await file?.close()
    }
  }

  /** Runs a check in slices, so that the event loop is not held up. */
  private async drive(file: string, check: Generator<number, number>): Promise<number> {
    const { clock } = this.runtime
    for (let step = check.next(); ; step = check.next()) {
      if (step.done === true) return step.value
      this.bytesDone += step.value
      if (clock.monotonic() - this.sliceStarted < SLICE_MS) continue
      this.options.onProgress?.({ file, bytesDone: this.bytesDone, bytesTotal: this.bytesTotal })
      await this.runtime.nextTurn()
      if (this.options.signal?.aborted === true) throw new VarveError('ABORTED', 'the check was stopped')
      this.sliceStarted = clock.monotonic()
    }
  }

  private pathOf(name: string): string {
    return join(this.directory, name)
  }
}

/** Logs with a smaller number are flushed, whole. As recovery has it. */
function oldestNeededLog(state: ManifestState): number {
  const flushed = [...state.columnFamilies.values()].map(({ logNumber }) => logNumber)
  return Math.max(state.minLogNumberToKeep, Math.min(...flushed))
}

/** Six digits are the least that numbers have in names; there may be more. */
function byNumber(a: string, b: string): number {
  return (parseFileName(a)?.number ?? 0) - (parseFileName(b)?.number ?? 0)
}

function levelCountOf(family: RecoveredFamily): number {
  let count = LEVEL_COUNT_MIN
  for (const { level } of family.files.values()) count = Math.max(count, level + 1)
  return count
}

function sourceOf(file: File): ByteSource {
  return {
    size: file.size(),
    file: file.path,
    read(offset, length) {
      const bytes = new Uint8Array(length)
      return bytes.subarray(0, file.readSync(bytes, offset))
    },
  }
}

function readAll(file: File): Uint8Array {
  return sourceOf(file).read(0, file.size())
}

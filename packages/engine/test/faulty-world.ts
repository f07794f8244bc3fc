/**
 * The real file system with faults that a test switches on and off, and a runner that holds jobs back.
 */
import { type ErrorCode, VarveError } from '../index.ts'
import {
  type File,
  type FileStatus,
  InlineRunner,
  type Job,
  type JobPriority,
  type JobRunner,
  NodeFileSystem,
  type OnProgress,
  type OpenMode,
} from '../internal.ts'

export type Operation =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'sync'
  | 'rename'
  | 'unlink'
  | 'list'
  | 'stat'
  | 'syncDirectory'

export interface Fault {
  operation: Operation
  path: RegExp
  code?: ErrorCode
  /** How many matching operations pass before. Default 0. */
  after?: number
  /** Default: until `heal`. */
  once?: boolean
}

export class FaultyFileSystem extends NodeFileSystem {
  /** Operations that were refused. */
  failures = 0
  private faults: Fault[] = []

  /** From now on such operations fail. */
  fail(fault: Fault): void {
    this.faults.push({ ...fault })
  }

  heal(): void {
    this.faults = []
  }

  check(operation: Operation, path: string): void {
    const fault = this.faults.find(
      candidate => candidate.operation === operation && candidate.path.test(path),
    )
    if (fault === undefined) return
    if (fault.after !== undefined && fault.after > 0) {
      fault.after--
      return
    }
    if (fault.once) this.faults = this.faults.filter(other => other !== fault)
    this.failures++
    const code = fault.code ?? 'IO_ERROR'
    const errno = code === 'NO_SPACE' ? 'ENOSPC' : 'EIO'
    throw new VarveError(code, `cannot ${operation} ${path}: as the test wants it`, { file: path, errno })
  }

  override async open(path: string, mode: OpenMode) {
    this.check(mode === 'create' ? 'create' : 'open', path)
    return this.wrap(await super.open(path, mode))
  }

  override openSync(path: string, mode: OpenMode) {
    this.check(mode === 'create' ? 'create' : 'open', path)
    return this.wrap(super.openSync(path, mode))
  }

  override async readFile(path: string): Promise<Uint8Array> {
    this.check('read', path)
    return super.readFile(path)
  }

  override async list(directory: string): Promise<string[]> {
    this.check('list', directory)
    return super.list(directory)
  }

  override async stat(path: string): Promise<FileStatus | undefined> {
    this.check('stat', path)
    return super.stat(path)
  }

  override async rename(from: string, to: string): Promise<void> {
    this.check('rename', to)
    await super.rename(from, to)
  }

  override async unlink(path: string): Promise<void> {
    this.check('unlink', path)
    await super.unlink(path)
  }

  override async syncDirectory(path: string): Promise<void> {
    this.check('syncDirectory', path)
    await super.syncDirectory(path)
  }

  override syncDirectorySync(path: string): void {
    this.check('syncDirectory', path)
    super.syncDirectorySync(path)
  }

  /** A write that fails has written half of its bytes. */
  private wrap<Opened extends File>(file: Opened): Opened {
    const { path, read, readSync, write, writeSync, sync, syncSync } = file
    const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1)
    const tear = (bytes: Uint8Array, position: number) => {
      try {
        this.check('write', path)
      } catch (error) {
        writeSync.call(file, half(bytes), position)
        throw error
      }
    }
    file.read = async (target, position) => {
      this.check('read', path)
      return read.call(file, target, position)
    }
    file.readSync = (target, position) => {
      this.check('read', path)
      return readSync.call(file, target, position)
    }
    file.write = async (bytes, position) => {
      tear(bytes, position)
      await write.call(file, bytes, position)
    }
    file.writeSync = (bytes, position) => {
      tear(bytes, position)
      writeSync.call(file, bytes, position)
    }
    file.sync = async () => {
      this.check('sync', path)
      await sync.call(file)
    }
    file.syncSync = () => {
      this.check('sync', path)
      syncSync.call(file)
    }
    return file
  }
}

/** Runs jobs only while it is open. */
export class HeldRunner implements JobRunner {
  private readonly runner: InlineRunner
  private gate = Promise.withResolvers<void>()
  /** Which kinds are held back. */
  private held: readonly Job['kind'][] = []

  constructor(fs = new NodeFileSystem()) {
    this.runner = new InlineRunner(fs)
  }

  hold(...kinds: Job['kind'][]): void {
    this.held = kinds
  }

  release(): void {
    this.held = []
    this.gate.resolve()
    this.gate = Promise.withResolvers<void>()
  }

  async run<Result>(job: Job, priority: JobPriority, onProgress?: OnProgress): Promise<Result> {
    while (this.held.includes(job.kind)) await this.gate.promise
    return this.runner.run(job, priority, onProgress)
  }

  close(): Promise<void> {
    return this.runner.close()
  }
}

/**
 * A file system whose files take their bytes from a rate limiter before they are read or written: what jobs work on.
 *
 * A thread of the pool waits where it is. The main thread must not: there, as in the simulated world, a job takes what it
 * needs at once, and the next job waits until that is made good (`RateLimiter.debtMilliseconds`).
 */
import { VarveError } from '@varve/format/errors'
import type { File, FileStatus, FileSystem, OpenMode } from '../fs/file-system.ts'
import { type SharedRateLimit, systemMicros } from './rate-limiter.ts'
import { RateRequest, TokenBucket } from './token-bucket.ts'

let mayWait = false

/** Said once by a thread that has nothing else to do than its jobs. */
export function letJobsWait(): void {
  mayWait = true
}

/** `fs` itself without a limit. `cancel` ends the wait, with `ABORTED`. */
export function limitedFileSystem(
  fs: FileSystem,
  limit: SharedRateLimit | undefined,
  cancel: Int32Array | undefined,
): FileSystem {
  return limit === undefined ? fs : new LimitedFileSystem(fs, new Limiter(limit, cancel))
}

class Limiter {
  readonly limit: SharedRateLimit
  private readonly bucket: TokenBucket
  private readonly cancel: Int32Array | undefined
  private readonly sleeper = new Int32Array(new SharedArrayBuffer(4))

  constructor(limit: SharedRateLimit, cancel: Int32Array | undefined) {
    this.limit = limit
    this.bucket = new TokenBucket(limit.memory)
    this.cancel = cancel
  }

  read(bytes: number): void {
    if (this.limit.limitsReads) this.take(bytes)
  }

  write(bytes: number): void {
    if (this.limit.limitsWrites) this.take(bytes)
  }

  private take(bytes: number): void {
    const request = new RateRequest(bytes, this.limit.priority)
    if (mayWait) this.waitFor(request)
    else this.bucket.overdraw(request)
  }

  private waitFor(request: RateRequest): void {
    const started = systemMicros()
    let now = started
    for (let wait = this.bucket.take(request, now); wait > 0; wait = this.bucket.take(request, now)) {
      Atomics.wait(this.sleeper, 0, 0, wait / 1000)
      this.refuseIfCancelled(request)
      now = systemMicros()
    }
    if (now > started) this.bucket.noteWaited(request.priority, now - started)
  }

  private refuseIfCancelled(request: RateRequest): void {
    if (this.cancel === undefined || Atomics.load(this.cancel, 0) === 0) return
    this.bucket.abandon(request)
    throw new VarveError('ABORTED', 'the job was cancelled')
  }
}

class LimitedFile implements File {
  private readonly file: File
  private readonly limiter: Limiter

  constructor(file: File, limiter: Limiter) {
    this.file = file
    this.limiter = limiter
  }

  get path(): string {
    return this.file.path
  }

  size(): number {
    return this.file.size()
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.file.read(target, position)
  }

  readSync(target: Uint8Array, position: number): number {
    this.limiter.read(target.length)
    return this.file.readSync(target, position)
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.file.write(bytes, position)
  }

  writeSync(bytes: Uint8Array, position: number): void {
    this.limiter.write(bytes.length)
    this.file.writeSync(bytes, position)
  }

  sync(): Promise<void> {
    return this.file.sync()
  }

  syncSync(): void {
    this.file.syncSync()
  }

  truncate(size: number): Promise<void> {
    return this.file.truncate(size)
  }

  close(): Promise<void> {
    return this.file.close()
  }

  closeSync(): void {
    this.file.closeSync()
  }
}

/** Jobs open files and read and write them synchronously; all else is passed on. */
class LimitedFileSystem implements FileSystem {
  private readonly fs: FileSystem
  private readonly limiter: Limiter

  constructor(fs: FileSystem, limiter: Limiter) {
    this.fs = fs
    this.limiter = limiter
  }

  async open(path: string, mode: OpenMode): Promise<File> {
    return new LimitedFile(await this.fs.open(path, mode), this.limiter)
  }

  openSync(path: string, mode: OpenMode): File {
    return new LimitedFile(this.fs.openSync(path, mode), this.limiter)
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.fs.readFile(path)
  }

  list(directory: string): Promise<string[]> {
    return this.fs.list(directory)
  }

  stat(path: string): Promise<FileStatus | undefined> {
    return this.fs.stat(path)
  }

  rename(from: string, to: string): Promise<void> {
    return this.fs.rename(from, to)
  }

  unlink(path: string): Promise<void> {
    return this.fs.unlink(path)
  }

  unlinkSync(path: string): void {
    this.fs.unlinkSync(path)
  }

  makeDirectory(path: string): Promise<void> {
    return this.fs.makeDirectory(path)
  }

  syncDirectory(path: string): Promise<void> {
    return this.fs.syncDirectory(path)
  }

  syncDirectorySync(path: string): void {
    this.fs.syncDirectorySync(path)
  }

  lock(path: string) {
    return this.fs.lock(path)
  }
}

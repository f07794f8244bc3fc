/**
 * The engine's only way to files. `NodeFileSystem` is the real one; `testkit` has a simulated one that
 * loses what was not synced. Both keep the contract below, and one suite checks both.
 *
 * Failures are `VarveError`s: `IO_ERROR`, `NO_SPACE`, `READ_ONLY` (writing where it is not permitted) or
 * `NOT_FOUND`, with `details.file` and `details.errno`. A failure is never turned into "it is not there":
 * only ENOENT means that.
 *
 * The `...Sync` calls exist for two callers: worker threads, which have nothing else to do, and reads of
 * bytes that are likely in the page cache (a cached 4 KiB `readSync` costs 3 us, a promised read 22 us).
 *
 * RocksDB: include/rocksdb/file_system.h
 */

/**
 * `read`: an existing file, for reading. `create`: a new file, or an existing one cut to nothing, for reading
 * and writing. `update`: an existing file as it is, for reading and writing.
 */
export type OpenMode = 'read' | 'create' | 'update'

/** An open file. Positions are byte offsets; there is no current position. */
export interface File {
  readonly path: string

  /** Asks the operating system each time. */
  size(): number

  /** Fills `target` from `position` on; returns how many bytes there were, fewer than asked only at the end. */
  read(target: Uint8Array, position: number): Promise<number>
  readSync(target: Uint8Array, position: number): number

  /**
   * Writes all of `bytes`. When it fails, any part of them may have been written. `bytes` must not change
   * until the promise settles.
   */
  write(bytes: Uint8Array, position: number): Promise<void>
  writeSync(bytes: Uint8Array, position: number): void

  /**
   * Returns when everything written before the call is on the device, and so is the size needed to read it
   * back (fdatasync). After a failure nothing is known about any unsynced byte: never ask again on this file.
   */
  sync(): Promise<void>
  syncSync(): void

  truncate(size: number): Promise<void>

  /** The first call closes; later ones do nothing. An error of the operating system is reported, not dropped. */
  close(): Promise<void>
  closeSync(): void
}

export interface FileStatus {
  size: number
  isDirectory: boolean
}

export interface FileSystem {
  open(path: string, mode: OpenMode): Promise<File>
  openSync(path: string, mode: OpenMode): File
  /** The whole file. */
  readFile(path: string): Promise<Uint8Array>
  /** The names in a directory, in no particular order. */
  list(directory: string): Promise<string[]>
  /** `undefined` only when nothing has that name. */
  stat(path: string): Promise<FileStatus | undefined>
  /** Replaces `to` in one step when it exists. Durable after `syncDirectory`. */
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  unlinkSync(path: string): void
  /** Makes the directory and its missing parents, durably; it may exist already. */
  makeDirectory(path: string): Promise<void>
  /** Returns when the names created, renamed and removed in `path` are on the device. */
  syncDirectory(path: string): Promise<void>
  syncDirectorySync(path: string): void
  /**
   * Takes the lock that C++ RocksDB takes on its LOCK file, creating the file if need be. Throws `LOCKED`
   * with `details.holder` while anyone holds it, in this process or another. It goes with the process.
   */
  lock(path: string): Promise<FileLock>
}

export interface FileLock {
  /** The first call releases; later ones do nothing. */
  release(): Promise<void>
}

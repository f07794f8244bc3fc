/**
 * Files in memory that threads can share, for `open(':memory:')`. Nothing reaches a disk, and nothing outlives the object.
 *
 * The names are known to one thread, the main one. A job gets the files that it reads with its message, and gives those
 * that it has made back with its result (memory-runner.ts); what is carried over are references to the same bytes.
 */
import { basename, dirname } from 'node:path'
import { VarveError } from '@varve/format/errors'
import type { FileLock, FileStatus, FileSystem, OpenMode } from './file-system.ts'
import { MemoryContent, MemoryFile, type SharedFile } from './memory-file.ts'

export class MemoryFileSystem implements FileSystem {
  private readonly files = new Map<string, MemoryContent>()
  private readonly directories = new Set<string>(['/', '.'])
  private readonly locks = new Set<string>()

  /** A thread's view: the files given, and room for more beside them. */
  static attach(shared: readonly SharedFile[], directory: string): MemoryFileSystem {
    const fs = new MemoryFileSystem()
    fs.addDirectory(directory)
    for (const file of shared) fs.files.set(file.path, MemoryContent.attach(file))
    return fs
  }

  /** The files of these names, for another thread. They must not be written any more. */
  share(paths: readonly string[]): SharedFile[] {
    return paths.flatMap(path => {
      const content = this.files.get(path)
      return content === undefined ? [] : [content.share(path)]
    })
  }

  /** All files but those in `known`: what a job has made. */
  made(known: readonly SharedFile[]): SharedFile[] {
    const before = new Set(known.map(({ path }) => path))
    return this.share([...this.files.keys()].filter(path => !before.has(path)))
  }

  /** Takes files in that another thread has made. */
  adopt(made: readonly SharedFile[]): void {
    for (const file of made) this.files.set(file.path, MemoryContent.attach(file))
  }

  /** Forgets everything. */
  drop(): void {
    this.files.clear()
  }

  async open(path: string, mode: OpenMode): Promise<MemoryFile> {
    return this.openSync(path, mode)
  }

  openSync(path: string, mode: OpenMode): MemoryFile {
    if (this.directories.has(path)) throw failure('IO_ERROR', 'EISDIR', 'open', path)
    this.refuseUnlessDirectory(dirname(path), 'open', path)
    let content = this.files.get(path)
    if (content === undefined) {
      if (mode !== 'create') throw missing('open', path)
      content = new MemoryContent()
      this.files.set(path, content)
    } else if (mode === 'create') content.truncate(0)
    return new MemoryFile(path, content, mode !== 'read')
  }

  async readFile(path: string): Promise<Uint8Array> {
    const content = this.files.get(path)
    if (content === undefined) throw missing('read', path)
    const bytes = new Uint8Array(content.size)
    content.read(bytes, 0)
    return bytes
  }

  async list(directory: string): Promise<string[]> {
    this.refuseUnlessDirectory(directory, 'list', directory)
    const isIn = (path: string) => path !== directory && dirname(path) === directory
    return [...this.files.keys(), ...this.directories].filter(isIn).map(path => basename(path))
  }

  async stat(path: string): Promise<FileStatus | undefined> {
    if (this.directories.has(path)) return { size: 0, isDirectory: true }
    const content = this.files.get(path)
    if (content !== undefined) return { size: content.size, isDirectory: false }
    if (this.files.has(dirname(path))) throw failure('IO_ERROR', 'ENOTDIR', 'stat', path)
    return undefined
  }

  async rename(from: string, to: string): Promise<void> {
    const content = this.files.get(from)
    if (content === undefined) throw missing('rename', from)
    this.files.delete(from)
    this.files.set(to, content)
  }

  async unlink(path: string): Promise<void> {
    this.unlinkSync(path)
  }

  unlinkSync(path: string): void {
    if (!this.files.delete(path)) throw missing('remove', path)
  }

  async makeDirectory(path: string): Promise<void> {
    this.addDirectory(path)
  }

  async syncDirectory(path: string): Promise<void> {
    this.syncDirectorySync(path)
  }

  syncDirectorySync(path: string): void {
    this.refuseUnlessDirectory(path, 'sync', path)
  }

  async lock(path: string): Promise<FileLock> {
    if (this.locks.has(path)) {
      const details = { file: path, holder: { pid: process.pid } }
      throw new VarveError('LOCKED', `${path} is locked by this process`, details)
    }
    this.openSync(path, 'create').closeSync()
    this.locks.add(path)
    let isHeld = true
    return {
      release: async () => {
        if (isHeld) this.locks.delete(path)
        isHeld = false
      },
    }
  }

  private addDirectory(path: string): void {
    for (let each = path; !this.directories.has(each); each = dirname(each)) this.directories.add(each)
  }

  private refuseUnlessDirectory(directory: string, action: string, path: string): void {
    if (this.directories.has(directory)) return
    if (this.files.has(directory)) throw failure('IO_ERROR', 'ENOTDIR', action, path)
    throw missing(action, path)
  }
}

function missing(action: string, path: string): VarveError {
  return failure('NOT_FOUND', 'ENOENT', action, path)
}

function failure(code: 'NOT_FOUND' | 'IO_ERROR', errno: string, action: string, path: string): VarveError {
  return new VarveError(code, `cannot ${action} ${path} in memory (${errno})`, { file: path, errno })
}

/**
 * The real file system, with faults: an operation on a path that matches fails the next time it is made. What
 * it counts shows how often a file was written and synced.
 */
import { VarveError } from '@varve/format/errors'
import type { File, FileSystem, OpenMode } from '../fs/index.ts'
import { NodeFileSystem } from '../fs/index.ts'

export type Operation = 'write' | 'sync' | 'rename' | 'syncDirectory'

export class FailingFileSystem extends NodeFileSystem implements FileSystem {
  readonly counts = { write: 0, sync: 0, rename: 0, syncDirectory: 0 }
  private fault: { operation: Operation; path: RegExp } | undefined

  failNext(operation: Operation, path: RegExp): void {
    this.fault = { operation, path }
  }

  /** Counts the operation, or throws. */
  pass(operation: Operation, path: string): void {
    this.counts[operation]++
    if (this.fault?.operation !== operation || !this.fault.path.test(path)) return
    this.fault = undefined
    throw new VarveError('IO_ERROR', `${operation} of ${path} fails as it was asked to`, {
      file: path,
      errno: 'EIO',
    })
  }

  override async open(path: string, mode: OpenMode) {
    return this.wrap(await super.open(path, mode))
  }

  override openSync(path: string, mode: OpenMode) {
    return this.wrap(super.openSync(path, mode))
  }

  override async rename(from: string, to: string): Promise<void> {
    this.pass('rename', to)
    await super.rename(from, to)
  }

  override async syncDirectory(path: string): Promise<void> {
    this.pass('syncDirectory', path)
    await super.syncDirectory(path)
  }

  override syncDirectorySync(path: string): void {
    this.pass('syncDirectory', path)
    super.syncDirectorySync(path)
  }

  private wrap<Opened extends File>(file: Opened): Opened {
    const { write, writeSync, sync, syncSync } = file
    file.write = async (bytes, position) => {
      this.pass('write', file.path)
      await write.call(file, bytes, position)
    }
    file.writeSync = (bytes, position) => {
      this.pass('write', file.path)
      writeSync.call(file, bytes, position)
    }
    file.sync = async () => {
      this.pass('sync', file.path)
      await sync.call(file)
    }
    file.syncSync = () => {
      this.pass('sync', file.path)
      syncSync.call(file)
    }
    return file
  }
}

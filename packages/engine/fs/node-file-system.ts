/**
 * The file system of this machine. Linux is where it is tested; what other systems do differently stands in
 * the places concerned:
 *
 * - macOS: `fdatasync` does not reach the drive there, and libuv asks for F_FULLFSYNC instead, which does.
 * - Windows: directories cannot be synced, NTFS journals their entries; and a rename over a file that someone
 *   has open (virus scanners do) fails for as long as they do, so it is tried again for a while.
 *
 * RocksDB: env/fs_posix.cc, port/win/env_win.cc
 */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FileLock, FileStatus, FileSystem, OpenMode } from './file-system.ts'
import { type Access, errnoOf, ioError } from './io-error.ts'
import { takeLock } from './lock.ts'
import { NodeFile } from './node-file.ts'

const isWindows = process.platform === 'win32'

const openFlags: Record<OpenMode, string> = { read: 'r', create: 'w+', update: 'r+' }

/** How long Windows may keep a rename from happening: 20 times 25 ms. */
const RENAME_ATTEMPTS = 20
const RENAME_PAUSE_MILLISECONDS = 25

export class NodeFileSystem implements FileSystem {
  async open(path: string, mode: OpenMode): Promise<NodeFile> {
    const fd = await attempt(
      'open',
      path,
      accessOf(mode),
      new Promise<number>((resolve, reject) => {
        fs.open(path, openFlags[mode], (error, opened) => (error === null ? resolve(opened) : reject(error)))
      }),
    )
    return new NodeFile(path, fd)
  }

  openSync(path: string, mode: OpenMode): NodeFile {
    try {
      return new NodeFile(path, fs.openSync(path, openFlags[mode]))
    } catch (error) {
      throw ioError(error, 'open', path, accessOf(mode))
    }
  }

  async readFile(path: string): Promise<Uint8Array> {
    const file = await this.open(path, 'read')
    try {
      const bytes = new Uint8Array(file.size())
      return bytes.subarray(0, await file.read(bytes, 0))
    } finally {
      await file.close()
    }
  }

  list(directory: string): Promise<string[]> {
    return attempt('list', directory, 'reading', fs.promises.readdir(directory))
  }

  async stat(path: string): Promise<FileStatus | undefined> {
    try {
      const status = await fs.promises.stat(path)
      return { size: status.size, isDirectory: status.isDirectory() }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw ioError(error, 'stat', path, 'reading')
    }
  }

  async rename(from: string, to: string): Promise<void> {
    for (let left = isWindows ? RENAME_ATTEMPTS : 0; ; left--) {
      try {
        return await fs.promises.rename(from, to)
      } catch (error) {
        if (left === 0) throw ioError(error, `rename to ${to}:`, from, 'writing')
        await sleep(RENAME_PAUSE_MILLISECONDS)
      }
    }
  }

  unlink(path: string): Promise<void> {
    return attempt('remove', path, 'writing', fs.promises.unlink(path))
  }

  unlinkSync(path: string): void {
    try {
      fs.unlinkSync(path)
    } catch (error) {
      throw ioError(error, 'remove', path, 'writing')
    }
  }

  /** Step by step, because the recursive `mkdir` of Node.js reports a read-only file system as ENOENT. */
  async makeDirectory(path: string): Promise<void> {
    if ((await this.stat(path))?.isDirectory) return
    const parent = dirname(path)
    if (parent !== path) await this.makeDirectory(parent)
    try {
      await fs.promises.mkdir(path)
    } catch (error) {
      // Somebody else may have made it just now.
      if (errnoOf(error) === 'EEXIST' && (await this.stat(path))?.isDirectory) return
      throw ioError(error, 'make directory', path, 'writing')
    }
    await this.syncDirectory(parent)
  }

  async syncDirectory(path: string): Promise<void> {
    if (isWindows) return
    const directory = await this.open(path, 'read')
    try {
      await directory.syncAll()
    } finally {
      await directory.close()
    }
  }

  syncDirectorySync(path: string): void {
    if (isWindows) return
    const directory = this.openSync(path, 'read')
    try {
      directory.syncAllSync()
    } finally {
      directory.closeSync()
    }
  }

  lock(path: string): Promise<FileLock> {
    return takeLock(path)
  }
}

function accessOf(mode: OpenMode): Access {
  return mode === 'read' ? 'reading' : 'writing'
}

async function attempt<T>(action: string, path: string, access: Access, result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    throw ioError(error, action, path, access)
  }
}

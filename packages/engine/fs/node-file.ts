/**
 * An open file of this machine. It keeps the descriptor itself rather than a `FileHandle`, because a handle
 * cannot be read or closed synchronously.
 *
 * Once closed it refuses everything: the operating system gives the descriptor's number to the next file that
 * is opened, by anyone in the process.
 */
import fs from 'node:fs'
import { VarveError } from '@varve/format/errors'
import type { File } from './file-system.ts'
import { type Access, ioError } from './io-error.ts'

/** The most bytes asked for in one system call. Linux moves at most 0x7ffff000 in one. */
const CALL_MAX = 1 << 30

const CLOSED = -1

export class NodeFile implements File {
  readonly path: string
  private fd: number

  constructor(path: string, fd: number) {
    this.path = path
    this.fd = fd
  }

  size(): number {
    try {
      return fs.fstatSync(this.opened()).size
    } catch (error) {
      throw this.failure(error, 'stat', 'reading')
    }
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let done = 0
    while (done < target.length) {
      const count = await this.readSome(target, done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  readSync(target: Uint8Array, position: number): number {
    try {
      let done = 0
      while (done < target.length) {
        const length = Math.min(target.length - done, CALL_MAX)
        const count = fs.readSync(this.opened(), target, done, length, position + done)
        if (count === 0) break
        done += count
      }
      return done
    } catch (error) {
      throw this.failure(error, 'read', 'reading')
    }
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) done += await this.writeSome(bytes, done, position + done)
  }

  writeSync(bytes: Uint8Array, position: number): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(bytes.length - done, CALL_MAX)
        done += fs.writeSync(this.opened(), bytes, done, length, position + done)
      }
    } catch (error) {
      throw this.failure(error, 'write', 'writing')
    }
  }

  sync(): Promise<void> {
    return this.call('sync', done => fs.fdatasync(this.opened(), done))
  }

  syncSync(): void {
    try {
      fs.fdatasyncSync(this.opened())
    } catch (error) {
      throw this.failure(error, 'sync', 'writing')
    }
  }

  /** For directories, which have no data apart from their metadata. */
  syncAll(): Promise<void> {
    return this.call('sync', done => fs.fsync(this.opened(), done))
  }

  syncAllSync(): void {
    try {
      fs.fsyncSync(this.opened())
    } catch (error) {
      throw this.failure(error, 'sync', 'writing')
    }
  }

  truncate(size: number): Promise<void> {
    return this.call('truncate', done => fs.ftruncate(this.opened(), size, done))
  }

  async close(): Promise<void> {
    if (this.fd === CLOSED) return
    const fd = this.fd
    this.fd = CLOSED
    await this.call('close', done => fs.close(fd, done))
  }

  closeSync(): void {
    if (this.fd === CLOSED) return
    const fd = this.fd
    this.fd = CLOSED
    try {
      fs.closeSync(fd)
    } catch (error) {
      throw this.failure(error, 'close', 'writing')
    }
  }

  private opened(): number {
    if (this.fd === CLOSED) throw new VarveError('IO_ERROR', `${this.path} is closed`, { file: this.path })
    return this.fd
  }

  private failure(error: unknown, action: string, access: Access): VarveError {
    return error instanceof VarveError ? error : ioError(error, action, this.path, access)
  }

  private call(action: string, start: (done: (error: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      start(error => (error === null ? resolve() : reject(this.failure(error, action, 'writing'))))
    })
  }

  private readSome(target: Uint8Array, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const length = Math.min(target.length - offset, CALL_MAX)
      fs.read(this.opened(), target, offset, length, position, (error, count) => {
        if (error === null) resolve(count)
        else reject(this.failure(error, 'read', 'reading'))
      })
    })
  }

  private writeSome(bytes: Uint8Array, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const length = Math.min(bytes.length - offset, CALL_MAX)
      fs.write(this.opened(), bytes, offset, length, position, (error, count) => {
        if (error === null) resolve(count)
        else reject(this.failure(error, 'write', 'writing'))
      })
    })
  }
}

/**
 * The file of a table, open for reading. It may be closed to save descriptors and opens itself again when it is
 * read; the close waits for reads under way, since a descriptor closed too early may by then be another file's.
 */
import { CorruptionError, VarveError } from '@varve/format/errors'
import type { File, FileSystem } from '../fs/index.ts'

export class TableFile {
  readonly path: string
  readonly size: number
  /** Set by every read; whoever closes idle files takes it off. */
  used = true
  /** Called whenever another descriptor was taken. */
  onReopen: (() => void) | undefined = undefined
  private readonly fs: FileSystem
  private file: File | undefined
  private opening: Promise<File> | undefined
  private reads = 0
  private isClosed = false
  /** Nobody will close it. */
  private isOrphan = false
  private closed: (() => unknown) | undefined

  constructor(fs: FileSystem, path: string, size: number, file: File) {
    this.fs = fs
    this.path = path
    this.size = size
    this.file = file
  }

  /** Whether it takes up a descriptor. */
  get isOpen(): boolean {
    return this.file !== undefined || this.opening !== undefined
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.refuseIfClosed()
    this.used = true
    this.reads++
    try {
      const file = this.file ?? (await this.reopen())
      const bytes = new Uint8Array(length)
      return this.whole(bytes, offset, await file.read(bytes, offset))
    } finally {
      this.reads--
      if (this.reads === 0) this.closed?.()
      if (this.isOrphan) this.release()
    }
  }

  /** Reads into `bytes`, a new array unless one is given, and returns it. */
  readSync(offset: number, length: number, bytes: Uint8Array = new Uint8Array(length)): Uint8Array {
    this.used = true
    this.refuseIfClosed()
    const file = this.file ?? this.reopenSync()
    const read = file.readSync(bytes, offset)
    if (this.isOrphan) this.release()
    return this.whole(bytes, offset, read)
  }

  /** Takes a descriptor only while it is read from now on. */
  orphan(): void {
    this.isOrphan = true
    this.onReopen = undefined
    this.release()
  }

  /** Gives the descriptor back, unless there is none or it is being read; the next read takes one again. */
  release(): boolean {
    const { file } = this
    if (this.reads > 0 || file === undefined) return false
    // Also when closing fails: it is closed then, and must not be read from.
    this.file = undefined
    file.closeSync()
    return true
  }

  /** Closes for good, after the reads under way. */
  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    if (this.reads > 0) {
      await new Promise<void>(resolve => {
        this.closed = resolve
      })
    }
    const { file } = this
    this.file = undefined
    await file?.close()
  }

  closeSync(): void {
    this.isClosed = true
    if (this.reads === 0) this.release()
    else this.closed = () => this.release()
  }

  private reopen(): Promise<File> {
    this.refuseIfClosed()
    this.opening ??= this.fs
      .open(this.path, 'read')
      .then(opened => this.adopt(opened))
      .finally(() => {
        this.opening = undefined
      })
    return this.opening
  }

  private reopenSync(): File {
    const opened = this.fs.openSync(this.path, 'read')
    this.file = opened
    // Whoever closes idle files because of this one must not close it.
    this.reads++
    try {
      this.onReopen?.()
    } finally {
      this.reads--
    }
    return opened
  }

  private async adopt(opened: File): Promise<File> {
    if (this.file !== undefined) {
      // A synchronous read opened the file meanwhile; one of the two is too many.
      await opened.close()
      return this.file
    }
    this.file = opened
    this.onReopen?.()
    return opened
  }

  private refuseIfClosed(): void {
    if (this.isClosed) throw new VarveError('NOT_OPEN', `${this.path} is closed`, { file: this.path })
  }

  private whole(bytes: Uint8Array, offset: number, length: number): Uint8Array {
    if (length === bytes.length) return bytes
    throw new CorruptionError('file ends within a block', this.path, offset)
  }
}

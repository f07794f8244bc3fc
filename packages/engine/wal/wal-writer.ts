/**
 * Appends records to a write-ahead log. One call is one record and one write to the file; framing allocates
 * nothing once its buffer has grown to the largest record.
 *
 * A sync of a file that has grown must also bring its new size to the device, which costs far more than the bytes
 * themselves. So a log that is synced is made longer ahead of its records, with zeros, which end a log for
 * every reader: see `reserve`.
 *
 * After a failed write or sync the writer is poisoned: a part of the record may stand in the file, and a
 * record behind it would be lost with it; and after a failed sync the kernel may have dropped any unsynced
 * page and call the file clean, so that a second sync would succeed and mean nothing. Every later append and
 * sync is refused. The only way on is a new log.
 *
 * RocksDB: db/log_writer.cc, file/writable_file_writer.cc
 */
import { ByteWriter } from '@varve/format/bytes'
import { isVarveError, VarveError } from '@varve/format/errors'
import { LogFramer } from '@varve/format/wal'
import type { File } from '../fs/index.ts'
import type { InlinePace } from '../runtime/index.ts'

/** A framing buffer that one huge record made larger than this is not kept. */
const KEEP_BUFFER_MAX = 4 * 1024 * 1024

/** What a synced log is made longer by, and the zeros for it. RocksDB asks the file system for space instead. */
const RESERVE_LENGTH = 1024 * 1024
/** Bytes that may be synced on this thread: more of them take long on any disk. */
const INLINE_SYNC_MAX = 128 * 1024
const zeros = new Uint8Array(RESERVE_LENGTH)

export class WalWriter {
  readonly number: number
  /** Bytes handed to the operating system: they survive this process. */
  size: number
  /** Bytes known to be on the device. */
  syncedSize = 0
  poisoned: VarveError | undefined = undefined

  private readonly file: File
  private readonly pace: InlinePace | undefined
  private readonly framer: LogFramer
  private readonly framed = new ByteWriter(64 * 1024)
  private isWriting = false
  /** Where the file ends: behind the records, by what has been reserved. */
  private fileSize: number
  private syncing: Promise<void> | undefined = undefined
  private closing: Promise<void> | undefined = undefined
  private isLetGo = false

  /** `size` is that of the file: 0 for a new one. With `pace`, short syncs may be made on this thread. */
  constructor(file: File, number: number, size = 0, pace?: InlinePace) {
    this.file = file
    this.pace = pace
    this.number = number
    this.size = size
    this.fileSize = size
    this.framer = new LogFramer(size)
  }

  /** Appends one record and returns when the operating system has it. */
  appendSync(payload: Uint8Array): void {
    const bytes = this.frame(payload)
    try {
      this.file.writeSync(bytes, this.size)
    } catch (error) {
      throw this.poison(error)
    }
    this.wrote(bytes.length)
  }

  /** The same without holding up the event loop. Nothing else may be appended until the promise settles. */
  async append(payload: Uint8Array): Promise<void> {
    const bytes = this.frame(payload)
    this.isWriting = true
    try {
      await this.file.write(bytes, this.size)
    } catch (error) {
      throw this.poison(error)
    } finally {
      this.isWriting = false
    }
    this.wrote(bytes.length)
  }

  /** Returns when everything appended before the call is on the device. */
  async sync(): Promise<void> {
    const wanted = this.size
    // One at a time: of two syncs at once the kernel may tell only one that a page was lost.
    while (this.syncing !== undefined) await this.syncing
    this.refuseIfPoisoned()
    if (this.syncedSize >= wanted || this.isLetGo) return
    this.syncing = this.syncFile(this.size)
    try {
      await this.syncing
    } finally {
      this.syncing = undefined
    }
  }

  /** Waits for a sync that is under way, gives back what was reserved, and closes the file. The first call does. */
  close(): Promise<void> {
    this.closing ??= this.closeFile()
    return this.closing
  }

  /** Closes a log whose records are all in tables: whoever still waits for it to be synced need not. */
  letGo(): Promise<void> {
    this.isLetGo = true
    return this.close()
  }

  /** From now on the log takes nothing more. Returns the error that everyone is told. */
  poison(error: unknown): VarveError {
    const code = isVarveError(error) ? error.code : 'IO_ERROR'
    const reason = error instanceof Error ? error.message : String(error)
    const message = `${this.file.path} takes no more writes since one failed: ${reason}`
    const details = isVarveError(error) ? error.details : { file: this.file.path }
    this.poisoned ??= new VarveError(code, message, details, error)
    return this.poisoned
  }

  private async closeFile(): Promise<void> {
    while (this.syncing !== undefined) await Promise.allSettled([this.syncing])
    try {
      if (this.fileSize > this.size && this.poisoned === undefined) await this.file.truncate(this.size)
    } catch (error) {
      throw this.poison(error)
    } finally {
      await this.closeHandle()
    }
  }

  private async closeHandle(): Promise<void> {
    try {
      await this.file.close()
    } catch (error) {
      throw this.poison(error)
    }
  }

  private frame(payload: Uint8Array): Uint8Array {
    this.refuseIfPoisoned()
    if (this.isWriting) throw new Error('a record is appended while another one is being written')
    if (this.framed.bytes.length > KEEP_BUFFER_MAX) this.framed.bytes = new Uint8Array(64 * 1024)
    this.framed.clear()
    this.framer.frame(this.framed, payload, 0, payload.length)
    return this.framed.view()
  }

  private wrote(length: number): void {
    this.size += length
    if (this.size > this.fileSize) this.fileSize = this.size
  }

  private async syncFile(size: number): Promise<void> {
    try {
      const isLonger = this.reserve()
      if (isLonger || !this.syncsNow(size)) await this.file.sync()
    } catch (error) {
      throw this.poison(error)
    }
    this.syncedSize = size
  }

  private syncsNow(size: number): boolean {
    const isShort = size - this.syncedSize <= INLINE_SYNC_MAX
    return isShort && this.pace?.attempt(() => this.file.syncSync()) === true
  }

  /**
   * Makes the file longer, for the next syncs to have nothing but bytes to bring over. Blocking, and never beside
   * an append that is under way: zeros must not be written over records. Says whether it did.
   */
  private reserve(): boolean {
    if (this.isWriting || this.size < this.fileSize) return false
    try {
      this.file.writeSync(zeros, this.size)
      this.fileSize = this.size + RESERVE_LENGTH
      return true
    } catch (error) {
      // The records are written; on a full disk they are synced without a reserve.
      if (!isVarveError(error, 'NO_SPACE')) throw error
      return false
    }
  }

  private refuseIfPoisoned(): void {
    if (this.poisoned !== undefined) throw this.poisoned
  }
}

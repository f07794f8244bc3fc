/**
 * The MANIFEST being written: a log of version edits. An append is one write and one fdatasync for all its
 * edits. After a failure nothing is known about the file's end, and it is never written again (D9).
 *
 * RocksDB: db/version_set.cc, VersionSet::ProcessManifestWrites
 */
import { ByteWriter } from '@varve/format/bytes'
import { encodeVersionEdit, type VersionEdit } from '@varve/format/manifest'
import { manifestName } from '@varve/format/names'
import { LogFramer } from '@varve/format/wal'
import type { File, FileSystem } from '../fs/file-system.ts'

/** A buffer above this is given up after use: a snapshot of many files is written once. */
const KEPT_BUFFER_LENGTH = 1024 * 1024

export class ManifestLog {
  readonly number: number
  readonly path: string
  /** Bytes that are on the device. */
  syncedSize = 0
  /** What the first append took: the state that it begins with. */
  initialSize = 0

  private readonly file: File
  private readonly framer = new LogFramer()
  private buffer = new ByteWriter()

  private constructor(number: number, path: string, file: File) {
    this.number = number
    this.path = path
    this.file = file
  }

  /** A new, empty file. It is in force only after `switchCurrent`. */
  static async create(fs: FileSystem, directory: string, number: number): Promise<ManifestLog> {
    const path = `${directory}/${manifestName(number)}`
    return new ManifestLog(number, path, await fs.open(path, 'create'))
  }

  /** Returns when the edits are on the device. After a failure only `close` may be called. */
  async append(edits: readonly VersionEdit[]): Promise<void> {
    const position = this.framer.position
    this.buffer.clear()
    for (const edit of edits) this.framer.frame(this.buffer, encodeVersionEdit(edit))
    await this.file.write(this.buffer.view(), position)
    await this.file.sync()
    this.syncedSize = this.framer.position
    if (position === 0) this.initialSize = this.syncedSize
    if (this.buffer.bytes.length > KEPT_BUFFER_LENGTH) this.buffer = new ByteWriter()
  }

  close(): Promise<void> {
    return this.file.close()
  }
}

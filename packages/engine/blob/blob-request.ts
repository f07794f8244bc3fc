/** A value in a blob file that a lookup or a cursor waits for. */
import type { BlobIndex } from '@varve/format/blob'
import type { Wanted } from '../cursor/cursor.ts'
import type { BlobFileMeta } from '../version/blob-file-meta.ts'
import type { BlobFileCache } from './blob-file-cache.ts'

export class BlobRequest implements Wanted {
  /** There once it is loaded. It belongs to whoever asked. */
  value: Uint8Array | undefined = undefined
  private readonly blobs: BlobFileCache
  private readonly file: BlobFileMeta
  private readonly columnFamily: number
  private readonly reference: BlobIndex
  private readonly key: Uint8Array

  /** `key` stays as it is. */
  constructor(
    blobs: BlobFileCache,
    file: BlobFileMeta,
    columnFamily: number,
    reference: BlobIndex,
    key: Uint8Array,
  ) {
    this.blobs = blobs
    this.file = file
    this.columnFamily = columnFamily
    this.reference = reference
    this.key = key
  }

  /** Opening the file takes more. */
  get isOneRead(): boolean {
    return this.file.reader !== undefined
  }

  async load(): Promise<void> {
    const reader = await this.blobs.open(this.file, this.columnFamily)
    this.value = await reader.read(this.reference, this.key)
  }

  loadSync(): void {
    const reader = this.blobs.openSync(this.file, this.columnFamily)
    this.value = reader.readSync(this.reference, this.key)
  }
}

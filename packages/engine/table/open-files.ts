/**
 * The files that are kept open for reading, tables and blob files, and the limit of `maxOpenFiles` on their descriptors: those
 * beyond it are given back by files that were not read lately, and taken again when they are.
 *
 * RocksDB: the table cache that db/table_cache.cc and db/blob/blob_file_cache.cc share
 */
import type { TableFile } from './table-file.ts'

/** The part of the limit that stays open when there are more. */
const RELEASE_DOWN_TO = 0.9

export class OpenFiles {
  private limit: number
  private readonly files = new Set<TableFile>()

  /** -1 knows no limit. */
  constructor(limit: number) {
    this.limit = limit
  }

  add(file: TableFile): void {
    this.files.add(file)
    this.watch(file)
    if (this.limit >= 0) this.releaseIdle()
  }

  /** The file is about to be closed for good. */
  remove(file: TableFile): void {
    this.files.delete(file)
  }

  /** Another limit, as for the constructor. Gives descriptors back at once where there are more. */
  setMaxOpenFiles(limit: number): void {
    this.limit = limit
    for (const file of this.files) this.watch(file)
    if (limit >= 0) this.releaseIdle()
  }

  private watch(file: TableFile): void {
    file.onReopen = this.limit < 0 ? undefined : () => this.releaseIdle()
  }

  /** Takes descriptors from files that were not read since this last came by; some more than it must, to come by less often. */
  private releaseIdle(): void {
    const open = [...this.files].filter(file => file.isOpen)
    if (open.length <= this.limit) return
    let excess = open.length - Math.floor(this.limit * RELEASE_DOWN_TO)
    // A file that was read gets a second chance: the first round takes its mark.
    for (const file of [...open, ...open]) {
      if (excess <= 0) return
      if (file.used) file.used = false
      else if (file.release()) excess--
    }
  }
}

/**
 * One sorted run among a job's inputs: files that do not overlap, read in order from the first entry to the
 * last. Each is opened when its turn comes and closed after it, so a level of thousands of files takes one
 * descriptor. It only goes forward, from `first` on.
 */
import { tableName } from '@varve/format/names'
import { Step } from '../cursor/index.ts'
import type { FileSystem } from '../fs/index.ts'
import type { TableIdentity } from '../table/index.ts'
import { TableCursor } from '../table/table-cursor.ts'
import { TableReader } from '../table/table-reader.ts'

/** Long reads: a disk, and the system's own read-ahead, serve them best. */
const READAHEAD = 2 * 1024 * 1024

export class InputRun extends TableCursor {
  /** Bytes of the files that have been read. */
  bytesRead = 0

  private readonly fs: FileSystem
  private readonly directory: string
  private readonly files: readonly TableIdentity[]
  private at = -1
  private open: TableReader | undefined = undefined

  constructor(fs: FileSystem, directory: string, files: readonly TableIdentity[]) {
    super(undefined, false, true)
    this.fs = fs
    this.directory = directory
    this.files = files
  }

  /** Repeated after `needsBlock`, as every movement is; it cannot be used to go back to the start. */
  override first(): Step {
    if (this.open === undefined) return this.enterNextFile()
    return this.goOn(super.first())
  }

  override next(): Step {
    return this.goOn(super.next())
  }

  close(): void {
    this.open?.closeSync()
    this.open = undefined
  }

  private goOn(step: Step): Step {
    return step === Step.ended ? this.enterNextFile() : step
  }

  private enterNextFile(): Step {
    if (this.at >= 0) this.bytesRead += this.files[this.at].size
    for (;;) {
      this.close()
      this.at++
      if (this.at >= this.files.length) return this.end()
      const identity = this.files[this.at]
      const path = `${this.directory}/${tableName(identity.number)}`
      this.open = TableReader.openSync(this.fs, path, identity, { readahead: READAHEAD })
      this.turnTo(this.open, true)
      const step = super.first()
      if (step !== Step.ended) return step
      this.bytesRead += identity.size
    }
  }
}

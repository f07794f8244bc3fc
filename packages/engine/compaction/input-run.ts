/**
 * One sorted run among a job's inputs: files that do not overlap, read in order from the first entry to the
 * last. Each is opened when its turn comes and closed after it, so a level of thousands of files takes one
 * descriptor. It only goes forward, from `first` or a single `seek` on.
 */
import { BLOCK_TRAILER_LENGTH } from '@varve/format/block'
import type { KeyOrder } from '@varve/format/key'
import { tableName } from '@varve/format/names'
import { type SeekTarget, Step } from '../cursor/index.ts'
import type { FileSystem } from '../fs/index.ts'
import type { TableIdentity } from '../table/index.ts'
import { TableCursor } from '../table/table-cursor.ts'
import { TableReader } from '../table/table-reader.ts'

/** Long reads serve a disk best; each run of a compaction keeps a buffer of this size. */
const READAHEAD = 512 * 1024

export class InputRun extends TableCursor {
  private readonly fs: FileSystem
  private readonly directory: string
  private readonly files: readonly TableIdentity[]
  private at = -1
  private open: TableReader | undefined = undefined
  /** The first block of the open file that was read. */
  private firstOrdinal = 0
  /** Of the files before it. */
  private bytesDone = 0

  constructor(fs: FileSystem, directory: string, files: readonly TableIdentity[], order: KeyOrder) {
    super(undefined, false, order)
    this.fs = fs
    this.directory = directory
    this.files = files
  }

  /** Repeated after `needsBlock`, as every movement is; it cannot be used to go back to the start. */
  override first(): Step {
    if (this.open === undefined && !this.openNextFile()) return this.end()
    return this.goOn(super.first())
  }

  override seek(target: SeekTarget): Step {
    if (this.open === undefined && !this.openNextFile()) return this.end()
    const step = super.seek(target)
    if (step === Step.moved) this.firstOrdinal = this.ordinal
    return this.goOn(step)
  }

  override next(): Step {
    return this.goOn(super.next())
  }

  /** Bytes of the files, index and filter too, up to where it stands. */
  get bytesRead(): number {
    return this.bytesDone + this.bytesOfOpenFile()
  }

  close(): void {
    this.bytesDone = this.bytesRead
    this.open?.closeSync()
    this.open = undefined
  }

  private goOn(step: Step): Step {
    if (step !== Step.ended) return step
    while (this.openNextFile()) {
      const first = super.first()
      if (first !== Step.ended) return first
    }
    return this.end()
  }

  /** False when there is none, however often it is asked. */
  private openNextFile(): boolean {
    this.close()
    if (this.at + 1 >= this.files.length) return false
    this.at++
    const identity = this.files[this.at]
    const path = `${this.directory}/${tableName(identity.number)}`
    this.open = TableReader.openSync(this.fs, path, identity, {
      readahead: READAHEAD,
      order: this.order,
    })
    this.firstOrdinal = 0
    this.turnTo(this.open, true)
    return true
  }

  /** What lies behind the blocks is read by whoever begins with the first one. */
  private bytesOfOpenFile(): number {
    if (this.open === undefined || this.ordinal < this.firstOrdinal) return 0
    const { offsets, sizes, count } = this.open.index
    const end = (ordinal: number) => offsets[ordinal] + sizes[ordinal] + BLOCK_TRAILER_LENGTH
    const tail = this.firstOrdinal === 0 ? this.files[this.at].size - end(count - 1) : 0
    return end(this.ordinal) - offsets[this.firstOrdinal] + tail
  }
}

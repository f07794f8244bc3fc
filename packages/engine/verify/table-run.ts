/**
 * A sorted run of tables as the deep check walks it: one file of level 0, or all files of a deeper level, one
 * after another, each open only while it is walked. Sequences are those that readers see, so the global one of a
 * table that was made outside the database.
 */
import { join } from 'node:path'
import type { BlockCursor } from '@varve/format/block'
import { compareBytes } from '@varve/format/bytes'
import { CorruptionError } from '@varve/format/errors'
import { sequenceOfTrailer, TRAILER_LENGTH } from '@varve/format/key'
import { globalSequence, TableScan } from '@varve/format/sst'
import type { File, FileSystem } from '../fs/index.ts'
import type { FileMeta } from '../version/index.ts'
import { byteSourceOf } from './byte-source-of.ts'

export class TableRun {
  readonly level: number
  /** True while the run is on an entry. */
  valid = false
  /** Path of the table that the current entry is in, and where its block begins. */
  file = ''
  sequence = 0
  /** Of the tables met so far that have no global sequence: memtables that were flushed end up in such ones. */
  largestOwnSequence = 0

  private readonly fs: FileSystem
  private readonly directory: string
  private readonly files: readonly FileMeta[]
  private readonly nameOf: (number: number) => string
  private ordinal = -1
  private open: File | undefined = undefined
  private scan: TableScan | undefined = undefined
  private globalSequence: number | undefined = undefined

  constructor(
    fs: FileSystem,
    directory: string,
    level: number,
    files: readonly FileMeta[],
    nameOf: (number: number) => string,
  ) {
    this.fs = fs
    this.directory = directory
    this.level = level
    this.files = files
    this.nameOf = nameOf
  }

  get blockOffset(): number {
    return this.scan === undefined ? 0 : this.scan.index.offsets[this.scan.blockIndex]
  }

  /** Goes to the next entry of the current table; false at its end, where `nextFile` goes on. */
  next(): boolean {
    return this.settle(this.scan?.next() === true)
  }

  /** Goes to the first entry of the next table that has one; `valid` is false when there is none. */
  async nextFile(): Promise<void> {
    while (this.ordinal + 1 < this.files.length) {
      await this.close()
      this.ordinal++
      const meta = this.files[this.ordinal]
      this.file = join(this.directory, this.nameOf(meta.number))
      this.open = await this.fs.open(this.file, 'read')
      this.scan = new TableScan(byteSourceOf(this.open))
      this.globalSequence = globalSequence(this.scan.layout.properties, meta.largestSequence)
      if (this.settle(this.scan.first())) return
    }
    this.valid = false
    await this.close()
  }

  async close(): Promise<void> {
    const { open } = this
    this.open = undefined
    await open?.close()
  }

  /** The order of the current user keys. */
  compareUserKey(other: TableRun): number {
    const [a, b] = [this.cursor, other.cursor]
    const aEnd = a.keyLength - TRAILER_LENGTH
    const { order } = this.files[0]
    return order.compare(a.keyBytes, 0, aEnd, b.keyBytes, 0, b.keyLength - TRAILER_LENGTH)
  }

  hasUserKey(key: Uint8Array, end: number): boolean {
    const { keyBytes, keyLength } = this.cursor
    return compareBytes(keyBytes, 0, keyLength - TRAILER_LENGTH, key, 0, end) === 0
  }

  get cursor(): BlockCursor {
    if (this.scan === undefined) throw new CorruptionError('a run without tables', this.directory)
    return this.scan.cursor
  }

  private settle(valid: boolean): boolean {
    this.valid = valid
    if (!valid) return false
    const { trailerLow, trailerHigh } = this.cursor
    const own = sequenceOfTrailer(trailerLow, trailerHigh)
    this.sequence = this.globalSequence ?? own
    if (this.globalSequence === undefined && own > this.largestOwnSequence) this.largestOwnSequence = own
    return true
  }
}

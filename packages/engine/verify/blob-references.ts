/**
 * Tables and blob files of a family against each other: every reference leads to the value of its key, a table records the oldest blob
 * file that it refers to, and what is not referred to is what is counted as garbage.
 *
 * RocksDB: db/version_builder.cc, CheckConsistencyDetails, which looks at the MANIFEST only
 */
import { join } from 'node:path'
import { BLOB_RECORD_HEADER_LENGTH, readBlobIndex } from '@varve/format/blob'
import { ByteReader } from '@varve/format/bytes'
import { TRAILER_LENGTH, ValueType } from '@varve/format/key'
import { blobName } from '@varve/format/names'
import { TableScan } from '@varve/format/sst'
import { BlobFileReader } from '../blob/blob-file-reader.ts'
import type { FileSystem } from '../fs/index.ts'
import type { BlobFileState, ColumnFamilyState, FileMeta } from '../version/index.ts'
import { byteSourceOf } from './byte-source-of.ts'
import type { VerifyFindings } from './report.ts'

/** Entries between two looks at the clock. */
const ENTRIES_PER_TURN = 256

interface References {
  count: number
  bytes: number
}

export class BlobReferences {
  private readonly fs: FileSystem
  private readonly directory: string
  private readonly family: ColumnFamilyState
  private readonly findings: VerifyFindings
  private readonly pause: () => Promise<void>
  private readonly files: ReadonlyMap<number, BlobFileState>
  private readonly references = new Map<number, References>()
  private readonly readers = new Map<number, BlobFileReader | undefined>()
  private entries = 0
  /** RocksDB 11 keeps columns in blob files: their references are not known here. */
  private hasColumnsElsewhere = false

  constructor(
    fs: FileSystem,
    directory: string,
    family: ColumnFamilyState,
    findings: VerifyFindings,
    pause: () => Promise<void>,
  ) {
    this.fs = fs
    this.directory = directory
    this.family = family
    this.findings = findings
    this.pause = pause
    this.files = new Map(family.current.blobFiles.map(state => [state.file.number, state]))
  }

  /** `pathOf` finds the file of a table. */
  async check(pathOf: (file: FileMeta) => string): Promise<void> {
    try {
      for (const file of this.family.current.files()) await this.checkTable(file, pathOf(file))
      if (!this.hasColumnsElsewhere) for (const state of this.files.values()) this.checkGarbage(state)
    } finally {
      for (const reader of this.readers.values()) reader?.file.closeSync()
    }
  }

  private async checkTable({ record }: FileMeta, path: string): Promise<void> {
    const table = await this.fs.open(path, 'read')
    let oldest = 0
    let isKnown = true
    try {
      const scan = new TableScan(byteSourceOf(table))
      for (let more = scan.first(); more; more = scan.next()) {
        const { cursor } = scan
        if (++this.entries % ENTRIES_PER_TURN === 0) await this.pause()
        const type = cursor.trailerLow & 0xff
        if (type === ValueType.WideColumnEntity && hasReferences(scan)) isKnown = false
        if (type !== ValueType.BlobIndex) continue
        const number = this.findings.guard(path, () => this.checkEntry(scan, path)) ?? 0
        if (number > 0 && (oldest === 0 || number < oldest)) oldest = number
      }
    } finally {
      await table.close()
    }
    if (!isKnown) {
      this.hasColumnsElsewhere = true
      this.findings.note(path, 'columns of entities lie in blob files: their references are not checked')
      return
    }
    const recorded = record.oldestBlobFileNumber ?? 0
    if (recorded === oldest) return
    this.findings.problem(
      path,
      `the oldest blob file referred to is #${oldest}, and the MANIFEST records #${recorded}`,
    )
  }

  /** Gives the number of the file that the entry refers to. */
  private checkEntry({ cursor, index, blockIndex }: TableScan, path: string): number {
    const { keyBytes, keyLength, block, valueStart, valueEnd } = cursor
    const offset = index.offsets[blockIndex]
    const reference = readBlobIndex(
      new ByteReader(block.bytes, valueStart, valueEnd, path, offset - valueStart),
    )
    const { fileNumber, size } = reference
    const key = keyBytes.subarray(0, keyLength - TRAILER_LENGTH)
    const sum = this.references.get(fileNumber) ?? { count: 0, bytes: 0 }
    this.references.set(fileNumber, sum)
    sum.count++
    sum.bytes += BLOB_RECORD_HEADER_LENGTH + key.length + size
    if (this.files.has(fileNumber)) this.reader(fileNumber)?.readSync(reference, key)
    else
      this.findings.problem(path, `an entry refers to blob file #${fileNumber}, which does not exist`, offset)
    return fileNumber
  }

  /** Undefined for a file whose own check, or this one, has found it damaged. */
  private reader(number: number): BlobFileReader | undefined {
    if (this.readers.has(number)) return this.readers.get(number)
    const path = join(this.directory, blobName(number))
    const record = this.files.get(number)?.file.record
    const isReadable = record !== undefined && this.findings.isSound(path)
    const identity = record && { ...record, columnFamily: this.family.id }
    const reader =
      isReadable && identity
        ? this.findings.guard(path, () => BlobFileReader.openSync(this.fs, path, identity))
        : undefined
    this.readers.set(number, reader)
    return reader
  }

  /** Tables that were dropped whole take their values along uncounted: fewer references than live values are no damage. */
  private checkGarbage({ file, garbageCount, garbageBytes }: BlobFileState): void {
    const { number, record } = file
    const { count, bytes } = this.references.get(number) ?? { count: 0, bytes: 0 }
    const live = { count: record.totalCount - garbageCount, bytes: record.totalBytes - garbageBytes }
    if (count === live.count && bytes === live.bytes) return
    const path = join(this.directory, blobName(number))
    const message =
      `tables refer to ${count} values in ${bytes} bytes, and by the MANIFEST ${live.count} in ${live.bytes} are ` +
      'no garbage'
    if (count > live.count || bytes > live.bytes) this.findings.problem(path, message)
    else this.findings.note(path, message)
  }
}

/** Whether an entity is of the version whose columns may lie in blob files. */
function hasReferences({ cursor: { block, valueStart } }: TableScan): boolean {
  return block.bytes[valueStart] > 1
}

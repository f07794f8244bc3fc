/**
 * The live blob files of a column family as a version has them: sorted by number, each with its garbage and with how
 * many tables are linked to it. A table is linked to one blob file, the oldest that any of its entries refers to.
 *
 * Which files stay follows from that; no edit says that a blob file goes (RocksDB has it so):
 *
 *     number     10   11   12   13   14          tables linked to:  12, 12, 14
 *     garbage    1/9  5/5  0/9  7/7  2/9         10 and 11: older than all that any table refers to
 *                           ^         ^          13: all garbage, and nothing is linked to it
 *
 * Where no table is linked to any, all are kept that are not all garbage, unless there are no tables either.
 *
 * RocksDB: db/blob/blob_file_meta.h; db/version_builder.cc, SaveBlobFilesTo
 */
import { BLOB_FOOTER_LENGTH, BLOB_HEADER_LENGTH } from '@varve/format/blob'
import { CorruptionError, notSupported } from '@varve/format/errors'
import type { BlobAddition, BlobGarbage, NewFile, VersionEdit } from '@varve/format/manifest'
import type { BlobFileReader } from '../blob/blob-file-reader.ts'

/** A blob file: what all versions that hold it share. */
export class BlobFileMeta {
  readonly number: number
  /** The MANIFEST record, kept whole so that the next MANIFEST loses nothing. */
  readonly record: BlobAddition
  /** Id of the first version that holds it. */
  firstVersion = 0
  /** The open reader, put here and closed by the cache of blob files. */
  reader: BlobFileReader | undefined = undefined

  constructor(record: BlobAddition) {
    this.number = record.number
    this.record = { ...record, checksumValue: record.checksumValue.slice() }
  }

  /** Bytes, with header and footer. */
  get size(): number {
    return BLOB_HEADER_LENGTH + this.record.totalBytes + BLOB_FOOTER_LENGTH
  }
}

/** A blob file as one version has it. */
export interface BlobFileState {
  readonly file: BlobFileMeta
  /** Values that no table refers to any more, and the bytes of their records. */
  readonly garbageCount: number
  readonly garbageBytes: number
  readonly linkedTables: number
}

export interface BlobFilesChange {
  files: readonly BlobFileState[]
  added: BlobFileMeta[]
  removed: BlobFileMeta[]
}

/** What of tables decides about blob files. */
type LinkedTable = Pick<NewFile, 'number' | 'oldestBlobFileNumber'>

/** The tables that an edit adds and removes, and whether any are there then. */
export interface TablesChange {
  removed: readonly LinkedTable[]
  added: readonly LinkedTable[]
  hasTables: boolean
}

/** Changes nothing that is given; throws where the edit does not fit. `manifest` names the place for errors. */
export function applyToBlobFiles(
  base: readonly BlobFileState[],
  edit: Pick<VersionEdit, 'blobAdditions' | 'blobGarbage'>,
  tables: TablesChange,
  manifest: string,
): BlobFilesChange {
  const { blobAdditions = [], blobGarbage = [] } = edit
  const isUntouched = blobAdditions.length + blobGarbage.length === 0
  const links = tables.added.some(isLinked)
  if (isUntouched && !links && base.length === 0) return { files: base, added: [], removed: [] }
  const changed = new Map(base.map(state => [state.file.number, state]))
  for (const addition of blobAdditions) addFile(changed, addition, manifest)
  for (const garbage of blobGarbage) addGarbage(changed, garbage, manifest)
  for (const table of tables.removed) link(changed, table, -1, manifest)
  for (const table of tables.added) link(changed, table, 1, manifest)
  const files = retained([...changed.values()], tables.hasTables)
  for (const state of files) refuseGarbageOnly(state, manifest)
  return { files, ...differences(base, files) }
}

/** The file of that number, or undefined. */
export function findBlobFile(files: readonly BlobFileState[], number: number): BlobFileState | undefined {
  let low = 0
  let high = files.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const found = files[middle].file.number
    if (found === number) return files[middle]
    if (found < number) low = middle + 1
    else high = middle - 1
  }
  return undefined
}

function addFile(files: Map<number, BlobFileState>, record: BlobAddition, manifest: string): void {
  const { number } = record
  if (files.has(number)) throw new CorruptionError(`cannot add blob file #${number} twice`, manifest)
  if (number === 0) throw new CorruptionError('a blob file has the number 0', manifest)
  const file = new BlobFileMeta(record)
  files.set(number, { file, garbageCount: 0, garbageBytes: 0, linkedTables: 0 })
}

function addGarbage(files: Map<number, BlobFileState>, garbage: BlobGarbage, manifest: string): void {
  const { number } = garbage
  const state = files.get(number)
  if (state === undefined)
    throw new CorruptionError(`garbage in blob file #${number}, which does not exist`, manifest)
  const garbageCount = state.garbageCount + garbage.garbageCount
  const garbageBytes = state.garbageBytes + garbage.garbageBytes
  const { totalCount, totalBytes } = state.file.record
  if (garbageCount > totalCount || garbageBytes > totalBytes) {
    throw new CorruptionError(`blob file #${number} has more garbage than it has values`, manifest)
  }
  files.set(number, { ...state, garbageCount, garbageBytes })
}

function link(files: Map<number, BlobFileState>, table: LinkedTable, change: 1 | -1, manifest: string): void {
  if (!isLinked(table)) return
  const { oldestBlobFileNumber: number = 0 } = table
  const state = files.get(number)
  if (state === undefined) {
    // The old BlobDB keeps its files to itself, in a directory of their own.
    if (files.size === 0)
      throw notSupported(`blob file #${number}, which no MANIFEST names (stacked BlobDB),`, manifest)
    const what = `table file #${table.number} refers to blob file #${number}, which does not exist`
    throw new CorruptionError(what, manifest)
  }
  files.set(number, { ...state, linkedTables: state.linkedTables + change })
}

function isLinked({ oldestBlobFileNumber }: LinkedTable): boolean {
  return oldestBlobFileNumber !== undefined && oldestBlobFileNumber !== 0
}

function retained(files: BlobFileState[], hasTables: boolean): BlobFileState[] {
  if (!hasTables) return []
  files.sort((a, b) => a.file.number - b.file.number)
  const oldestLinked = files.find(({ linkedTables }) => linkedTables > 0)?.file.number ?? 0
  return files.filter(({ file, linkedTables, garbageCount }) => {
    if (file.number < oldestLinked) return false
    return linkedTables > 0 || garbageCount < file.record.totalCount
  })
}

/** RocksDB refuses to open, or opens as empty, what has such a file. */
function refuseGarbageOnly({ file, garbageCount }: BlobFileState, manifest: string): void {
  if (garbageCount < file.record.totalCount) return
  throw new CorruptionError(`blob file #${file.number} is all garbage, and a table refers to it`, manifest)
}

function differences(
  base: readonly BlobFileState[],
  files: readonly BlobFileState[],
): Pick<BlobFilesChange, 'added' | 'removed'> {
  const before = new Set(base.map(({ file }) => file))
  const after = new Set(files.map(({ file }) => file))
  return {
    added: [...after].filter(file => !before.has(file)),
    removed: [...before].filter(file => !after.has(file)),
  }
}

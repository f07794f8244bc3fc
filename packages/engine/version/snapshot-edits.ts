/**
 * The whole state as edits: how every MANIFEST begins. Epochs are always written, in the place where RocksDB
 * 7.10 and later look for them; older versions skip them.
 *
 * RocksDB: db/version_set.cc, VersionSet::WriteCurrentStateToManifest
 */
import type { BlobGarbage, NewFile, VersionEdit, WalWatermark } from '@varve/format/manifest'
import type { BlobFileState } from './blob-file-meta.ts'
import type { ColumnFamilyState } from './column-family-state.ts'
import type { FileMeta } from './file-meta.ts'

export interface SnapshotSource {
  readonly databaseId: string | undefined
  readonly lastSequence: number
  readonly minLogNumberToKeep: number
  readonly trackedWals: ReadonlyMap<number, number | undefined>
  readonly columnFamilies: ReadonlyMap<number, ColumnFamilyState>
}

/** About no log: it says that Varve has written the MANIFEST. RocksDB, when it opens a database, writes one anew without it. */
const signature: WalWatermark = { number: 0, syncedSize: 0 }

export function snapshotEdits(state: SnapshotSource): VersionEdit[] {
  const edits: VersionEdit[] = []
  if (state.databaseId !== undefined) edits.push({ databaseId: state.databaseId })
  const walWatermarks = Array.from(state.trackedWals, ([number, syncedSize = 0]) => ({ number, syncedSize }))
  edits.push({ walWatermarks: walWatermarks.length > 0 ? walWatermarks : [signature] })
  for (const family of state.columnFamilies.values()) edits.push(nameEdit(family), contentEdit(family, state))
  return edits
}

function nameEdit(family: ColumnFamilyState): VersionEdit {
  const edit: VersionEdit = { comparator: family.order.name }
  if (family.id !== 0) {
    edit.columnFamily = family.id
    edit.columnFamilyAdd = family.name
  }
  if (family.persistTimestamps !== undefined) edit.persistTimestamps = family.persistTimestamps
  if (family.valueStamp !== undefined) edit.valueStamp = family.valueStamp
  return edit
}

function contentEdit(family: ColumnFamilyState, state: SnapshotSource): VersionEdit {
  const edit: VersionEdit = { logNumber: family.logNumber, lastSequence: state.lastSequence }
  if (family.id !== 0) edit.columnFamily = family.id
  else if (state.minLogNumberToKeep > 0) edit.minLogNumberToKeep = state.minLogNumberToKeep
  if (family.current.fileCount > 0) edit.newFiles = Array.from(family.current.files(), recordOf)
  const { blobFiles } = family.current
  if (blobFiles.length > 0) {
    edit.blobAdditions = blobFiles.map(({ file }) => file.record)
    edit.blobGarbage = blobFiles.filter(({ garbageCount }) => garbageCount > 0).map(garbageOf)
  }
  if (family.fullHistoryTsLow !== undefined) edit.fullHistoryTsLow = family.fullHistoryTsLow
  return edit
}

function garbageOf({ file: { number }, garbageCount, garbageBytes }: BlobFileState): BlobGarbage {
  return { number, garbageCount, garbageBytes }
}

function recordOf(file: FileMeta): NewFile {
  return { ...file.record, level: file.level, epochNumber: file.epochNumber }
}

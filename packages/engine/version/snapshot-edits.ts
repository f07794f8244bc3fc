/**
 * The whole state as edits: how every MANIFEST begins. Epochs are always written, in the place where RocksDB
 * 7.10 and later look for them; older versions skip them.
 *
 * RocksDB: db/version_set.cc, VersionSet::WriteCurrentStateToManifest
 */
import type { NewFile, VersionEdit } from '@varve/format/manifest'
import type { ColumnFamilyState } from './column-family-state.ts'
import type { FileMeta } from './file-meta.ts'

export interface SnapshotSource {
  readonly databaseId: string | undefined
  readonly lastSequence: number
  readonly minLogNumberToKeep: number
  readonly trackedWals: ReadonlyMap<number, number | undefined>
  readonly columnFamilies: ReadonlyMap<number, ColumnFamilyState>
}

export function snapshotEdits(state: SnapshotSource): VersionEdit[] {
  const edits: VersionEdit[] = []
  if (state.databaseId !== undefined) edits.push({ databaseId: state.databaseId })
  const walWatermarks = Array.from(state.trackedWals, ([number, syncedSize = 0]) => ({ number, syncedSize }))
  if (walWatermarks.length > 0) edits.push({ walWatermarks })
  for (const family of state.columnFamilies.values()) edits.push(nameEdit(family), contentEdit(family, state))
  return edits
}

function nameEdit(family: ColumnFamilyState): VersionEdit {
  const edit: VersionEdit = { comparator: family.comparator }
  if (family.id !== 0) {
    edit.columnFamily = family.id
    edit.columnFamilyAdd = family.name
  }
  if (family.persistTimestamps !== undefined) edit.persistTimestamps = family.persistTimestamps
  return edit
}

function contentEdit(family: ColumnFamilyState, state: SnapshotSource): VersionEdit {
  const edit: VersionEdit = { logNumber: family.logNumber, lastSequence: state.lastSequence }
  if (family.id !== 0) edit.columnFamily = family.id
  else if (state.minLogNumberToKeep > 0) edit.minLogNumberToKeep = state.minLogNumberToKeep
  if (family.current.fileCount > 0) edit.newFiles = Array.from(family.current.files(), recordOf)
  if (family.fullHistoryTsLow !== undefined) edit.fullHistoryTsLow = family.fullHistoryTsLow
  return edit
}

function recordOf(file: FileMeta): NewFile {
  return { ...file.record, level: file.level, epochNumber: file.epochNumber }
}

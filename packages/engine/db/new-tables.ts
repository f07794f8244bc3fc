/**
 * Taking tables that a job has written into the tree: first the MANIFEST, then opening them, then readers may
 * meet them. A reader never waits for the index of a table that was just written.
 */
import { isVarveError } from '@varve/format/errors'
import type { BlobAddition, VersionEdit } from '@varve/format/manifest'
import { blobName, tableName } from '@varve/format/names'
import type { OutputFile } from '../compaction/index.ts'
import { refuseOtherOperator } from '../merge/index.ts'
import type { FileMeta } from '../version/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { removeFile } from './obsolete-files.ts'

/**
 * Records what a job has done and opens its tables. Of a family that has been dropped meanwhile the files are
 * removed: nobody knows them. `onRecorded` is called in the step in which the newest version has them, before they are
 * opened. The caller installs that version.
 */
export async function recordTables(
  engine: Engine,
  family: Family,
  edits: readonly VersionEdit[],
  written: readonly OutputFile[],
  onRecorded?: () => void,
): Promise<void> {
  if (await isRecorded(engine, family, edits, onRecorded)) return openNewTables(engine, family, written)
  const blobFiles = edits.flatMap(edit => edit.blobAdditions ?? [])
  await removeWritten(engine, written, blobFiles)
}

/** Tables and blob files that nobody will know of. */
export async function removeWritten(
  engine: Engine,
  written: readonly OutputFile[],
  blobFiles: readonly BlobAddition[],
): Promise<void> {
  for (const { record } of written) {
    await removeFile(engine, tableName(record.number))
    engine.events.emit('tableDeleted', { file: record.number })
  }
  for (const { number } of blobFiles) await removeFile(engine, blobName(number))
}

/** Tells of a table that a job has written. It is on the disk, and not in the MANIFEST yet. */
export function tellOfTable(
  engine: Engine,
  family: Family,
  job: number,
  reason: 'flush' | 'compaction',
  { record: { number, level, size }, statistics: { entries } }: OutputFile,
): void {
  const columnFamily = family.name
  engine.events.emit('tableCreated', { columnFamily, job, reason, file: number, level, bytes: size, entries })
}

/** False when the family has been dropped. */
async function isRecorded(
  engine: Engine,
  family: Family,
  edits: readonly VersionEdit[],
  onRecorded?: () => void,
): Promise<boolean> {
  if (family.isDropped) return false
  try {
    await engine.versions.logAndApply(edits, false, onRecorded)
    return true
  } catch (error) {
    if (isVarveError(error, 'ABORTED')) return false
    // Whoever asked for the job: with a MANIFEST that takes no more edits, writing has to stop until resume().
    throw engine.versions.poisoned === undefined ? error : engine.failed(error)
  }
}

/**
 * Opens the tables of the newest version that are not open, and takes in what their properties say. With
 * `maxOpenFiles` set, only as many as may stay open; the others are opened when somebody reads them.
 */
export async function openNewTables(
  engine: Engine,
  family: Family,
  written: readonly OutputFile[] = [],
): Promise<void> {
  const { maxOpenFiles } = engine.options.db
  const unopened = [...family.state.current.files()].filter(
    file => file.table === undefined && !engine.tables.isLetGo(file),
  )
  const indexes = new Map(written.map(({ record, index }) => [record.number, index]))
  const opened = maxOpenFiles < 0 ? unopened : unopened.slice(0, maxOpenFiles)
  await engine.tables.openAll(opened, indexes)
  for (const file of opened) refuseOperandsOfAnother(engine, family, file)
  family.state.refreshStatistics()
}

function refuseOperandsOfAnother(engine: Engine, { name, merge }: Family, file: FileMeta): void {
  const { mergeOperator, mergeOperands = 0 } = file.table?.properties ?? {}
  if (mergeOperands > 0) refuseOtherOperator(name, merge?.name, mergeOperator, engine.tables.path(file))
}

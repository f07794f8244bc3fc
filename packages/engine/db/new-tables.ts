/**
 * Taking tables that a job has written into the tree: first the MANIFEST, then opening them, then readers may
 * meet them. A reader never waits for the index of a table that was just written.
 */
import { isVarveError } from '@varve/format/errors'
import type { VersionEdit } from '@varve/format/manifest'
import { tableName } from '@varve/format/names'
import type { OutputFile } from '../compaction/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { removeFile } from './obsolete-files.ts'

/**
 * Records what a job has done and opens its tables. Of a family that has been dropped meanwhile the tables are
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
  for (const { record } of written) await removeFile(engine, tableName(record.number))
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
  const unopened = [...family.state.current.files()].filter(file => file.table === undefined)
  const indexes = new Map(written.map(({ record, index }) => [record.number, index]))
  await engine.tables.openAll(maxOpenFiles < 0 ? unopened : unopened.slice(0, maxOpenFiles), indexes)
  family.state.refreshStatistics()
}

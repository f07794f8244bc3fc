/**
 * Finds the MANIFEST that CURRENT names, checks that nothing of it is missing, and adds up its edits. Nothing is
 * written.
 */
import { CorruptionError, isVarveError, VarveError } from '@varve/format/errors'
import { CURRENT_NAME, manifestName } from '@varve/format/names'
import type { FileSystem } from '../fs/index.ts'
import { readCurrent } from './current-file.ts'
import { checkSyncedSize, readManifestRecords } from './manifest-records.ts'
import { ManifestState } from './manifest-state.ts'
import type { ManifestEvidence } from './manifest-writer.ts'

export interface RecoveredManifest {
  /** Which it is, and where its records end. */
  recovered: ManifestEvidence
  state: ManifestState
}

/** Throws `NOT_FOUND` without a CURRENT. */
export async function recoverManifest(
  fs: FileSystem,
  directory: string,
  evidence: ManifestEvidence | undefined,
): Promise<RecoveredManifest> {
  const current = await readCurrent(fs, directory)
  if (current === undefined)
    throw new VarveError('NOT_FOUND', `${directory} holds no database`, { file: directory })
  const path = `${directory}/${current.name}`
  const records = readManifestRecords(await readManifest(fs, path), path)
  const recovered = { manifestNumber: current.number, syncedSize: records.size }
  if (evidence !== undefined) checkEvidence(recovered, evidence, directory)
  return { recovered, state: new ManifestState(records.edits, path) }
}

/** Throws `CORRUPTION` when what was recovered lacks bytes that `evidence` knows to have been synced. */
export function checkEvidence(
  recovered: ManifestEvidence,
  evidence: ManifestEvidence,
  directory: string,
): void {
  const { manifestNumber, syncedSize } = recovered
  // CURRENT has moved on since: nothing is known about the new MANIFEST.
  if (evidence.manifestNumber < manifestNumber) return
  const name = manifestName(manifestNumber)
  if (evidence.manifestNumber === manifestNumber) {
    checkSyncedSize(syncedSize, evidence.syncedSize, `${directory}/${name}`)
    return
  }
  throw new CorruptionError(
    `CURRENT names ${name}, and ${manifestName(evidence.manifestNumber)} had been in force`,
    `${directory}/${CURRENT_NAME}`,
  )
}

async function readManifest(fs: FileSystem, path: string): Promise<Uint8Array> {
  try {
    return await fs.readFile(path)
  } catch (error) {
    if (!isVarveError(error, 'NOT_FOUND')) throw error
    throw new CorruptionError('the MANIFEST that CURRENT names does not exist', path, undefined, error)
  }
}

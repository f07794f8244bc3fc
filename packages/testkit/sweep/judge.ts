/**
 * Opens what a crash has left and says whether it is right: it opens without help, holds a prefix of the writes
 * within both bounds, takes another write, closes without leaving anything open, and every byte of every file
 * checks, alone and with the others (`verify --deep`).
 */
import { isVarveError, open, verifyDatabase } from 'varve'
import type { SimulatedDisk } from '../disk/index.ts'
import { plainRuntime } from '../simulation/index.ts'
import { type Contents, contentsOf, type Moment } from './history.ts'
import type { MetDisks } from './met-disks.ts'
import type { Script } from './script.ts'
import { DIRECTORY, describeBounds, SweepError } from './stage.ts'

/** The seed of what recovery draws: session ids and the like. */
const RECOVERY_SEED = 1

/** `refused`: it does not open, says so, and nobody can know better: see `isUndecidable`. */
export type Judgement = 'right' | 'right, on a disk met before' | 'refused'

/** Throws a `SweepError` when anything is wrong. The disk is used up. `before` is as it was when power was lost; `met` are others of its script. */
export async function judge(
  disk: SimulatedDisk,
  script: Script,
  moment: Moment,
  before: SimulatedDisk,
  met?: MetDisks,
): Promise<Judgement> {
  const known = met?.find(disk)
  if (known !== undefined && moment.history.find(known, moment) !== undefined)
    return 'right, on a disk met before'
  const found = met && disk.copy()
  let contents: Contents
  try {
    contents = await recoverAndCompare(disk, script, moment)
  } catch (error) {
    if (error instanceof SweepError && isUndecidable(error.cause, script, before)) return 'refused'
    throw error
  }
  if (disk.openHandles > 0) throw new SweepError(`${disk.openHandles} files are open after close`)
  const { ok, problems } = await verifyDatabase(DIRECTORY, { deep: true }, plainRuntime(disk, RECOVERY_SEED))
  if (!ok) {
    const [{ file, offset, message }] = problems
    throw new SweepError(`verify: ${file} at ${offset}: ${message}`)
  }
  if (found !== undefined) met?.add(found, contents)
  return 'right'
}

/**
 * A last MANIFEST record that has lost a sector looks like a synced one that has rotted, and to leave that out
 * could lose a table. So it is refused, as in RocksDB. And a log whose sync failed in an earlier process, and that
 * was kept at recovery, may never have come to the disk.
 */
function isUndecidable(cause: unknown, script: Script, before: SimulatedDisk): boolean {
  if (!isVarveError(cause, 'CORRUPTION') || cause.file === undefined) return false
  if (/MANIFEST-\d+$/.test(cause.file)) return before.fileNode(cause.file).changes.length > 0
  const keepsLogs = script.options.avoidFlushDuringRecovery === true && /\d\.log$/.test(cause.file)
  return keepsLogs && before.fileNode(cause.file).forgotten !== undefined
}

async function recoverAndCompare(disk: SimulatedDisk, script: Script, moment: Moment): Promise<Contents> {
  const db = await openAfterCrash(disk, script)
  let isRight = false
  try {
    const contents = await contentsOf(db)
    if (moment.history.find(contents, moment) === undefined) throw new SweepError(describeBounds(moment))
    const key = 'written after the crash'
    await db.put(key, 'value')
    if ((await db.get(key)) === undefined) throw new SweepError('a write after the crash cannot be read')
    isRight = true
    return contents
  } finally {
    // What went wrong is the news, not what closing says of it.
    if (isRight) await db.close()
  }
}

async function openAfterCrash(disk: SimulatedDisk, script: Script) {
  try {
    return await open(DIRECTORY, script.options, plainRuntime(disk, RECOVERY_SEED))
  } catch (error) {
    throw new SweepError(`it does not open: ${error}`, { cause: error })
  }
}

/** Only opens and closes: what the depth-2 sweep crashes in. */
export async function recover(disk: SimulatedDisk, script: Script): Promise<void> {
  const db = await openAfterCrash(disk, script)
  await db.close()
}

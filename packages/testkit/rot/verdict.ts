/**
 * What a damaged database may do: be as it was (the damage is where nothing is), end where a crash could have ended
 * it, or say that it is damaged. What it may not do is answer otherwise and say nothing, fail in a way that is no
 * error of ours, or throw away somebody's table.
 */
import { CorruptionError, isVarveError, type OpenOptions, open } from 'varve'
import type { SimulatedDisk } from '../disk/index.ts'
import { plainRuntime } from '../simulation/index.ts'
import { type Contents, contentsOf, DIRECTORY, SweepError } from '../sweep/index.ts'
import type { Damage } from './damage.ts'

export type Verdict = 'whole' | 'reported' | 'unsynced end cut' | 'lost with its evidence'

/** Reads all of it without writing. */
export async function readDamaged(disk: SimulatedDisk, damage: Damage): Promise<Verdict> {
  return openAndCompare(disk, damage, { readOnly: true })
}

/** Opens it for writing, writes and flushes: no table may be gone then. */
export async function useDamaged(disk: SimulatedDisk, damage: Damage): Promise<Verdict> {
  const before = tablesOf(disk)
  const verdict = await openAndCompare(disk, damage, {})
  const after = new Set(tablesOf(disk))
  const gone = before.filter(table => !after.has(table)).length
  if (gone > 0) throw new SweepError(`${gone} tables are gone (${verdict})`)
  return verdict
}

async function openAndCompare(disk: SimulatedDisk, damage: Damage, more: OpenOptions): Promise<Verdict> {
  const { script, moment } = damage.database
  const { history } = moment
  try {
    const options = { ...script.options, ...more, createIfMissing: false }
    const db = await open(DIRECTORY, options, plainRuntime(disk, 1))
    let contents: Contents
    try {
      contents = await contentsOf(db)
      if (more.readOnly !== true) {
        await db.put('written after', '1')
        await db.flush()
      }
    } finally {
      await db.close()
    }
    const place = history.find(contents, moment)
    if (place === undefined && tookItsEvidence(damage)) {
      const anyPrefix = { ...moment, durable: 0 }
      if (history.find(contents, anyPrefix) !== undefined) return 'lost with its evidence'
    }
    if (place === undefined) {
      const rows = [...contents].map(([name, state]) => `${name}: ${state.rows}`).join(', ')
      throw new SweepError(`it says nothing and answers otherwise (rows: ${rows})`)
    }
    return place.steps === moment.issued ? 'whole' : 'unsynced end cut'
  } catch (error) {
    if (error instanceof CorruptionError || isVarveError(error)) return 'reported'
    throw error
  }
}

/**
 * How far the log that was being written had been synced, only the log itself knows. Who takes away a piece of it
 * takes that away, too, and what is left looks like a log that was never longer.
 */
function tookItsEvidence({ database, kind, file }: Damage): boolean {
  return file === database.openLog && kind !== 'flip' && kind !== 'missing'
}

/** The bytes of every table and blob file, wherever it lies. */
function tablesOf(disk: SimulatedDisk): string[] {
  return disk
    .filesBelow(DIRECTORY)
    .filter(path => /\.(sst|blob)(\.\d+)?$/.test(path))
    .map(path => Buffer.from(disk.fileNode(path).content.bytes()).toString('latin1'))
}

/**
 * Changing options of an open database. What is asked for is checked as at open, written to a new OPTIONS file, and
 * then put in force; a crash leaves the old file or the new one. Only then the changes act: when writing the file
 * fails, the options are what they were.
 *
 * RocksDB: db/db_impl/db_impl.cc, DBImpl::SetOptions and DBImpl::SetDBOptions
 */
import {
  changeDatabase,
  changeFamily,
  type MutableColumnFamilyOptions,
  type MutableDatabaseOptions,
  type ResolvedColumnFamilyOptions,
  type ResolvedDatabaseOptions,
} from '../options/index.ts'
import { workerCount } from '../runtime/index.ts'
import type { Engine } from './engine.ts'
import { type Family, refuseIfDropped } from './family.ts'
import { inTurn } from './in-turn.ts'
import { openNewTables } from './new-tables.ts'
import { presentOptions, writeOptionsFile } from './options-file.ts'

/** The options in force: those of the database, and those of one column family. */
export type OptionsInForce = Readonly<ResolvedDatabaseOptions & ResolvedColumnFamilyOptions>

/** A copy. */
export function getOptions({ options }: Engine, family: Family): OptionsInForce {
  const { compactionOptionsUniversal, compactionOptionsFifo, compressionPerLevel } = family.options
  return {
    ...options.db,
    ...family.options,
    ...family.blobs,
    compactionOptionsUniversal: { ...compactionOptionsUniversal },
    compactionOptionsFifo: { ...compactionOptionsFifo },
    compressionPerLevel: [...compressionPerLevel],
  }
}

export function setOptions(
  engine: Engine,
  family: Family,
  changes: MutableColumnFamilyOptions,
): Promise<void> {
  return inTurn(engine, async () => {
    refuseIfDropped(family)
    const changed = changeFamily(changes, family.options)
    const present = presentOptions(engine)
    const familyOptions = (other: Family) => (other === family ? changed : other.options)
    await writeOptionsFile(engine, { ...present, familyOptions }, () => {
      family.setOptions(changed)
      lookAgain(engine)
    })
  })
}

export function setDBOptions(engine: Engine, changes: MutableDatabaseOptions): Promise<void> {
  return inTurn(engine, async () => {
    const { db } = engine.options
    const changed = changeDatabase(changes, db)
    const opensAll = changed.maxOpenFiles < 0 && db.maxOpenFiles >= 0
    await writeOptionsFile(engine, { ...presentOptions(engine), db: changed }, () => {
      Object.assign(db, changed)
      engine.runtime.jobs.resize?.(workerCount(changed))
      engine.openFiles.setMaxOpenFiles(changed.maxOpenFiles)
      lookAgain(engine)
    })
    if (opensAll) for (const family of engine.families.values()) await openNewTables(engine, family)
  })
}

/** Writes that were held back may go on now, or the other way round, and there may be work. */
function lookAgain({ controller, background }: Engine): void {
  controller.update()
  background.schedule()
}

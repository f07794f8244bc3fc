/**
 * Sealing memtables: when one is full, when the memtables or logs of the whole database have grown too large,
 * and when a flush was asked for. Sealing starts a new log, so that the old one can go once its memtables have
 * been flushed.
 *
 * RocksDB: db/db_impl/db_impl_write.cc, SwitchMemtable, HandleWriteBufferManagerFlush, SwitchWAL
 */
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'

/** Seals what `Engine.needsRoom` found to be too large. Called by the commit loop only. */
export async function makeRoom(engine: Engine, families: readonly Family[]): Promise<void> {
  const sealing = new Set(families.filter(family => family.isFull && !family.isDropped))
  if (engine.isOverWriteBufferSize()) addDefined(sealing, largestFamily(engine))
  if (engine.isOverTotalWalSize()) addDefined(sealing, familyPinningOldestLog(engine))
  if (sealing.size > 0) await sealMemtables(engine, sealing)
}

/** Starts a new log and seals the memtables of `families` that hold anything. Must not run beside a commit. */
export async function sealMemtables(engine: Engine, families: Iterable<Family>): Promise<void> {
  const sealing = [...families].filter(family => family.memtable.entryCount > 0)
  if (sealing.length === 0) return
  await startLog(engine)
  for (const family of sealing) family.seal(engine.logs.number)
  engine.controller.update()
  engine.background.schedule()
}

/** Goes over to a new log. Memtables that are empty then owe nothing to the old one. */
export async function startLog(engine: Engine): Promise<void> {
  try {
    await engine.logs.start(engine.versions.newFileNumber(), engine.lastSequence)
  } catch (error) {
    throw engine.failed(error)
  }
  for (const family of engine.families.values()) family.startsAt(engine.logs.number)
}

/** Seals in the middle of a group, whose log record is written already: the log stays. */
export function sealInPlace(engine: Engine, family: Family, recordBytes: number): void {
  if (family.memtable.entryCount > 0) family.seal(engine.logs.number, recordBytes)
  else family.replaceEmptyMemtable(recordBytes)
  engine.controller.update()
  engine.background.schedule()
}

function largestFamily(engine: Engine): Family | undefined {
  let largest: Family | undefined
  for (const family of engine.families.values()) {
    if (family.memtable.entryCount === 0) continue
    if (largest === undefined || family.memtable.memoryUsage > largest.memtable.memoryUsage) largest = family
  }
  return largest
}

function familyPinningOldestLog(engine: Engine): Family | undefined {
  const pinning = [...engine.families.values()].filter(family => family.memtable.entryCount > 0)
  return pinning.sort((a, b) => a.firstLog - b.firstLog)[0]
}

function addDefined<T>(set: Set<T>, value: T | undefined): void {
  if (value !== undefined) set.add(value)
}

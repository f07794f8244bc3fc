/**
 * Sealing memtables: when one is full, when the memtables or logs of the whole database have grown too large,
 * and when a flush was asked for.
 *
 * Invariant F2: sealing starts a new log. So a log is in a family's tables whole or not at all: the old one can go
 * once its memtables are flushed, and a replay never brings back half of what a table has.
 *
 * RocksDB: db/db_impl/db_impl_write.cc, SwitchMemtable, HandleWriteBufferManagerFlush, SwitchWAL
 */
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import type { WriteGroup } from './write-group.ts'

/** Whether something must be sealed, or memory be had, before the group is committed. */
export function needsRoom(engine: Engine, { families, byteLength, encoder }: WriteGroup): boolean {
  for (const family of families)
    if (!family.isDropped && !family.hasRoom(byteLength, encoder.count)) return true
  return (
    engine.isOverWriteBufferSize() || engine.isOverTotalWalSize() || engine.sharedBuffers?.isOver === true
  )
}

/** Seals what is too large, or too full for the group. Called by the commit loop only. */
export async function sealWhatIsFull(engine: Engine, group: WriteGroup): Promise<void> {
  const sealing = new Set(familiesWithoutRoom(group).filter(family => !family.memtable.isEmpty))
  if (engine.isOverWriteBufferSize()) addDefined(sealing, largestFamily(engine))
  if (engine.isOverTotalWalSize()) addDefined(sealing, familyPinningOldestLog(engine))
  for (const family of wantedByOthers(engine)) if (!family.memtable.isEmpty) sealing.add(family)
  if (sealing.size > 0) await seal(engine, sealing)
}

/** Those whose memtable is the oldest of all that share a bound. */
function wantedByOthers({ sharedBuffers }: Engine): Family[] {
  if (sharedBuffers === undefined) return []
  if (sharedBuffers.manager.shouldFlush) sharedBuffers.manager.flushOldest()
  return sharedBuffers.takeWanted().filter(({ isDropped }) => !isDropped)
}

/** Takes memory for memtables that have none yet. What was full has been sealed. */
export function provideRoom(group: WriteGroup): void {
  for (const family of familiesWithoutRoom(group)) family.provideRoom(group.byteLength, group.encoder.count)
}

function familiesWithoutRoom({ families, byteLength, encoder }: WriteGroup): Family[] {
  return families.filter(family => !family.isDropped && !family.hasRoom(byteLength, encoder.count))
}

/** Seals the memtables of `families` that hold anything. Must not run beside a commit. */
export async function sealMemtables(engine: Engine, families: Iterable<Family>): Promise<void> {
  const sealing = [...families].filter(family => !family.isDropped && !family.memtable.isEmpty)
  if (sealing.length > 0) await seal(engine, sealing)
}

async function seal(engine: Engine, families: Iterable<Family>): Promise<void> {
  await startLog(engine)
  for (const family of families) sealFamily(engine, family)
  engine.controller.update()
  engine.background.schedule()
}

/** Seals one memtable; a new log has been started. */
export function sealFamily(engine: Engine, family: Family): void {
  const { memtable } = family
  family.seal(engine.logs.number)
  const { entryCount: entries, memoryUsage: bytes } = memtable
  const { deletionCount: deletions } = memtable.counts
  engine.events.emit('memtableSealed', { columnFamily: family.name, entries, deletions, bytes })
}

/** Goes over to a new log. Memtables that are empty then owe nothing to the old one. */
export async function startLog(engine: Engine): Promise<void> {
  try {
    await engine.logs.start(engine.versions.newFileNumber())
  } catch (error) {
    throw engine.failed(error)
  }
  for (const family of engine.families.values()) family.startsAt(engine.logs.number)
}

function largestFamily(engine: Engine): Family | undefined {
  let largest: Family | undefined
  for (const family of engine.families.values()) {
    if (family.memtable.isEmpty) continue
    if (largest === undefined || family.memtable.memoryUsage > largest.memtable.memoryUsage) largest = family
  }
  return largest
}

function familyPinningOldestLog(engine: Engine): Family | undefined {
  const pinning = [...engine.families.values()].filter(family => !family.memtable.isEmpty)
  return pinning.sort((a, b) => a.firstLog - b.firstLog)[0]
}

function addDefined<T>(set: Set<T>, value: T | undefined): void {
  if (value !== undefined) set.add(value)
}

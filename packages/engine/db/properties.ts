/**
 * What `rocksdb.*` properties say, by RocksDB's names. One table: a name, and the function that answers it.
 *
 * RocksDB: include/rocksdb/db.h (struct Properties), db/internal_stats.cc
 */
import { spaceAmplification, writeAmplification } from './amplification.ts'
import { blobStats, blobText } from './blob-stats.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'

type Property = (engine: Engine, family: Family) => string | number

const MIB = 1024 * 1024

const properties: Record<string, Property> = {
  'rocksdb.stats': (engine, family) => `${levelTable(engine, family)}\n${databaseStatistics(engine)}`,
  'rocksdb.cfstats': (engine, family) => levelTable(engine, family),
  'rocksdb.dbstats': engine => databaseStatistics(engine),
  'rocksdb.levelstats': (_, family) => levelStatistics(family),
  'rocksdb.sstables': (_, family) => tableList(family),
  'rocksdb.num-immutable-mem-table': (_, family) => family.sealed.length,
  'rocksdb.mem-table-flush-pending': (_, family) => (family.sealed.length > family.flushing ? 1 : 0),
  'rocksdb.compaction-pending': (_, family) => (family.picker.needsCompaction() ? 1 : 0),
  'rocksdb.background-errors': engine => (engine.backgroundError === undefined ? 0 : 1),
  'rocksdb.cur-size-active-mem-table': (_, family) => family.memtable.memoryUsage,
  'rocksdb.cur-size-all-mem-tables': (_, family) => family.memoryUsage,
  'rocksdb.size-all-mem-tables': (_, family) => family.memoryUsage,
  'rocksdb.num-entries-active-mem-table': (_, family) => family.memtable.entryCount,
  'rocksdb.num-entries-imm-mem-tables': (_, family) => sealedEntries(family),
  'rocksdb.num-deletes-active-mem-table': (_, family) => family.memtable.counts.deletionCount,
  'rocksdb.estimate-num-keys': (_, family) => estimatedKeys(family),
  'rocksdb.estimate-table-readers-mem': engine => engine.tables.memoryUsage,
  'rocksdb.num-snapshots': engine => engine.snapshots.size,
  'rocksdb.oldest-snapshot-sequence': engine => engine.snapshots.oldest ?? 0,
  'rocksdb.num-live-versions': (engine, family) =>
    engine.versions.columnFamilies.get(family.id)?.liveVersionCount ?? 0,
  'rocksdb.estimate-live-data-size': (_, family) => liveBytes(family),
  'rocksdb.total-sst-files-size': (_, family) => liveBytes(family),
  'rocksdb.live-sst-files-size': (_, family) => liveBytes(family),
  'rocksdb.min-log-number-to-keep': engine => engine.versions.minLogNumberToKeep,
  'rocksdb.current-super-version-number': (_, family) => family.superVersion.version.id,
  'rocksdb.base-level': (_, family) => family.picker.baseLevel,
  'rocksdb.num-blob-files': (_, family) => blobStats(family).files,
  'rocksdb.blob-stats': (_, family) => blobText(family),
  'rocksdb.total-blob-file-size': (_, family) => family.state.blobBytesHeld,
  'rocksdb.live-blob-file-size': (_, family) => blobStats(family).totalBytes,
  'rocksdb.live-blob-file-garbage-size': (_, family) => blobStats(family).garbageBytes,
  'rocksdb.estimate-pending-compaction-bytes': (_, family) => family.picker.pendingBytes(),
  'rocksdb.num-running-compactions': engine => engine.background.runningCompactions,
  'rocksdb.num-running-flushes': engine => engine.background.runningFlushes,
  'rocksdb.actual-delayed-write-rate': engine =>
    engine.controller.current?.state === 'slowed' ? engine.options.db.delayedWriteRate : 0,
  'rocksdb.is-write-stopped': engine => (engine.controller.current?.state === 'stopped' ? 1 : 0),
  'rocksdb.is-file-deletions-enabled': () => 1,
  'rocksdb.block-cache-capacity': engine => engine.cache.capacity,
  'rocksdb.block-cache-usage': engine => engine.cache.usage,
  'rocksdb.block-cache-pinned-usage': engine => engine.cache.pinnedUsage,
  'varve.write-buffer-manager-usage': engine => engine.options.db.writeBufferManager?.memoryUsage ?? 0,
  'varve.rate-limiter-bytes-through': engine => engine.options.db.rateLimiter?.statistics().bytesThrough ?? 0,
  'varve.rate-limiter-wait-micros': engine => engine.options.db.rateLimiter?.statistics().waitMicros ?? 0,
  // Names of our own: RocksDB has these in the text of its statistics only.
  'varve.write-amplification': (_, family) => writeAmplification(family).toFixed(2),
  'varve.space-amplification': (_, family) => spaceAmplification(family).toFixed(2),
}

const numFilesAtLevel = 'rocksdb.num-files-at-level'

/** Names of all properties, for `varve stats` and documentation. */
export const propertyNames: readonly string[] = [...Object.keys(properties), `${numFilesAtLevel}<N>`]

/** The property's text; undefined for a name that there is not. */
export function property(engine: Engine, family: Family, name: string): string | undefined {
  if (name.startsWith(numFilesAtLevel)) return filesAtLevel(family, name.slice(numFilesAtLevel.length))
  const answer = Object.hasOwn(properties, name) ? properties[name] : undefined
  return answer === undefined ? undefined : String(answer(engine, family))
}

function filesAtLevel(family: Family, level: string): string | undefined {
  if (!/^\d+$/.test(level)) return undefined
  return family.superVersion.version.levels[Number(level)]?.length.toString()
}

function sealedEntries(family: Family): number {
  return family.sealed.reduce((sum, { memtable }) => sum + memtable.entryCount, 0)
}

/** As RocksDB estimates it: entries less twice the deletions, since each deletion hides an entry. */
function estimatedKeys(family: Family): number {
  const { totals } = family.superVersion.version
  const memtables = [family.memtable, ...family.sealed.map(({ memtable }) => memtable)]
  const inMemory = memtables.reduce(
    (sum, { entryCount, counts }) => sum + entryCount - 2 * counts.deletionCount,
    0,
  )
  return Math.max(0, totals.entries - 2 * totals.deletions + inMemory)
}

function liveBytes(family: Family): number {
  return family.superVersion.version.levelBytes.reduce((sum, bytes) => sum + bytes, 0)
}

function levelStatistics(family: Family): string {
  const { levels, levelBytes } = family.superVersion.version
  const rows = levels.map(
    (files, level) => `${pad(level, 5)} ${pad(files.length, 8)} ${pad(mib(levelBytes[level]), 8)}`,
  )
  return ['Level Files Size(MB)', '--------------------', ...rows, ''].join('\n')
}

function levelTable(engine: Engine, family: Family): string {
  const { levels, levelBytes } = family.superVersion.version
  const scores = family.picker.scores()
  const lines = [
    `** Compaction Stats [${family.name}] **`,
    'Level    Files   Size(MB)    Score',
    '-'.repeat(36),
  ]
  for (const [level, files] of levels.entries()) {
    if (files.length === 0) continue
    const score = (scores.find(other => other.level === level)?.score ?? 0).toFixed(2)
    lines.push(
      `${pad(`L${level}`, 5)} ${pad(files.length, 8)} ${pad(mib(levelBytes[level]), 10)} ${pad(score, 8)}`,
    )
  }
  const files = levels.reduce((sum, { length }) => sum + length, 0)
  lines.push(`${pad('Sum', 5)} ${pad(files, 8)} ${pad(mib(liveBytes(family)), 10)}`)
  const blobs = blobStats(family)
  if (blobs.files > 0)
    lines.push(
      `Blob files: ${blobs.files}, ${mib(blobs.totalBytes)} MB, garbage ${mib(blobs.garbageBytes)} MB`,
    )
  const amplifications = [writeAmplification(family), spaceAmplification(family)]
  const [write, space] = amplifications.map(amplification => amplification.toFixed(2))
  lines.push(`Style: ${family.options.compactionStyle}, write amplification ${write}, space at most ${space}`)
  const stall = engine.controller.current
  lines.push(`Stall: ${stall === undefined ? 'none' : `${stall.state}: ${stall.reason}`}`)
  return lines.join('\n')
}

function databaseStatistics(engine: Engine): string {
  const { statistics } = engine
  const rows = Object.entries(statistics).map(([name, value]) => `${name}: ${value}`)
  return ['** DB Stats **', ...rows, ''].join('\n')
}

function tableList(family: Family): string {
  const lines: string[] = []
  for (const [level, files] of family.superVersion.version.levels.entries()) {
    if (files.length === 0) continue
    lines.push(`--- level ${level} ---`)
    for (const file of files)
      lines.push(` ${file.number}:${file.size}[${file.smallestSequence} .. ${file.largestSequence}]`)
  }
  return `${lines.join('\n')}\n`
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}

function pad(value: string | number, width: number): string {
  return String(value).padStart(width)
}

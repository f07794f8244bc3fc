/**
 * What a column family's compaction style costs: how often a byte is written, how much more than the data is kept.
 *
 * RocksDB: db/internal_stats.cc (W-Amp of the row "Sum"); include/rocksdb/universal_compaction.h
 */
import type { Family } from './family.ts'

/** Bytes of tables written for each byte flushed, since the database was opened; 0 before the first flush. */
export function writeAmplification({ written }: Family): number {
  return written.flushed === 0 ? 0 : (written.flushed + written.compacted) / written.flushed
}

/**
 * Bytes of all tables for each byte of the oldest sorted run. It is the most that the space can be over what the
 * data needs: as if everything newer only replaced what the oldest run has.
 */
export function spaceAmplification({ superVersion }: Family): number {
  const { levels, levelBytes, deepestLevel } = superVersion.version
  if (deepestLevel < 0) return 1
  const oldest = deepestLevel === 0 ? levels[0][levels[0].length - 1].size : levelBytes[deepestLevel]
  return levelBytes.reduce((sum, bytes) => sum + bytes, 0) / oldest
}

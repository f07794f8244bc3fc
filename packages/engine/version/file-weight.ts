/**
 * How heavy a file is for the compaction picker: its size, and more when most of its entries are deletions,
 * because compacting it down frees what they delete.
 *
 * RocksDB: db/version_set.cc, VersionStorageInfo::ComputeCompensatedSizes
 */
import type { FileMeta, FileStatistics } from './file-meta.ts'

/** A deletion above one in two counts as this many average values. */
const DELETION_WEIGHT = 2

/** `totals` are those of the version that holds the file. */
export function weighFile(file: FileMeta, totals: Readonly<FileStatistics>): number {
  const { entries, deletions } = file.statistics
  const rangeDeletionSize = file.record.compensatedRangeDeletionSize ?? 0
  if (deletions * 2 < entries || entries === 0) return file.size + rangeDeletionSize
  const values = totals.entries - totals.deletions
  const averageValueSize = values <= 0 ? 0 : totals.rawValueSize / values
  return file.size + rangeDeletionSize + (deletions * 2 - entries) * averageValueSize * DELETION_WEIGHT
}

/**
 * What the blob files of a column family hold.
 *
 * RocksDB: db/version_set.h, VersionStorageInfo::GetBlobStats; db/internal_stats.cc, HandleBlobStats
 */
import type { Family } from './family.ts'

export interface BlobStats {
  /** Blob files that the newest version of the family has. */
  files: number
  /** Their bytes. */
  totalBytes: number
  /** Values that no table refers to any more, and the bytes of their records. */
  garbageCount: number
  garbageBytes: number
  /** Values that a table refers to, and the bytes of their records. */
  liveCount: number
  liveBytes: number
  /** The part of all bytes that is garbage, from 0 to 1; 0 without blob files. */
  garbageRatio: number
  /** All bytes for each that is not garbage; 0 where all are, or without blob files, as RocksDB has it. */
  spaceAmplification: number
}

export function blobStats({ superVersion }: Family): BlobStats {
  const { blobFiles } = superVersion.version
  let totalBytes = 0
  let totalCount = 0
  let garbageCount = 0
  let garbageBytes = 0
  let recordBytes = 0
  for (const state of blobFiles) {
    totalBytes += state.file.size
    totalCount += state.file.record.totalCount
    recordBytes += state.file.record.totalBytes
    garbageCount += state.garbageCount
    garbageBytes += state.garbageBytes
  }
  return {
    files: blobFiles.length,
    totalBytes,
    garbageCount,
    garbageBytes,
    liveCount: totalCount - garbageCount,
    liveBytes: recordBytes - garbageBytes,
    garbageRatio: totalBytes === 0 ? 0 : garbageBytes / totalBytes,
    spaceAmplification: totalBytes > garbageBytes ? totalBytes / (totalBytes - garbageBytes) : 0,
  }
}

/** The text of `rocksdb.blob-stats`. */
export function blobText(family: Family): string {
  const { files, totalBytes, garbageBytes, spaceAmplification } = blobStats(family)
  return [
    `Number of blob files: ${files}`,
    `Total size of blob files: ${totalBytes}`,
    `Total size of garbage in blob files: ${garbageBytes}`,
    `Blob file space amplification: ${spaceAmplification}`,
    '',
  ].join('\n')
}

/**
 * Which blob files compactions empty. Values are moved out of the oldest files, a part of them by number; and where those hold
 * enough garbage, the tables that keep the very oldest alive are compacted for that alone:
 *
 *     number   10   11   12   13   14   15   16   17        age cutoff 0.5: values in 10 to 13 are moved
 *     linked   a,b   -   c    -    -    d    -    -         enough of 10 to 13 is garbage: a and b are compacted,
 *                                                           and 10 and 11 can go
 *
 * RocksDB: db/version_set.cc, ComputeFilesMarkedForForcedBlobGC; db/compaction/compaction_iterator.cc,
 * ComputeBlobGarbageCollectionCutoffFileNumber
 */
import type { BlobOptions } from '../options/index.ts'
import type { BlobFileState } from '../version/blob-file-meta.ts'
import type { FileMeta } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'

/** What of a compaction's values is moved, whatever the options say. */
export interface BlobCollectionOverride {
  enableBlobGarbageCollection?: boolean | undefined
  blobGarbageCollectionAgeCutoff?: number | undefined
}

/** Values in files with smaller numbers are moved; 0 for none. */
export function cutoffFileNumber(
  files: readonly BlobFileState[],
  options: BlobOptions,
  override: BlobCollectionOverride = {},
): number {
  if (!(override.enableBlobGarbageCollection ?? options.enableBlobGarbageCollection)) return 0
  const cutoff = override.blobGarbageCollectionAgeCutoff ?? options.blobGarbageCollectionAgeCutoff
  const count = Math.floor(cutoff * files.length)
  return count >= files.length ? Number.MAX_SAFE_INTEGER : files[count].file.number
}

/** The tables to compact so that the oldest blob files can go; none while those hold too little garbage. */
export function tablesToCollect(version: Version, options: BlobOptions): FileMeta[] {
  const { blobFiles } = version
  const count = Math.floor(options.blobGarbageCollectionAgeCutoff * blobFiles.length)
  const threshold = options.blobGarbageCollectionForceThreshold
  if (!options.enableBlobGarbageCollection || threshold >= 1 || count === 0) return []
  let totalBytes = 0
  let garbageBytes = 0
  for (const state of blobFiles.slice(0, count)) {
    totalBytes += state.file.record.totalBytes
    garbageBytes += state.garbageBytes
  }
  // With a threshold of 0 too: values that are moved to no end would be moved for ever.
  if (garbageBytes === 0 || garbageBytes < threshold * totalBytes) return []
  const [oldest] = blobFiles
  return [...version.files()].filter(({ record }) => record.oldestBlobFileNumber === oldest.file.number)
}

/** Options about blob files: values in tables, in blob files, or some here and some there. */
import type { ColumnFamilyOptions, CompressionName } from 'varve'
import type { Random } from '../random.ts'

export const allCompressions: readonly CompressionName[] = ['none', 'snappy', 'zlib', 'lz4', 'zstd']

/**
 * Without blob files half of the time, and with values of these compressions. Give it a fork, so that what else is
 * drawn stays what it was.
 */
export function randomBlobs(random: Random, compressions = allCompressions): ColumnFamilyOptions {
  if (random.chance(0.5)) return {}
  return {
    enableBlobFiles: random.chance(0.85),
    minBlobSize: random.pick([0, 1, 20, 100, 1000]),
    blobFileSize: random.pick([1, 500, 5000, 50_000, 1_000_000]),
    blobCompressionType: random.pick(['none', ...compressions]),
    blobFileStartingLevel: random.pick([0, 0, 0, 1, 4]),
    enableBlobGarbageCollection: random.chance(0.8),
    blobGarbageCollectionAgeCutoff: random.pick([0, 0.25, 0.5, 1]),
    blobGarbageCollectionForceThreshold: random.pick([0, 0.2, 0.5, 1]),
  }
}

/**
 * Options to change on an open database. Whatever it was opened with, they are valid and lose nothing, so what it
 * answers stays the same.
 */
import type { MutableColumnFamilyOptions, MutableDatabaseOptions } from 'varve'
import type { Random } from '../random.ts'

const KIB = 1024
const compressions = ['none', 'snappy', 'zlib', 'lz4', 'zstd'] as const

/** One change, or a few that go together. */
export function randomFamilyChange(random: Random): MutableColumnFamilyOptions {
  const trigger = random.pick([1, 2, 3, 8])
  return random.pick<() => MutableColumnFamilyOptions>([
    () => ({ writeBufferSize: random.pick([64, 100, 1024]) * KIB }),
    // More than any option set merges at once.
    () => ({ maxWriteBufferNumber: random.between(11, 13) }),
    () => ({
      level0FileNumCompactionTrigger: trigger,
      level0SlowdownWritesTrigger: trigger + random.between(0, 6),
      level0StopWritesTrigger: trigger + random.between(6, 12),
    }),
    () => ({
      targetFileSizeBase: random.pick([4, 16, 1024]) * KIB,
      targetFileSizeMultiplier: random.pick([1, 3]),
    }),
    () => ({
      maxBytesForLevelBase: random.pick([4, 30, 1024]) * KIB,
      maxBytesForLevelMultiplier: random.pick([1, 2, 10]),
    }),
    () => ({ maxCompactionBytes: random.pick([4, 40, 4096]) * KIB }),
    () => ({ disableAutoCompactions: random.chance(0.3) }),
    () => ({ compression: random.pick(compressions), compressionPerLevel: [] }),
    () => ({ compressionPerLevel: [random.pick(compressions), random.pick(compressions)] }),
    () => ({
      bottommostCompression: random.pick(compressions),
      compressionMaxDictBytes: random.pick([0, 500]),
    }),
    () => ({ blockSize: random.pick([64, 512, 8192]), blockRestartInterval: random.pick([1, 3, 16]) }),
    () => ({ prefixExtractor: random.pick([{ fixed: 1 }, { fixed: 2 }, { capped: 3 }, 'nullptr']) }),
    () => ({
      enableBlobFiles: random.chance(0.5),
      minBlobSize: random.pick([0, 20, 1000]),
      blobFileSize: random.pick([500, 50_000]),
      blobGarbageCollectionAgeCutoff: random.pick([0, 0.5, 1]),
    }),
  ])()
}

export function randomDatabaseChange(random: Random): MutableDatabaseOptions {
  return random.pick<() => MutableDatabaseOptions>([
    () => ({ maxOpenFiles: random.pick([-1, 0, 1, 5, 100]) }),
    () => ({ maxBackgroundJobs: random.between(1, 4), maxSubcompactions: random.between(1, 3) }),
    () => ({ maxTotalWalSize: random.pick([0, 4, 100]) * KIB }),
    () => ({ delayedWriteRate: random.pick([1024, 64 * KIB]) * KIB }),
    () => ({ walSync: random.pick(['onRequest', 'always', { everyBytes: 3000 }]) }),
    () => ({ paranoidFileChecks: random.chance(0.5) }),
  ])()
}

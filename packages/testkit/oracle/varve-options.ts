/** Random options for databases that Varve writes: small sizes, so that a few thousand rows fill several levels. */
import type { ColumnFamilyOptions, OpenOptions } from 'varve'
import { MERGE_OPERATOR } from '../model/operations.ts'
import { allCompressions, randomBlobs } from '../model/random-blobs.ts'
import { randomMemtable } from '../model/random-memtable.ts'
import { randomStyle } from '../model/random-style.ts'
import { Random } from '../random.ts'

const KIB = 1024

const checksums = ['kNoChecksum', 'kCRC32c', 'kxxHash', 'kxxHash64', 'kXXH3'] as const

/** Any combination that `open` takes, of these compressions. */
export function randomOpenOptions(random: Random, compressions = allCompressions): OpenOptions {
  return {
    ...randomFamilyOptions(random, compressions),
    blockCacheSize: random.pick([0, 64 * KIB, 8 * KIB * KIB]),
    maxOpenFiles: random.pick([-1, -1, 20]),
    maxBackgroundJobs: random.between(1, 3),
    maxSubcompactions: random.between(1, 3),
    maxManifestFileSize: random.pick([KIB, 64 * KIB, KIB * KIB * KIB]),
    maxTotalWalSize: random.pick([0, 300 * KIB]),
    avoidFlushDuringRecovery: random.chance(0.3),
  }
}

export function randomFamilyOptions(random: Random, compressions = allCompressions): ColumnFamilyOptions {
  return {
    mergeOperator: MERGE_OPERATOR,
    writeBufferSize: random.pick([64, 100, 256, 1024]) * KIB,
    maxWriteBufferNumber: random.between(2, 4),
    level0FileNumCompactionTrigger: random.between(2, 6),
    targetFileSizeBase: random.pick([8, 32, 128, 512]) * KIB,
    maxBytesForLevelBase: random.pick([32, 128, 512, 4096]) * KIB,
    maxBytesForLevelMultiplier: random.pick([2, 4, 10]),
    levelCompactionDynamicLevelBytes: random.chance(0.6),
    disableAutoCompactions: random.chance(0.1),
    compression: random.pick(compressions),
    ...randomStyle(new Random(random.next())),
    ...randomBlobs(new Random(random.next()), compressions),
    ...randomMemtable(new Random(random.next())),
    ...(random.chance(0.3) ? { bottommostCompression: random.pick(compressions) } : {}),
    ...(random.chance(0.2)
      ? { compressionPerLevel: [random.pick(compressions), random.pick(compressions)] }
      : {}),
    ...randomTableFeatures(random),
    blockSize: random.pick([64, 512, 1024, 4096, 16384, 65536]),
    blockSizeDeviation: random.pick([0, 10, 50]),
    blockRestartInterval: random.pick([1, 2, 16, 64]),
    indexBlockRestartInterval: random.pick([1, 1, 4, 16]),
    bloomBitsPerKey: random.pick([0, 4, 10, 16]),
    formatVersion: random.between(2, 5),
    checksum: random.pick(checksums),
  }
}

/** Changes nothing. */
const keepFilter = { module: new URL('../metamorphic/keep-filter.ts', import.meta.url).href }

/** What few databases ask for; each is there in some cases. */
function randomTableFeatures(random: Random): ColumnFamilyOptions {
  const maybe = (options: ColumnFamilyOptions): ColumnFamilyOptions => (random.chance(0.3) ? options : {})
  return {
    ...maybe({ compressionMaxDictBytes: random.pick([100, 4 * KIB, 100 * KIB]) }),
    ...maybe({ compressionMaxDictBufferBytes: random.pick([1, 20 * KIB]) }),
    ...maybe({ bottommostCompressionMaxDictBytes: random.pick([0, 1000, 16 * KIB]) }),
    ...maybe({ bottommostCompressionLevel: random.pick([1, 6]) }),
    ...maybe({ optimizeFiltersForHits: true }),
    ...maybe({ compactionFilter: keepFilter }),
    ...maybe({ filterPolicy: 'ribbonfilter', bloomBeforeLevel: random.pick([-1, 0, 2]) }),
    ...maybe({
      dataBlockIndexType: 'kDataBlockBinaryAndHash',
      dataBlockHashTableUtilRatio: random.pick([0.2, 0.75, 4]),
    }),
    ...maybe({
      indexType: 'kTwoLevelIndexSearch',
      partitionFilters: random.chance(0.6),
      metadataBlockSize: random.pick([1, 100, 1000, 4 * KIB]),
    }),
    ...maybe({
      prefixExtractor: random.pick([{ fixed: 1 }, { fixed: 4 }, { capped: 3 }, 'rocksdb.Noop']),
      wholeKeyFiltering: random.chance(0.6),
    }),
  }
}

/** Random names for one to four column families, the default one first. */
export function randomFamilies(random: Random): string[] {
  const names = ['users', 'événements', 'a-b.c', 'long'.repeat(20)]
  return ['default', ...random.shuffle(names).slice(0, random.pick([0, 0, 1, 3]))]
}

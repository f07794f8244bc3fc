/**
 * The option sets that a history is played under: fixed ones with a name each, which take every option to its ends,
 * and random ones, which mix them. Most are small, so that a thousand steps fill several levels.
 */
import type { OpenOptions } from 'varve'
import { randomBlobs } from '../model/random-blobs.ts'
import { randomMemtable } from '../model/random-memtable.ts'
import { randomStyle } from '../model/random-style.ts'
import { Random } from '../random.ts'

export interface OptionSet {
  readonly name: string
  readonly options: OpenOptions
}

const KIB = 1024
const MIB = 1024 * KIB

/** Tables of 4 KiB and levels of 8: what all sets begin with, unless they say otherwise. */
const small: OpenOptions = {
  writeBufferSize: 64 * KIB,
  targetFileSizeBase: 4 * KIB,
  maxBytesForLevelBase: 8 * KIB,
  maxBytesForLevelMultiplier: 2,
  level0FileNumCompactionTrigger: 2,
  blockSize: 256,
}

/** A user's own operator, which threads load. */
const comparator = { module: new URL('./ordered.ts', import.meta.url).href }
const appendModule = new URL('./append.ts', import.meta.url).href

/** Filters that change nothing. */
const filterModule = new URL('./keep-filter.ts', import.meta.url).href

/** Nothing may be lost in these runs, so the size at which FIFO drops tables is never reached. */
const fifo: OpenOptions = { compactionStyle: 'fifo', compactionOptionsFifo: { maxTableFilesSize: 2 ** 40 } }

const universal = (
  compactionOptionsUniversal: OpenOptions['compactionOptionsUniversal'] = {},
): OpenOptions => ({
  compactionStyle: 'universal',
  compactionOptionsUniversal,
})

const collecting: OpenOptions = {
  enableBlobFiles: true,
  blobFileSize: KIB,
  blobGarbageCollectionAgeCutoff: 1,
  blobGarbageCollectionForceThreshold: 0.3,
}

/** By name: what differs from `small`. */
const differences: Record<string, OpenOptions> = {
  small: {},
  'operator by its name and delimiter': { mergeOperator: { name: 'stringappend', delimiter: ',' } },
  'operator of a module': { mergeOperator: { module: appendModule } },
  'operator without partial merge': {
    mergeOperator: { module: appendModule, export: 'withoutPartialMerge' },
  },
  'a filter of a module': { compactionFilter: { module: filterModule } },
  'a filter in flushes': { compactionFilter: { module: filterModule, export: 'inFlushes' } },
  'every key may expire': { expiringKeys: true },
  'every key may expire, with a filter': {
    expiringKeys: true,
    compactionFilter: { module: filterModule, export: 'inFlushes' },
  },
  'every key may expire, in blob files': {
    expiringKeys: true,
    enableBlobFiles: true,
    blobFileSize: 500,
    blobGarbageCollectionAgeCutoff: 1,
    compactionFilter: { module: filterModule, export: 'inFlushes' },
  },
  'a ttl database for ever': { columnFamilies: { default: { ttlDatabase: 0 } } },
  'a ttl database for sixty years': { columnFamilies: { default: { ttlDatabase: 2_000_000_000 } } },
  'a ttl database that hides nothing': {
    columnFamilies: { default: { ttlDatabase: 2_000_000_000, ttlHidesExpired: false } },
  },
  'comparator of a module': { comparator },
  'comparator of a module, partitioned': {
    comparator,
    indexType: 'kTwoLevelIndexSearch',
    partitionFilters: true,
    metadataBlockSize: 60,
    dataBlockIndexType: 'kDataBlockBinaryAndHash',
  },
  'comparator of a module, universal': { comparator, ...universal(), maxSubcompactions: 4 },
  'comparator of a module, one open file': { comparator, maxOpenFiles: 1, blockCacheSize: 0 },
  'format version 2': { formatVersion: 2, checksum: 'kCRC32c' },
  'format version 3': { formatVersion: 3, checksum: 'kxxHash' },
  'format version 4': { formatVersion: 4, indexBlockRestartInterval: 8 },
  'format version 5': { formatVersion: 5 },
  'format version 6': { formatVersion: 6, checksum: 'kxxHash64' },
  'format version 7': { formatVersion: 7 },
  'no compression': { compression: 'none' },
  snappy: { compression: 'snappy' },
  'zlib, level 1': { compression: 'zlib', compressionLevel: 1 },
  'zlib, level 9': { compression: 'zlib', compressionLevel: 9 },
  lz4: { compression: 'lz4', blockSize: 1024 },
  'zstd, fastest': { compression: 'zstd', compressionLevel: -5 },
  'zstd, level 19': { compression: 'zstd', compressionLevel: 19 },
  'compression by level': { compressionPerLevel: ['none', 'snappy', 'lz4', 'zstd'] },
  'bottom zstd': { compression: 'none', bottommostCompression: 'zstd' },
  'bottom plain': { compression: 'zlib', bottommostCompression: 'none' },
  'zstd with dictionaries': { compression: 'zstd', compressionMaxDictBytes: KIB },
  'lz4 with dictionaries of early blocks': {
    compression: 'lz4',
    compressionMaxDictBytes: 64 * KIB,
    compressionMaxDictBufferBytes: KIB,
  },
  'bottom with dictionaries': {
    bottommostCompression: 'zlib',
    bottommostCompressionLevel: 9,
    bottommostCompressionMaxDictBytes: 500,
  },
  'no filter at the bottom': { optimizeFiltersForHits: true, bloomBitsPerKey: 16 },
  'fixed prefixes of one byte': { prefixExtractor: { fixed: 1 } },
  'fixed prefixes of three bytes': { prefixExtractor: { fixed: 3 } },
  'nothing but capped prefixes': { prefixExtractor: { capped: 2 }, wholeKeyFiltering: false },
  'hash indexes in blocks': { dataBlockIndexType: 'kDataBlockBinaryAndHash', blockRestartInterval: 2 },
  'partitions of the index': { indexType: 'kTwoLevelIndexSearch', metadataBlockSize: 100 },
  'partitions of index and filter': {
    indexType: 'kTwoLevelIndexSearch',
    partitionFilters: true,
    metadataBlockSize: 64,
    prefixExtractor: { fixed: 2 },
  },
  'Ribbon filters': { filterPolicy: 'ribbonfilter', bloomBeforeLevel: -1, targetFileSizeBase: 64 * KIB },
  'no whole keys': { wholeKeyFiltering: false },
  'no checksum': { checksum: 'kNoChecksum' },
  crc32c: { checksum: 'kCRC32c', paranoidFileChecks: true },
  xxhash: { checksum: 'kxxHash' },
  xxhash64: { checksum: 'kxxHash64' },
  'blocks of 64 bytes': { blockSize: 64, blockSizeDeviation: 0 },
  'blocks of 64 KiB': { blockSize: 64 * KIB, blockSizeDeviation: 100 },
  'restart at every key': { blockRestartInterval: 1, indexBlockRestartInterval: 1 },
  'no restarts': { blockRestartInterval: 65535, indexBlockRestartInterval: 65535, blockSize: 4 * KIB },
  'no filter': { bloomBitsPerKey: 0 },
  'filter of one bit': { bloomBitsPerKey: 1 },
  'filter of 100 bits': { bloomBitsPerKey: 100 },
  'memtables merged': { minWriteBufferNumberToMerge: 3, maxWriteBufferNumber: 5, dbWriteBufferSize: 8 * KIB },
  'many memtables': { minWriteBufferNumberToMerge: 8, maxWriteBufferNumber: 10, dbWriteBufferSize: 4 * KIB },
  'memtables without an order': { memtable: 'hash' },
  'memtables without an order, merged': {
    memtable: 'hash',
    minWriteBufferNumberToMerge: 3,
    maxWriteBufferNumber: 5,
    dbWriteBufferSize: 8 * KIB,
  },
  'one family of point lookups': {
    columnFamilies: { users: { memtable: 'hash' } },
    dbWriteBufferSize: 6 * KIB,
  },
  'tiny write buffers': { dbWriteBufferSize: 8 * KIB },
  'large write buffers': { writeBufferSize: 64 * MIB },
  'two levels': { numLevels: 2 },
  'three levels, fixed sizes': { numLevels: 3, levelCompactionDynamicLevelBytes: false },
  'fixed level sizes': { levelCompactionDynamicLevelBytes: false, maxBytesForLevelBase: 4 * KIB },
  'levels that do not grow': { maxBytesForLevelMultiplier: 1, maxBytesForLevelBase: 4 * KIB },
  '64 levels': { numLevels: 64, maxBytesForLevelMultiplier: 1.5, levelCompactionDynamicLevelBytes: false },
  'compacts at one file': { level0FileNumCompactionTrigger: 1 },
  'slowed and stopped': { level0SlowdownWritesTrigger: 2, level0StopWritesTrigger: 3 },
  'stopped by bytes': { softPendingCompactionBytesLimit: 1, hardPendingCompactionBytesLimit: 16 * KIB },
  'no automatic compaction': { disableAutoCompactions: true },
  'large tables': { targetFileSizeBase: 64 * MIB, maxBytesForLevelBase: 256 * MIB },
  'tables that grow': { targetFileSizeMultiplier: 4 },
  'small compactions': { maxCompactionBytes: 4 * KIB },
  'four subcompactions': { maxSubcompactions: 4, targetFileSizeBase: 4 * KIB },
  'eight jobs': { maxBackgroundJobs: 8, maxSubcompactions: 2 },
  'one job': { maxBackgroundJobs: 1 },
  'no cache': { blockCacheSize: 0 },
  'cache of 4 KiB': { blockCacheSize: 4 * KIB },
  'indexes in a cache of 4 KiB': { blockCacheSize: 4 * KIB, cacheIndexAndFilterBlocks: true },
  'indexes in the cache, level 0 pinned': {
    blockCacheSize: 16 * KIB,
    cacheIndexAndFilterBlocks: true,
    pinL0FilterAndIndexBlocksInCache: true,
    maxOpenFiles: 3,
  },
  'small memory budget': { memoryBudget: 4 * MIB, dbWriteBufferSize: 16 * KIB, blockCacheSize: 8 * KIB },
  'one open file': { maxOpenFiles: 1 },
  'no open files': { maxOpenFiles: 0, blockCacheSize: 0 },
  'five open files': { maxOpenFiles: 5 },
  'strict recovery': { walRecoveryMode: 'strict', avoidFlushDuringRecovery: true },
  'tolerant recovery': { walRecoveryMode: 'kTolerateCorruptedTailRecords' },
  'absolute recovery': { walRecoveryMode: 'kAbsoluteConsistency' },
  'recovery to a point': { walRecoveryMode: 'kPointInTimeRecovery', avoidFlushDuringRecovery: true },
  'skipping recovery': { walRecoveryMode: 'kSkipAnyCorruptedRecords' },
  'always synced': { walSync: 'always' },
  'synced every 500 bytes': { walSync: { everyBytes: 500 } },
  'synced every millisecond': { walSync: { everyMs: 1 } },
  'no flush at recovery': { avoidFlushDuringRecovery: true },
  'no flush at shutdown': { avoidFlushDuringShutdown: true, avoidFlushDuringRecovery: true },
  'paranoid about files': { paranoidFileChecks: true },
  'not paranoid': { paranoidChecks: false },
  'small logs': { maxTotalWalSize: 4 * KIB },
  'small MANIFEST': { maxManifestFileSize: KIB },
  'small commit groups': { maxWriteBatchGroupSizeBytes: 4 * KIB },
  'slow when slowed': { level0SlowdownWritesTrigger: 2, delayedWriteRate: 1024 * KIB },
  universal: universal(),
  'universal, in one level': { ...universal(), numLevels: 1 },
  'universal, in two levels': { ...universal(), numLevels: 2, level0FileNumCompactionTrigger: 4 },
  'universal, runs of similar size': universal({ stopStyle: 'similarSize', sizeRatio: 50 }),
  'universal, least space': universal({ maxSizeAmplificationPercent: 0 }),
  'universal, never for space': universal({ maxSizeAmplificationPercent: 1_000_000, maxMergeWidth: 2 }),
  'universal, wide': universal({ minMergeWidth: 4 }),
  'universal, moving': universal({ allowTrivialMove: true, maxSizeAmplificationPercent: 1000 }),
  'universal, partly compressed': { ...universal({ compressionSizePercent: 60 }), compression: 'zlib' },
  'universal, divided': { ...universal(), maxSubcompactions: 4, maxBackgroundJobs: 4 },
  'universal, stopped early': {
    ...universal(),
    level0SlowdownWritesTrigger: 2,
    level0StopWritesTrigger: 3,
  },
  fifo,
  'fifo, merging': { ...fifo, compactionOptionsFifo: { maxTableFilesSize: 2 ** 40, allowCompaction: true } },
  'fifo, in one level': { ...fifo, numLevels: 1 },
  'all values in blob files': { enableBlobFiles: true },
  'a blob file for each value': {
    enableBlobFiles: true,
    blobFileSize: 1,
    blobGarbageCollectionAgeCutoff: 0.5,
  },
  'large values in blob files': { enableBlobFiles: true, minBlobSize: 64, blobFileSize: 4 * KIB },
  'blob files, zlib': { enableBlobFiles: true, blobCompressionType: 'zlib', blobFileSize: 16 * KIB },
  'blob files, collected whenever there is garbage': {
    ...collecting,
    blobGarbageCollectionForceThreshold: 0,
    blobCompressionType: 'snappy',
  },
  'blob files, never collected': {
    ...collecting,
    enableBlobGarbageCollection: false,
    blobCompressionType: 'lz4',
  },
  'blob files from level 2 on': { ...collecting, blobFileStartingLevel: 2, blobCompressionType: 'zstd' },
  'blob files of universal, divided': {
    ...universal(),
    ...collecting,
    maxSubcompactions: 3,
    maxOpenFiles: 2,
  },
  'blob files of fifo': { ...fifo, enableBlobFiles: true, blobFileSize: 2 * KIB },
  'blob files, divided': { ...collecting, maxSubcompactions: 4, paranoidFileChecks: true },
  'one family with blob files': { columnFamilies: { users: { enableBlobFiles: true, minBlobSize: 10 } } },
  'families of all styles': {
    ...universal(),
    columnFamilies: { users: fifo, log: { compactionStyle: 'leveled' } },
  },
  'families of their own': {
    columnFamilies: {
      users: { compression: 'zstd', bloomBitsPerKey: 0, maxBytesForLevelMultiplier: 1 },
      log: { blockSize: 64, disableAutoCompactions: true },
    },
  },
}

export const fixedSets: readonly OptionSet[] = [
  { name: 'defaults', options: {} },
  { name: 'memory budget', options: { memoryBudget: 4 * MIB } },
  ...Object.entries(differences).map(([name, options]) => ({ name, options: { ...small, ...options } })),
]

const compressions = ['none', 'snappy', 'zlib', 'lz4', 'zstd'] as const
const checksums = ['kNoChecksum', 'kCRC32c', 'kxxHash', 'kxxHash64', 'kXXH3'] as const

/** Each option is left alone, or drawn from its ends and its middle. */
export function randomSet(number: number): OptionSet {
  const random = new Random(number).fork(21)
  const maybe = (options: OpenOptions): OpenOptions => (random.chance(0.4) ? options : {})
  const trigger = random.pick([1, 2, 3, 6])
  const merged = random.pick([1, 1, 2, 3])
  const options: OpenOptions = {
    ...small,
    level0FileNumCompactionTrigger: trigger,
    maxWriteBufferNumber: merged + random.between(1, 3),
    minWriteBufferNumberToMerge: merged,
    ...maybe({ numLevels: random.pick([2, 3, 5, 12]) }),
    ...maybe({ targetFileSizeBase: random.pick([4, 8, 32, 1024]) * KIB }),
    ...maybe({ targetFileSizeMultiplier: random.pick([1, 2, 10]) }),
    ...maybe({ maxBytesForLevelBase: random.pick([4, 16, 64, 1024]) * KIB }),
    ...maybe({ maxBytesForLevelMultiplier: random.pick([1, 1.5, 3, 10]) }),
    ...maybe({ levelCompactionDynamicLevelBytes: random.chance(0.3) }),
    ...maybe({ maxCompactionBytes: random.pick([4, 20, 200]) * KIB }),
    ...maybe({ disableAutoCompactions: random.chance(0.3) }),
    // Otherwise there is rarely a second memtable to merge.
    ...(merged > 1 ? { dbWriteBufferSize: random.pick([4, 8]) * KIB } : {}),
    ...maybe({ dbWriteBufferSize: random.pick([6, 20, 60]) * KIB }),
    ...maybe({
      level0SlowdownWritesTrigger: trigger + random.below(3),
      level0StopWritesTrigger: trigger + 4,
    }),
    ...maybe({ compression: random.pick(compressions) }),
    ...maybe({ bottommostCompression: random.pick(compressions) }),
    ...maybe({ compressionPerLevel: [random.pick(compressions), random.pick(compressions)] }),
    ...maybe({ compressionMaxDictBytes: random.pick([10, 700, 20_000]) }),
    ...maybe({ bottommostCompressionMaxDictBytes: random.pick([0, 300]) }),
    ...maybe({ optimizeFiltersForHits: true }),
    ...maybe({ prefixExtractor: random.pick([{ fixed: 1 }, { fixed: 2 }, { capped: 3 }]) }),
    ...maybe({ wholeKeyFiltering: false }),
    ...maybe({ filterPolicy: 'ribbonfilter', bloomBeforeLevel: random.pick([-1, 1]) }),
    ...maybe({ dataBlockIndexType: 'kDataBlockBinaryAndHash' }),
    ...maybe({
      indexType: 'kTwoLevelIndexSearch',
      partitionFilters: random.chance(0.7),
      metadataBlockSize: random.pick([1, 60, 400]),
    }),
    ...maybe({
      blockSize: random.pick([64, 1024, 4096, 65536]),
      blockSizeDeviation: random.pick([0, 10, 90]),
    }),
    ...maybe({ blockRestartInterval: random.pick([1, 2, 16, 1000]) }),
    ...maybe({ indexBlockRestartInterval: random.pick([1, 3, 16]) }),
    ...maybe({ bloomBitsPerKey: random.pick([0, 2, 16, 30]) }),
    ...maybe({ formatVersion: random.between(2, 7) }),
    ...maybe({ checksum: random.pick(checksums) }),
    ...maybe({ blockCacheSize: random.pick([0, 2 * KIB, 64 * KIB]) }),
    ...maybe({ maxOpenFiles: random.pick([0, 1, 3, 20]) }),
    ...maybe({ maxBackgroundJobs: random.between(1, 6), maxSubcompactions: random.between(1, 4) }),
    ...maybe({ maxTotalWalSize: random.pick([2, 10, 50]) * KIB }),
    ...maybe({ maxManifestFileSize: random.pick([1, 4, 40]) * KIB }),
    ...maybe({ maxWriteBatchGroupSizeBytes: random.pick([4, 64]) * KIB }),
    ...maybe({ walRecoveryMode: random.pick(['kPointInTimeRecovery', 'kAbsoluteConsistency']) }),
    ...maybe({ walSync: random.pick(['always', { everyBytes: 2000 }, { everyMs: 5 }]) }),
    ...maybe({ avoidFlushDuringRecovery: true }),
    ...maybe({ avoidFlushDuringShutdown: true }),
    ...maybe({ paranoidFileChecks: true }),
  }
  const chance = new Random(number).fork(22)
  const style = randomStyle(chance)
  const oneLevel = style.compactionStyle !== undefined && chance.chance(0.2) ? { numLevels: 1 } : {}
  const blobs = randomBlobs(new Random(number).fork(23))
  const limits = new Random(number).fork(24)
  const cached: OpenOptions = limits.chance(0.3)
    ? { cacheIndexAndFilterBlocks: true, pinL0FilterAndIndexBlocksInCache: limits.chance(0.3) }
    : {}
  const memtable = randomMemtable(new Random(number).fork(25))
  const drawn = { ...options, ...style, ...oneLevel, ...blobs, ...cached, ...memtable }
  return { name: `random ${number}`, options: drawn }
}

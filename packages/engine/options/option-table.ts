/**
 * The table of options: what each may be, and its default. What they mean is said in option-types.ts, how they
 * are checked and completed in options.ts.
 */

import { prefixExtractor } from '@varve/format/key'
import { BlockCache } from '../cache/index.ts'
import { isFilterOption } from '../compaction-filter/index.ts'
import { isComparatorOption } from '../comparator/index.ts'
import { WriteBufferManager } from '../memtable/index.ts'
import { builtInMergeNames, isMergeOption } from '../merge/index.ts'
import { RateLimiter } from '../rate-limiter/index.ts'
import { type BlobOptions, blobRules } from './blob-options.ts'
import type {
  ChecksumName,
  ColumnFamilyOptions,
  CompactionOptionsFifo,
  CompactionOptionsUniversal,
  DatabaseOptions,
  PrefixExtractorOption,
  WalRecoveryMode,
} from './option-types.ts'
import {
  boolean,
  compressionNames,
  compressionRule,
  instanceOf,
  integer,
  number,
  oneOf,
  type Rule,
} from './rule.ts'
import { compactionStyles, fifoDefaults, struct, universalDefaults } from './style-options.ts'

/** Options for which to be absent means something. */
type OpenOption =
  | 'compressionLevel'
  | 'bottommostCompression'
  | 'bottommostCompressionLevel'
  | 'bottommostCompressionMaxDictBytes'
  | 'bottommostCompressionMaxDictBufferBytes'
  | 'comparator'
  | 'mergeOperator'
  | 'compactionFilter'
  | 'ttlDatabase'
  | keyof BlobOptions

/** Complete options of a column family: every other field is set. */
export type ResolvedColumnFamilyOptions = Required<
  Omit<ColumnFamilyOptions, OpenOption | 'prefixExtractor' | keyof StyleStructs>
> &
  Pick<ColumnFamilyOptions, OpenOption> &
  StyleStructs & {
    /** By RocksDB's name. */
    prefixExtractor?: string
  }

interface StyleStructs {
  compactionOptionsUniversal: Required<CompactionOptionsUniversal>
  compactionOptionsFifo: Required<CompactionOptionsFifo>
}

/** Complete options of a database. */
export type ResolvedDatabaseOptions = Required<Omit<DatabaseOptions, 'memoryBudget' | SharedObject>> &
  Pick<DatabaseOptions, SharedObject>

/** What several databases may be given. */
type SharedObject = 'rateLimiter' | 'writeBufferManager' | 'blockCache'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

const checksumNames: readonly ChecksumName[] = ['kNoChecksum', 'kCRC32c', 'kxxHash', 'kxxHash64', 'kXXH3']
const recoveryModes: readonly WalRecoveryMode[] = [
  'strict',
  'kTolerateCorruptedTailRecords',
  'kAbsoluteConsistency',
  'kPointInTimeRecovery',
  'kSkipAnyCorruptedRecords',
]
const compression = compressionRule
const compressionLevel = integer(-131072, 22)
/** A dictionary is written whole into each table. */
const dictionarySize = integer(0, 16 * MIB)
const compressionList: Rule = {
  describe: `a list of ${compressionNames.join(', ')}`,
  accepts: value => Array.isArray(value) && value.every(name => compression.accepts(name)),
}
const extractor: Rule = {
  describe: "{ fixed: 1 or more }, { capped: 1 or more } or one of RocksDB's names, as rocksdb.FixedPrefix.8",
  accepts: value => extractorName(value as PrefixExtractorOption) !== undefined,
}

/** RocksDB's name of an extractor, however it was given, or `undefined` when there is no such one. */
export function extractorName(given: PrefixExtractorOption): string | undefined {
  if (given === 'nullptr') return given
  if (typeof given === 'string') return prefixExtractor(given)?.name
  if (typeof given !== 'object' || given === null || Object.keys(given).length !== 1) return undefined
  const [[kind, length]] = Object.entries(given)
  return prefixExtractor(`${kind}:${length}`)?.name
}

const walSync: Rule = {
  describe: "'onRequest', 'always', { everyBytes: 1 or more } or { everyMs: 1 or more }",
  accepts(value) {
    if (value === 'onRequest' || value === 'always') return true
    if (typeof value !== 'object' || value === null) return false
    const entries = Object.entries(value)
    return (
      entries.length > 0 &&
      entries.every(
        ([name, limit]) =>
          ['everyBytes', 'everyMs'].includes(name) && Number.isSafeInteger(limit) && limit >= 1,
      )
    )
  },
}

const mergeOperator: Rule = {
  describe: `one of ${builtInMergeNames.join(', ')}, { name: 'stringappend', delimiter }, { module, export } or an object with name and fullMerge`,
  accepts: isMergeOption,
}

const compactionFilter: Rule = {
  describe: '{ module, export }, an object with name and filter, or a function',
  accepts: isFilterOption,
}

const comparator: Rule = {
  describe:
    'leveldb.BytewiseComparator, rocksdb.ReverseBytewiseComparator, rocksdb.Uint64Comparator or { module, export }',
  accepts: isComparatorOption,
}

export const columnFamilyRules: Record<keyof ColumnFamilyOptions, Rule> = {
  writeBufferSize: integer(64 * KIB, 4 * GIB),
  maxWriteBufferNumber: integer(2, 1000),
  minWriteBufferNumberToMerge: integer(1, 999),
  memtable: oneOf('tree', 'hash'),
  compactionStyle: oneOf(...compactionStyles),
  compactionOptionsUniversal: struct,
  compactionOptionsFifo: struct,
  ttl: integer(0, Number.MAX_SAFE_INTEGER),
  numLevels: integer(1, 64),
  level0FileNumCompactionTrigger: integer(1, 1_000_000),
  level0SlowdownWritesTrigger: integer(1, 1_000_000),
  level0StopWritesTrigger: integer(1, 1_000_000),
  targetFileSizeBase: integer(4 * KIB, 64 * GIB),
  targetFileSizeMultiplier: integer(1, 1000),
  maxBytesForLevelBase: integer(4 * KIB, 1024 * GIB),
  maxBytesForLevelMultiplier: number(1, 1000),
  levelCompactionDynamicLevelBytes: boolean,
  maxCompactionBytes: integer(4 * KIB, Number.MAX_SAFE_INTEGER),
  softPendingCompactionBytesLimit: integer(0, Number.MAX_SAFE_INTEGER),
  hardPendingCompactionBytesLimit: integer(0, Number.MAX_SAFE_INTEGER),
  disableAutoCompactions: boolean,
  compression,
  compressionPerLevel: compressionList,
  bottommostCompression: compression,
  compressionLevel,
  compressionMaxDictBytes: dictionarySize,
  compressionMaxDictBufferBytes: integer(0, Number.MAX_SAFE_INTEGER),
  bottommostCompressionLevel: compressionLevel,
  bottommostCompressionMaxDictBytes: dictionarySize,
  bottommostCompressionMaxDictBufferBytes: integer(0, Number.MAX_SAFE_INTEGER),
  optimizeFiltersForHits: boolean,
  blockSize: integer(64, GIB),
  blockSizeDeviation: integer(0, 100),
  blockRestartInterval: integer(1, 65535),
  indexBlockRestartInterval: integer(1, 65535),
  dataBlockIndexType: oneOf('kDataBlockBinarySearch', 'kDataBlockBinaryAndHash'),
  dataBlockHashTableUtilRatio: number(0.01, 100),
  indexType: oneOf('kBinarySearch', 'kTwoLevelIndexSearch'),
  partitionFilters: boolean,
  metadataBlockSize: integer(1, GIB),
  bloomBitsPerKey: number(0, 100),
  filterPolicy: oneOf('bloomfilter', 'ribbonfilter'),
  bloomBeforeLevel: integer(-1, 0x7fff_ffff),
  wholeKeyFiltering: boolean,
  prefixExtractor: extractor,
  formatVersion: integer(2, 7),
  checksum: oneOf(...checksumNames),
  ...blobRules,
  comparator,
  mergeOperator,
  compactionFilter,
  expiringKeys: boolean,
  ttlDatabase: integer(0, 0x7fff_ffff),
  ttlHidesExpired: boolean,
}

export const databaseRules: Record<keyof DatabaseOptions, Rule> = {
  createIfMissing: boolean,
  errorIfExists: boolean,
  readOnly: boolean,
  paranoidChecks: boolean,
  paranoidFileChecks: boolean,
  maxOpenFiles: integer(-1, 1_000_000),
  blockCacheSize: integer(0, 1024 * GIB),
  blockCache: instanceOf(BlockCache),
  cacheIndexAndFilterBlocks: boolean,
  pinL0FilterAndIndexBlocksInCache: boolean,
  memoryBudget: integer(4 * MIB, 1024 * GIB),
  dbWriteBufferSize: integer(0, 1024 * GIB),
  maxTotalWalSize: integer(0, Number.MAX_SAFE_INTEGER),
  maxBackgroundJobs: integer(1, 64),
  maxSubcompactions: integer(1, 64),
  rateLimiter: instanceOf(RateLimiter),
  writeBufferManager: instanceOf(WriteBufferManager),
  delayedWriteRate: integer(KIB, 64 * GIB),
  writeStallTimeoutMs: integer(0, 86_400_000),
  maxWriteBatchGroupSizeBytes: integer(4 * KIB, GIB),
  maxManifestFileSize: integer(KIB, 64 * GIB),
  walRecoveryMode: oneOf(...recoveryModes),
  walSync,
  avoidFlushDuringRecovery: boolean,
  avoidFlushDuringShutdown: boolean,
}

export const columnFamilyDefaults: ResolvedColumnFamilyOptions = {
  writeBufferSize: 64 * MIB,
  maxWriteBufferNumber: 2,
  minWriteBufferNumberToMerge: 1,
  memtable: 'tree',
  compactionStyle: 'leveled',
  compactionOptionsUniversal: universalDefaults,
  compactionOptionsFifo: fifoDefaults,
  ttl: 0,
  numLevels: 7,
  level0FileNumCompactionTrigger: 4,
  level0SlowdownWritesTrigger: 20,
  level0StopWritesTrigger: 36,
  targetFileSizeBase: 64 * MIB,
  targetFileSizeMultiplier: 1,
  maxBytesForLevelBase: 256 * MIB,
  maxBytesForLevelMultiplier: 10,
  levelCompactionDynamicLevelBytes: true,
  maxCompactionBytes: 25 * 64 * MIB,
  softPendingCompactionBytesLimit: 64 * GIB,
  hardPendingCompactionBytesLimit: 256 * GIB,
  disableAutoCompactions: false,
  compression: 'lz4',
  compressionPerLevel: [],
  compressionMaxDictBytes: 0,
  compressionMaxDictBufferBytes: 0,
  optimizeFiltersForHits: false,
  blockSize: 4 * KIB,
  blockSizeDeviation: 10,
  blockRestartInterval: 16,
  indexBlockRestartInterval: 1,
  dataBlockIndexType: 'kDataBlockBinarySearch',
  dataBlockHashTableUtilRatio: 0.75,
  indexType: 'kBinarySearch',
  partitionFilters: false,
  metadataBlockSize: 4 * KIB,
  bloomBitsPerKey: 10,
  filterPolicy: 'bloomfilter',
  bloomBeforeLevel: 0,
  wholeKeyFiltering: true,
  formatVersion: 5,
  checksum: 'kXXH3',
  expiringKeys: false,
  ttlHidesExpired: true,
}

export const databaseDefaults: ResolvedDatabaseOptions = {
  createIfMissing: true,
  errorIfExists: false,
  readOnly: false,
  paranoidChecks: true,
  paranoidFileChecks: false,
  maxOpenFiles: -1,
  blockCacheSize: 32 * MIB,
  cacheIndexAndFilterBlocks: false,
  pinL0FilterAndIndexBlocksInCache: false,
  dbWriteBufferSize: 0,
  maxTotalWalSize: 0,
  maxBackgroundJobs: 2,
  maxSubcompactions: 1,
  delayedWriteRate: 16 * MIB,
  writeStallTimeoutMs: 0,
  maxWriteBatchGroupSizeBytes: MIB,
  maxManifestFileSize: GIB,
  walRecoveryMode: 'strict',
  walSync: 'onRequest',
  avoidFlushDuringRecovery: false,
  avoidFlushDuringShutdown: false,
}

/**
 * Every option, with its meaning, unit and default. Names are RocksDB's in camel case; RocksDB's own
 * spelling (`write_buffer_size`) is taken as well. Defaults are RocksDB's except where a line says why not.
 * `options.ts` holds the ranges and checks them.
 */

import type { FilterPolicyName } from '@varve/format/sst'
import type { BlockCache } from '../cache/index.ts'
import type { FilterOption } from '../compaction-filter/index.ts'
import type { ComparatorOption } from '../comparator/index.ts'
import type { MemtableKind, WriteBufferManager } from '../memtable/index.ts'
import type { MergeOption } from '../merge/index.ts'
import type { RateLimiter } from '../rate-limiter/index.ts'

export type { FilterPolicyName }

/** Block compression by its common name. */
export type CompressionName = 'none' | 'snappy' | 'zlib' | 'lz4' | 'zstd'

/** Block checksum by RocksDB's name. */
export type ChecksumName = 'kNoChecksum' | 'kCRC32c' | 'kxxHash' | 'kxxHash64' | 'kXXH3'

/**
 * What recovery does with a damaged write-ahead log. `strict`, the default, cuts a torn tail only where
 * nothing proves that the bytes had reached the disk, and fails with `CORRUPTION` otherwise. The other four
 * are RocksDB's modes and behave as there.
 */
export type WalRecoveryMode =
  | 'strict'
  | 'kTolerateCorruptedTailRecords'
  | 'kAbsoluteConsistency'
  | 'kPointInTimeRecovery'
  | 'kSkipAnyCorruptedRecords'

/**
 * When the write-ahead log is synced to disk beside the writes that ask for it (`sync: true`):
 * `onRequest`, never; `always`, before every acknowledgement; `{ everyBytes }`, before the acknowledgement of
 * the write that completes so many bytes; `{ everyMs }`, in the background after so many milliseconds.
 */
export type WalSync = 'onRequest' | 'always' | { everyBytes?: number; everyMs?: number }

/**
 * How tables are merged. `leveled` keeps levels, each ten times the one above: least space, quick reads. `universal`
 * merges neighbouring sorted runs of similar size: least writing, more space. `fifo` merges nothing and drops the
 * oldest tables whole when there are too many or they are too old: for caches and logs that may lose what is old.
 */
export type CompactionStyle = 'leveled' | 'universal' | 'fifo'

/** When `universal` merges what. A sorted run is a file of level 0 or a deeper level. */
export interface CompactionOptionsUniversal {
  /** Percent by which a run may be larger than all newer ones picked before it and still go with them. Default 1. */
  sizeRatio?: number
  /** Fewest runs that are merged at once. Default 2. */
  minMergeWidth?: number
  /** Most runs that are merged at once, except to save space. Default 4294967295. */
  maxMergeWidth?: number
  /** Bytes of all newer runs, in percent of the oldest, at which everything is merged. Default 200. */
  maxSizeAmplificationPercent?: number
  /**
   * With 0 to 100: outputs with so many percent of all data below them, and flushes, are not compressed.
   * Default -1: everything is.
   */
  compressionSizePercent?: number
  /** `totalSize` compares a run with the sum of those picked before it, `similarSize` with the last one. Default totalSize. */
  stopStyle?: 'totalSize' | 'similarSize'
  /** Moves runs that do not overlap instead of merging them. Default false. */
  allowTrivialMove?: boolean
}

export interface CompactionOptionsFifo {
  /** Bytes of all tables at which the oldest are dropped. Default 1 GiB. */
  maxTableFilesSize?: number
  /** Merges small tables of level 0 into larger ones. Default false. */
  allowCompaction?: boolean
}

/** What finds a key in a table, by RocksDB's name: one index block, or one that leads to partitions of the index. */
export type IndexTypeName = 'kBinarySearch' | 'kTwoLevelIndexSearch'

/** What finds a key in a data block: restart points, or a hash index beside them. */
export type DataBlockIndexTypeName = 'kDataBlockBinarySearch' | 'kDataBlockBinaryAndHash'

/**
 * What counts as the prefix of a key: its first so many bytes, where it has them (`fixed`) or as far as it has them
 * (`capped`); or RocksDB's name for that, such as `rocksdb.FixedPrefix.8` or `rocksdb.Noop`. `nullptr`: none.
 */
export type PrefixExtractorOption = string | { fixed: number } | { capped: number }

/** Options of one column family. Given to `open`, they hold for every family that does not say otherwise. */
export interface ColumnFamilyOptions {
  /** Bytes a memtable takes before it is sealed and flushed. Default 64 MiB. */
  writeBufferSize?: number
  /** Memtables, active and sealed, at which writes stop until one is flushed. Default 2. */
  maxWriteBufferNumber?: number
  /** Sealed memtables that are waited for before a flush merges them. Default 1. */
  minWriteBufferNumberToMerge?: number
  /**
   * `tree` keeps a memtable in order; `hash` leaves that until it is asked for, by a scan or a read at a snapshot, or done by
   * the thread that flushes: for column families whose keys are looked up one by one. Bytewise ones only. Default tree.
   */
  memtable?: MemtableKind
  /** See `CompactionStyle`. Default leveled. */
  compactionStyle?: CompactionStyle
  /** What `universal` goes by. */
  compactionOptionsUniversal?: CompactionOptionsUniversal
  /** What `fifo` goes by. */
  compactionOptionsFifo?: CompactionOptionsFifo
  /**
   * Seconds after which `fifo` drops a table whose newest entry is older, and `universal` merges everything again;
   * 0 for never. Default 0.
   */
  ttl?: number
  /** Levels of the tree; 1 only for universal and fifo. Default 7. */
  numLevels?: number
  /** Files in level 0, or sorted runs under universal, that start a compaction. Default 4. */
  level0FileNumCompactionTrigger?: number
  /** Files in level 0, or sorted runs under universal, at which writes are slowed; not under fifo. Default 20. */
  level0SlowdownWritesTrigger?: number
  /** Files in level 0, or sorted runs under universal, at which writes stop; not under fifo. Default 36. */
  level0StopWritesTrigger?: number
  /** Bytes of a table file in level 1. Default 64 MiB. */
  targetFileSizeBase?: number
  /** Growth of the table size from level to level. Default 1. */
  targetFileSizeMultiplier?: number
  /** Bytes of level 1, or of the base level when level sizes are dynamic. Default 256 MiB. */
  maxBytesForLevelBase?: number
  /** Growth of the level size from level to level. Default 10. */
  maxBytesForLevelMultiplier?: number
  /** Derives level sizes from the size of the last level, so that space amplification stays near 1.1. Default true. */
  levelCompactionDynamicLevelBytes?: boolean
  /** Most bytes one compaction may read. Default 25 times `targetFileSizeBase`. */
  maxCompactionBytes?: number
  /** Bytes waiting for compaction at which writes are slowed; 0 for no limit. Default 64 GiB. */
  softPendingCompactionBytesLimit?: number
  /** Bytes waiting for compaction at which writes stop; 0 for no limit. Default 256 GiB. */
  hardPendingCompactionBytesLimit?: number
  /** Turns automatic compaction off; `compact` still works. Default false. */
  disableAutoCompactions?: boolean
  /** Compression of data and index blocks. Default lz4 (RocksDB's since 11.5; snappy before). */
  compression?: CompressionName
  /** Compression by level; the last entry holds for all deeper levels. Default: `compression` everywhere. */
  compressionPerLevel?: readonly CompressionName[]
  /** Compression of the last level. Default: as `compression` says. */
  bottommostCompression?: CompressionName
  /** Level given to zlib and zstd. Default: the codec's own. */
  compressionLevel?: number
  /**
   * Most bytes of the dictionary that the data blocks of a table are compressed with, for lz4, zlib and zstd; 0 for
   * none. It is raw content, sampled from the table's own blocks, which are held in memory until then. Default 0.
   */
  compressionMaxDictBytes?: number
  /** Bytes of blocks held for the dictionary; 0 for no limit but the size of the table. Default 0. */
  compressionMaxDictBufferBytes?: number
  /**
   * The three above for the last level. Given one of them, the others are as if not given, for that level; without
   * any, the last level is as the rest.
   */
  bottommostCompressionLevel?: number
  bottommostCompressionMaxDictBytes?: number
  bottommostCompressionMaxDictBufferBytes?: number
  /** Leaves the filter out of tables of the last level: most lookups that get there find their key. Default false. */
  optimizeFiltersForHits?: boolean
  /** Bytes of a data block before compression. Default 4096. */
  blockSize?: number
  /** Percent of `blockSize` that may be left empty rather than overshot. Default 10. */
  blockSizeDeviation?: number
  /** Keys between restart points of a data block. Default 16. */
  blockRestartInterval?: number
  /** Keys between restart points of an index block. Default 1. */
  indexBlockRestartInterval?: number
  /** Whether data blocks are written with a hash index, for C++ to look keys up in. Default kDataBlockBinarySearch. */
  dataBlockIndexType?: DataBlockIndexTypeName
  /** Keys for each bucket of such a hash index. Default 0.75. */
  dataBlockHashTableUtilRatio?: number
  /** Whether the index of a table is divided into partitions. Default kBinarySearch. */
  indexType?: IndexTypeName
  /** Divides the filter as well; has no effect without partitions of the index. Default false. */
  partitionFilters?: boolean
  /** Bytes of such a partition. Default 4096. */
  metadataBlockSize?: number
  /** Bits per key of the Bloom filter; 0 for none. Default 10 (RocksDB's default is none: a missing key then costs a read). */
  bloomBitsPerKey?: number
  /** The kind of filter: Bloom, or Ribbon, which takes 30 % less room for longer writes. Default bloomfilter. */
  filterPolicy?: FilterPolicyName
  /**
   * With `ribbonfilter`, tables above this level have Bloom filters; -1: not even those that are flushed. Default 0: those
   * that are flushed.
   */
  bloomBeforeLevel?: number
  /** Whether the filter holds whole keys. Without them, and with a prefix extractor, it holds prefixes only. Default true. */
  wholeKeyFiltering?: boolean
  /**
   * Puts the prefixes of keys into the filters, so that a scan of keys that all have one prefix passes over the tables
   * without it. Default: none.
   */
  prefixExtractor?: PrefixExtractorOption
  /**
   * Version of the table format that is written: 2 to 7. Default 5, which every RocksDB since 6.6 reads. From 6 on, which
   * RocksDB reads since 8.6, and 7 since 10.4, the checksum of a block tells where it belongs, so that one that was written
   * to another place is noticed.
   */
  formatVersion?: number
  /** Checksum of the blocks that are written. Default kXXH3. */
  checksum?: ChecksumName
  /**
   * Keeps large values outside the tables, in blob files, so that compactions do not copy them. This and the other options
   * about blobs hold for what is written from now on; what is there can be read with any of them. Those that are not given
   * are as the directory's OPTIONS file has them. Default false.
   */
  enableBlobFiles?: boolean
  /** Bytes from which on a value, before compression, goes to a blob file. Default 0: every value. */
  minBlobSize?: number
  /** Bytes at which a blob file is finished and another one begun. Default 256 MiB. */
  blobFileSize?: number
  /** Compression of values in blob files. Default none. */
  blobCompressionType?: CompressionName
  /** The first level whose tables have their large values in blob files; above it they stay in the tables. Default 0. */
  blobFileStartingLevel?: number
  /**
   * Has compactions move the values that are left in old blob files to new ones, so that the old ones can go. Default true
   * (RocksDB: false): what is deleted is to give its space back.
   */
  enableBlobGarbageCollection?: boolean
  /** The part of all blob files, from the oldest on, that compactions move values out of. Default 0.25. */
  blobGarbageCollectionAgeCutoff?: number
  /**
   * The part of the bytes in those files that has to be garbage for tables to be compacted for no other reason than to empty the
   * oldest; 1 for never. Only under leveled. Default 0.5 (RocksDB: 1).
   */
  blobGarbageCollectionForceThreshold?: number
  /**
   * The order of the keys, which stands in the MANIFEST and cannot change: a built-in comparator by RocksDB's name, or a
   * module with one; see `Comparator`. Default: that of the MANIFEST, and `leveldb.BytewiseComparator` for a new family.
   */
  comparator?: ComparatorOption
  /** How `merge` combines operands with what lies below them; see `MergeOption`. Default: none, and `merge` is refused. */
  mergeOperator?: MergeOption
  /** Is asked about entries while they are compacted, and may have them removed or changed; see `FilterOption`. Default: none. */
  compactionFilter?: FilterOption
  /**
   * Whether entries can have a time to live of their own: see `Lifetime`. Each value then has eight bytes more, which C++
   * RocksDB takes for a part of it. For new column families; one that has it keeps it. Default false.
   */
  expiringKeys?: boolean
  /**
   * Makes it a column family of RocksDB's databases with a time to live (`ldb --ttl`): seconds after which every entry is
   * over, 0 for never. Each value then has four bytes more. Default: it is none.
   */
  ttlDatabase?: number
  /** Whether reads pass over what is over in a `ttlDatabase`; RocksDB shows it until it is compacted. Default true. */
  ttlHidesExpired?: boolean
}

/** Options of the whole database. */
export interface DatabaseOptions {
  /** Creates the database when the directory holds none. Default true (RocksDB: false): `open(path)` just works. */
  createIfMissing?: boolean
  /** Fails with `ALREADY_EXISTS` when the directory holds a database. Default false. */
  errorIfExists?: boolean
  /** Opens without a lock and without writing a byte. Default false. */
  readOnly?: boolean
  /** Refuses any inconsistency found at open, such as a table of another size than recorded. Default true. */
  paranoidChecks?: boolean
  /** Reads every new table back before it is used. Default false. */
  paranoidFileChecks?: boolean
  /** Table files kept open; -1 for all, which are then opened and checked at start. Default -1. */
  maxOpenFiles?: number
  /** Bytes of uncompressed data blocks kept in memory. Default 32 MiB. */
  blockCacheSize?: number
  /** A block cache that several databases share, in place of one of `blockCacheSize` bytes. Default: none. */
  blockCache?: BlockCache
  /**
   * Indexes and filters of tables count towards the block cache, which lets those go that were not read lately. Default
   * false: they stay in memory, beside it, as long as their table is open.
   */
  cacheIndexAndFilterBlocks?: boolean
  /** With it, those of level 0 stay all the same. Default false. */
  pinL0FilterAndIndexBlocksInCache?: boolean
  /**
   * Bytes that memtables and block cache take at most, three quarters of them, where their own options are not given: a
   * quarter for memtables, for which writes wait if need be, and a half for blocks, indexes and filters. The rest is for
   * what is not counted: jobs, cursors, groups of writes. Default: not set.
   */
  memoryBudget?: number
  /** Bytes of all memtables together at which the largest is flushed; 0 for no limit. Default 0. */
  dbWriteBufferSize?: number
  /** Bounds the memtables of all databases that are given the same. Default: none. */
  writeBufferManager?: WriteBufferManager
  /** Bytes of all write-ahead logs at which the family that pins the oldest is flushed; 0 for four times all write buffers. Default 0. */
  maxTotalWalSize?: number
  /** Flushes and compactions that run at once, each in a worker thread. Default 2. */
  maxBackgroundJobs?: number
  /**
   * Into how many parts a compaction may be divided, by ranges of keys. Each has a worker thread; those beyond the
   * first come on top of `maxBackgroundJobs`. Default 1.
   */
  maxSubcompactions?: number
  /** Bounds what flushes and compactions write per second; shared by all databases that are given the same. Default: none. */
  rateLimiter?: RateLimiter
  /** Bytes per second at which writes go on while they are slowed. Default 16 MiB. */
  delayedWriteRate?: number
  /** Milliseconds a stopped write waits before it fails with `STALLED`; 0 for as long as it takes. Default 0. */
  writeStallTimeoutMs?: number
  /** Most bytes of one commit group. Default 1 MiB. */
  maxWriteBatchGroupSizeBytes?: number
  /** Bytes of a MANIFEST at which a new one is begun. Default 1 GiB. */
  maxManifestFileSize?: number
  /** See `WalRecoveryMode`. Default strict. */
  walRecoveryMode?: WalRecoveryMode
  /** See `WalSync`. Default onRequest. */
  walSync?: WalSync
  /** Keeps the recovered writes in memory and in their logs instead of flushing them at open. Default false. */
  avoidFlushDuringRecovery?: boolean
  /** Closes without flushing writes that are in no log (`disableWAL`). Default false. */
  avoidFlushDuringShutdown?: boolean
}

/** Everything `open` takes. */
export interface OpenOptions extends DatabaseOptions, ColumnFamilyOptions {
  /** Options of single column families by name, over those given for all. Families that do not exist are created. */
  columnFamilies?: Readonly<Record<string, ColumnFamilyOptions>>
}

/** How one write is made durable. */
export interface WriteOptions {
  /** Acknowledges only when the write is on disk. Default false: it then survives a crash of the process, not of the machine. */
  sync?: boolean
  /** Leaves the write-ahead log out: the write lives in memory until the next flush. Default false. */
  disableWAL?: boolean
}

/** The public door of `varve`. */

export type { Column } from '@varve/format/entity'
export {
  CorruptionError,
  type ErrorCode,
  type ErrorDetails,
  isVarveError,
  VarveError,
} from '@varve/format/errors'
export type { Tuple, TupleElement } from '@varve/format/tuple'
export { type BatchOperation, type ColumnFamilyReference, WriteBatch } from './batch/index.ts'
export { BlockCache, type BlockCacheOptions, type BlockCacheStatistics } from './cache/index.ts'
export type {
  CompactionFilter,
  FilterContext,
  FilterDecision,
  FilteredKind,
  FilterFunction,
  FilterOption,
} from './compaction-filter/index.ts'
export type { BuiltInComparator, Comparator, ComparatorOption } from './comparator/index.ts'
export type { KeyRange, LiveFile } from './db/approximate-sizes.ts'
export type { Bytes } from './db/arguments.ts'
export type { BlobStats } from './db/blob-stats.ts'
export type { ColumnFamily } from './db/column-family.ts'
export type { BottommostLevelCompaction, CompactOptions, CompactProgress } from './db/compact.ts'
export type { CompactFilesOptions, TableReference } from './db/compact-files.ts'
export type { EntryRanges } from './db/cursor.ts'
export type { Database, InColumnFamily } from './db/database.ts'
export type { DeletedFiles, DeleteFilesOptions } from './db/delete-files.ts'
export type {
  ColumnFamilyEvent,
  CompactionBeginEvent,
  CompactionEvent,
  DatabaseEvents,
  EventListeners,
  FlushBeginEvent,
  FlushEvent,
  JobEvent,
  JobFailedEvent,
  MemtableSealedEvent,
  QuarantineEvent,
  RecoveryEvent,
  ResumeEndEvent,
  ResumeEvent,
  StallEvent,
  StallState,
  SubcompactionEvent,
  TableCreatedEvent,
  TableDeletedEvent,
} from './db/events.ts'
export type { LivingValue } from './db/lookup-result.ts'
export { type OpenListeners, open } from './db/open.ts'
export { propertyNames } from './db/properties.ts'
export type { ReadOptions } from './db/read-path.ts'
export type { Cursor, Entries, LivingEntry, RangeOptions } from './db/scan.ts'
export type { OptionsInForce } from './db/set-options.ts'
export type { Snapshot } from './db/snapshots.ts'
export type { StatisticsReport } from './db/statistics.ts'
export type { Columns } from './entity/index.ts'
export type { Lifetime } from './expiry/index.ts'
export { WriteBufferManager, type WriteBufferManagerOptions } from './memtable/index.ts'
export { associativeMerge, type BuiltInMerge, type MergeOperator, type MergeOption } from './merge/index.ts'
export type {
  ChecksumName,
  ColumnFamilyOptions,
  CompactionOptionsFifo,
  CompactionOptionsUniversal,
  CompactionStyle,
  CompressionName,
  DataBlockIndexTypeName,
  DatabaseOptions,
  FilterPolicyName,
  IndexTypeName,
  MutableColumnFamilyOptions,
  MutableDatabaseOptions,
  OpenOptions,
  PrefixExtractorOption,
  WalRecoveryMode,
  WalSync,
  WriteOptions,
} from './options/index.ts'
export { mutableOptionNames, optionNames } from './options/index.ts'
export {
  RateLimiter,
  type RateLimiterMode,
  type RateLimiterOptions,
  type RateLimiterStatistics,
} from './rate-limiter/index.ts'
export { type VerifyOptions, type VerifyProblem, type VerifyReport, verifyDatabase } from './verify/index.ts'
export {
  type BuildOptions,
  bytes,
  type Codec,
  ConflictError,
  type CoveredOf,
  type Field,
  type IndexDefinition,
  type IndexDefinitions,
  type IndexKey,
  type IndexProgress,
  type IndexState,
  type IndexStatus,
  int64,
  json,
  type KeyCodec,
  type KeyOf,
  type PrefixOf,
  type QueryRange,
  type Rows,
  type RowWrite,
  type TuplePrefix,
  tuple,
  uint64,
  utf8,
  type VerifyViewOptions,
  type View,
  ViewBatch,
  type ViewOperation,
  type ViewOptions,
  type ViewProblem,
  type ViewRange,
  type ViewReport,
  type Writable,
} from './view/index.ts'

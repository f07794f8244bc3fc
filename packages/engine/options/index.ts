export {
  type BlobOptions,
  blobOptions,
  describeBlobs,
  givenBlobOptions,
  parseBlobOptions,
} from './blob-options.ts'
export {
  changeDatabase,
  changeFamily,
  type MutableColumnFamilyOptions,
  type MutableDatabaseOptions,
  mutableOptionNames,
} from './change-options.ts'
export { describeTtl, writtenTtl } from './expiry-text.ts'
export type { ResolvedColumnFamilyOptions, ResolvedDatabaseOptions } from './option-table.ts'
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
  OpenOptions,
  PrefixExtractorOption,
  WalRecoveryMode,
  WalSync,
  WriteOptions,
} from './option-types.ts'
export {
  optionNames,
  type ResolvedOptions,
  resolveFamily,
  resolveOptions,
} from './options.ts'
export { rocksdbSpelling } from './rule.ts'
export { describeStyle } from './style-text.ts'

export type { ResolvedColumnFamilyOptions, ResolvedDatabaseOptions } from './option-table.ts'
export type {
  ChecksumName,
  ColumnFamilyOptions,
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
  rocksdbSpelling,
} from './options.ts'

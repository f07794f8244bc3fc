export type {
  ChecksumName,
  ColumnFamilyOptions,
  CompressionName,
  DatabaseOptions,
  OpenOptions,
  WalRecoveryMode,
  WalSync,
  WriteOptions,
} from './option-types.ts'
export {
  optionNames,
  type ResolvedColumnFamilyOptions,
  type ResolvedDatabaseOptions,
  type ResolvedOptions,
  resolveFamily,
  resolveOptions,
  rocksdbSpelling,
} from './options.ts'

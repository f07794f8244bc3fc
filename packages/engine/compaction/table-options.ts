/** From a column family's options to what a job needs to build its tables: plain data, codes instead of names. */
import { ChecksumType } from '@varve/format/checksum'
import { CompressionType } from '@varve/format/compress'
import type { TableBuilderOptions } from '@varve/format/sst'
import type { ChecksumName, CompressionName, ResolvedColumnFamilyOptions } from '../options/index.ts'

const compressionTypes: Record<CompressionName, number> = {
  none: CompressionType.None,
  snappy: CompressionType.Snappy,
  zlib: CompressionType.Zlib,
  lz4: CompressionType.LZ4,
  zstd: CompressionType.ZSTD,
}

const checksumTypes: Record<ChecksumName, number> = {
  kNoChecksum: ChecksumType.None,
  kCRC32c: ChecksumType.Crc32c,
  kxxHash: ChecksumType.XxHash,
  kxxHash64: ChecksumType.XxHash64,
  kXXH3: ChecksumType.XXH3,
}

/** What does not change from one table of a column family to the next. */
export interface TableOrigin {
  columnFamilyId: number
  columnFamilyName: string
  /** Its name. */
  mergeOperator: string
  dbId: string
  dbSessionId: string
}

export type TableFormatOptions = Pick<
  ResolvedColumnFamilyOptions,
  | 'formatVersion'
  | 'checksum'
  | 'compressionLevel'
  | 'blockSize'
  | 'blockSizeDeviation'
  | 'blockRestartInterval'
  | 'indexBlockRestartInterval'
  | 'bloomBitsPerKey'
>

export function tableBuilderOptions(
  options: TableFormatOptions,
  compression: CompressionName,
  origin: TableOrigin,
): TableBuilderOptions {
  return {
    ...origin,
    formatVersion: options.formatVersion,
    checksumType: checksumTypes[options.checksum],
    compression: compressionTypes[compression],
    compressionLevel: options.compressionLevel,
    blockSize: options.blockSize,
    blockSizeDeviation: options.blockSizeDeviation,
    blockRestartInterval: options.blockRestartInterval,
    indexBlockRestartInterval: options.indexBlockRestartInterval,
    bloomBitsPerKey: options.bloomBitsPerKey > 0 ? options.bloomBitsPerKey : undefined,
  }
}

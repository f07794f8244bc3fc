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

export function compressionCode(name: CompressionName): number {
  return compressionTypes[name]
}

/** What does not change from one table of a column family to the next. */
export interface TableOrigin {
  columnFamilyId: number
  columnFamilyName: string
  /** Its name. */
  mergeOperator: string
  /** What stands behind each value; empty for nothing. */
  valueStamp: string
  dbId: string
  dbSessionId: string
}

export type TableFormatOptions = Pick<
  ResolvedColumnFamilyOptions,
  | 'formatVersion'
  | 'checksum'
  | 'compressionLevel'
  | 'compressionMaxDictBytes'
  | 'compressionMaxDictBufferBytes'
  | 'bottommostCompressionLevel'
  | 'bottommostCompressionMaxDictBytes'
  | 'bottommostCompressionMaxDictBufferBytes'
  | 'optimizeFiltersForHits'
  | 'blockSize'
  | 'blockSizeDeviation'
  | 'blockRestartInterval'
  | 'indexBlockRestartInterval'
  | 'dataBlockIndexType'
  | 'dataBlockHashTableUtilRatio'
  | 'indexType'
  | 'partitionFilters'
  | 'metadataBlockSize'
  | 'bloomBitsPerKey'
  | 'filterPolicy'
  | 'bloomBeforeLevel'
  | 'wholeKeyFiltering'
  | 'prefixExtractor'
>

/** Where a table will stand, and what that decides. */
export interface TablePlace {
  /** -1 for a flush, which goes to level 0. */
  level: number
  compression: CompressionName
  /** Nothing lies below it. */
  isLastLevel: boolean
  /** About how large it will be, if it is one of several. */
  targetFileSize?: number
}

export function tableBuilderOptions(
  options: TableFormatOptions,
  place: TablePlace,
  origin: TableOrigin,
): TableBuilderOptions {
  const { level, compression, isLastLevel, targetFileSize } = place
  const isFiltered = options.bloomBitsPerKey > 0 && !(isLastLevel && options.optimizeFiltersForHits)
  return {
    ...origin,
    ...compressionSettings(options, isLastLevel),
    ...(targetFileSize === undefined ? {} : { targetFileSize }),
    formatVersion: options.formatVersion,
    checksumType: checksumTypes[options.checksum],
    compression: compressionTypes[compression],
    blockSize: options.blockSize,
    blockSizeDeviation: options.blockSizeDeviation,
    blockRestartInterval: options.blockRestartInterval,
    indexBlockRestartInterval: options.indexBlockRestartInterval,
    hashTableUtilRatio:
      options.dataBlockIndexType === 'kDataBlockBinaryAndHash' ? options.dataBlockHashTableUtilRatio : 0,
    partitionIndex: options.indexType === 'kTwoLevelIndexSearch',
    partitionFilters: options.partitionFilters,
    metadataBlockSize: options.metadataBlockSize,
    bloomBitsPerKey: isFiltered ? options.bloomBitsPerKey : undefined,
    filterPolicy: options.filterPolicy,
    ribbonFilter: options.filterPolicy === 'ribbonfilter' && level >= options.bloomBeforeLevel,
    wholeKeyFiltering: options.wholeKeyFiltering,
    prefixExtractor: options.prefixExtractor === 'nullptr' ? undefined : options.prefixExtractor,
  }
}

type CompressionSettings = Pick<
  TableBuilderOptions,
  'compressionLevel' | 'maxDictBytes' | 'maxDictBufferBytes'
>

/** RocksDB: db/compaction/compaction_picker.cc, GetCompressionOptions */
export function compressionSettings(options: TableFormatOptions, isLastLevel: boolean): CompressionSettings {
  if (isLastLevel && hasBottommostSettings(options)) {
    return {
      compressionLevel: options.bottommostCompressionLevel,
      maxDictBytes: options.bottommostCompressionMaxDictBytes ?? 0,
      maxDictBufferBytes: options.bottommostCompressionMaxDictBufferBytes ?? 0,
    }
  }
  return {
    compressionLevel: options.compressionLevel,
    maxDictBytes: options.compressionMaxDictBytes,
    maxDictBufferBytes: options.compressionMaxDictBufferBytes,
  }
}

/** Whether the last level has settings of its own: `enabled` in RocksDB's `bottommost_compression_opts`. */
export function hasBottommostSettings(options: TableFormatOptions): boolean {
  return (
    options.bottommostCompressionLevel !== undefined ||
    options.bottommostCompressionMaxDictBytes !== undefined ||
    options.bottommostCompressionMaxDictBufferBytes !== undefined
  )
}

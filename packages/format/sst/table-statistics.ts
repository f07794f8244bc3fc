/** What a table being built knows about itself, and the properties made of it. */
import { BLOCK_TRAILER_LENGTH } from '../block/index.ts'
import { encodeUtf8 } from '../bytes/index.ts'
import { compressionName } from '../compress/index.ts'
import { fixed32Value, varintValue } from './encode-properties.ts'
import type { WrittenIndex } from './index-output.ts'
import { IndexType } from './index-type.ts'
import { PropertyName } from './properties.ts'
import type { ResolvedTableBuilderOptions } from './table-builder-options.ts'

export interface TableStatistics {
  entries: number
  deletions: number
  mergeOperands: number
  rangeDeletions: number
  rawKeySize: number
  rawValueSize: number
  dataBlocks: number
}

export interface TableSizes {
  dataSize: number
  filterSize: number
  filterEntries: number
}

/** RocksDB's stand-in for "the codec's own default level". */
const DEFAULT_LEVEL = 32767

/** The property set of RocksDB 7.8. RocksDB: table/meta_blocks.cc, PropertyBlockBuilder::AddTableProperty */
export function tableProperties(
  options: ResolvedTableBuilderOptions,
  statistics: TableStatistics,
  sizes: TableSizes,
  index: WrittenIndex,
  filtered: boolean,
  compressions: ReadonlySet<number>,
): Map<string, Uint8Array> {
  const properties = new Map<string, Uint8Array>()
  const numbers: [string, number][] = [
    [PropertyName.originalFileNumber, options.originalFileNumber],
    [PropertyName.rawKeySize, statistics.rawKeySize],
    [PropertyName.rawValueSize, statistics.rawValueSize],
    [PropertyName.dataSize, sizes.dataSize],
    [PropertyName.indexSize, index.size + BLOCK_TRAILER_LENGTH],
    [PropertyName.indexKeyIsUserKey, index.form.userKeys ? 1 : 0],
    [PropertyName.indexValueIsDeltaEncoded, index.form.deltaValues ? 1 : 0],
    [PropertyName.entries, statistics.entries],
    [PropertyName.filterEntries, sizes.filterEntries],
    [PropertyName.deletedKeys, statistics.deletions],
    [PropertyName.mergeOperands, statistics.mergeOperands],
    [PropertyName.rangeDeletions, statistics.rangeDeletions],
    [PropertyName.dataBlocks, statistics.dataBlocks],
    [PropertyName.filterSize, sizes.filterSize],
    // 7.8 writes 0 whatever it is.
    [PropertyName.formatVersion, options.formatVersion < 6 ? 0 : options.formatVersion],
    [PropertyName.fixedKeyLength, 0],
    [PropertyName.columnFamilyId, options.columnFamilyId],
    [PropertyName.creationTime, options.creationTime],
    [PropertyName.oldestKeyTime, options.oldestKeyTime],
  ]
  if (options.fileCreationTime > 0) numbers.push([PropertyName.fileCreationTime, options.fileCreationTime])
  if (index.partitions !== undefined) {
    numbers.push([PropertyName.indexPartitions, index.partitions.count])
    numbers.push([PropertyName.topLevelIndexSize, index.partitions.topLevelSize])
  }
  for (const [name, value] of numbers) properties.set(name, varintValue(value))
  properties.set(
    PropertyName.indexType,
    fixed32Value(index.partitions === undefined ? IndexType.BinarySearch : IndexType.Partitioned),
  )
  for (const [name, value] of textProperties(options, filtered, compressions)) {
    if (value !== '') properties.set(name, encodeUtf8(value))
  }
  return properties
}

function textProperties(
  options: ResolvedTableBuilderOptions,
  filtered: boolean,
  compressions: ReadonlySet<number>,
): [string, string][] {
  return [
    [PropertyName.wholeKeyFiltering, options.wholeKeyFiltering ? '1' : '0'],
    [PropertyName.prefixFiltering, options.prefixExtractor === undefined ? '0' : '1'],
    [PropertyName.dbId, options.dbId],
    [PropertyName.dbSessionId, options.dbSessionId],
    [PropertyName.dbHostId, options.dbHostId],
    [PropertyName.filterPolicy, filtered ? options.filterPolicy : ''],
    [PropertyName.comparator, options.comparator],
    [PropertyName.mergeOperator, options.mergeOperator],
    [PropertyName.valueStamp, options.valueStamp],
    [PropertyName.prefixExtractor, options.prefixExtractor ?? 'nullptr'],
    [PropertyName.propertyCollectors, '[]'],
    [PropertyName.columnFamilyName, options.columnFamilyName],
    [PropertyName.compression, compressionText(options, compressions)],
    [PropertyName.compressionOptions, compressionOptions(options)],
  ]
}

/**
 * The codec that was asked for; from format_version 7 on those that blocks have, as two hex digits each, behind the name of
 * what chose them. RocksDB: table/block_based/block_based_table_builder.cc, compression_name
 */
function compressionText(options: ResolvedTableBuilderOptions, compressions: ReadonlySet<number>): string {
  if (options.formatVersion < 7) return compressionName(options.compression)
  const types = [...compressions].sort((a, b) => a - b).map(type => type.toString(16).padStart(2, '0'))
  return `${types.length === 0 ? '' : 'BuiltinV2'};${types.join('').toUpperCase()};`
}

function compressionOptions(options: ResolvedTableBuilderOptions): string {
  const { compressionLevel = DEFAULT_LEVEL, maxDictBytes, maxDictBufferBytes } = options
  const values = {
    window_bits: -14,
    level: compressionLevel,
    strategy: 0,
    max_dict_bytes: maxDictBytes,
    zstd_max_train_bytes: 0,
    enabled: 0,
    max_dict_buffer_bytes: maxDictBufferBytes,
    use_zstd_dict_trainer: 1,
  }
  return Object.entries(values).reduce((text, [name, value]) => `${text}${name}=${value}; `, '')
}

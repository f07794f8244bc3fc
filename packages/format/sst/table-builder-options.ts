import { ChecksumType } from '../checksum/index.ts'
import { CompressionType } from '../compress/index.ts'
import { VarveError } from '../errors/index.ts'
import { MAX_FORMAT_VERSION } from './footer.ts'

/** RocksDB's names of what decides about filters: `ribbonfilter` makes Bloom filters too, where it is told to. */
export type FilterPolicyName = 'bloomfilter' | 'ribbonfilter'

/** How a table is written. What is left out is as RocksDB 7.8 has it, but that there is no filter. */
export interface TableBuilderOptions {
  /**
   * 2 to 7. From 3 on index keys are user keys, from 4 on index values deltas, from 5 on there can be a filter, from 6 on
   * a block's checksum tells its place and its file.
   */
  formatVersion?: number
  checksumType?: number
  compression?: number
  compressionLevel?: number | undefined
  /** Most bytes of a dictionary for the data blocks, where the codec takes one; 0 for none. */
  maxDictBytes?: number
  /** Bytes of data blocks that are held back for it, at most; 0 for no limit but `targetFileSize`. */
  maxDictBufferBytes?: number
  /** About how large the table is to become, if that is known; else 0. */
  targetFileSize?: number
  /** Uncompressed bytes of a data block, about. */
  blockSize?: number
  /** Per cent of `blockSize` that may stay empty rather than that an entry overfills the block. */
  blockSizeDeviation?: number
  blockRestartInterval?: number
  indexBlockRestartInterval?: number
  /** Puts a hash index into data blocks, one bucket for so many keys at the most; 0 for none. */
  hashTableUtilRatio?: number
  /** Divides the index into partitions of about `metadataBlockSize`, and the filter beside it, if so asked. */
  partitionIndex?: boolean
  partitionFilters?: boolean
  metadataBlockSize?: number
  /** The filter policy that the properties name. */
  filterPolicy?: FilterPolicyName
  /** A Ribbon filter that lets as many other keys pass, instead of the Bloom filter. */
  ribbonFilter?: boolean
  /** Bits of Bloom filter for each key; no filter when absent, or before format_version 5. */
  bloomBitsPerKey?: number | undefined
  /** Whether the filter holds whole keys; yes unless said otherwise. */
  wholeKeyFiltering?: boolean
  /** A name that `prefixExtractor` knows: the filter holds prefixes of keys too. */
  prefixExtractor?: string | undefined
  comparator?: string
  mergeOperator?: string
  /** What stands behind each value; nothing when empty. */
  valueStamp?: string
  columnFamilyId?: number
  columnFamilyName?: string
  /** Together with the two below these make the table's unique id. */
  dbId?: string
  dbSessionId?: string
  originalFileNumber?: number
  dbHostId?: string
  /** Seconds since 1970. */
  creationTime?: number
  oldestKeyTime?: number
  fileCreationTime?: number
}

type OpenOptions = 'compressionLevel' | 'bloomBitsPerKey' | 'prefixExtractor'

export interface ResolvedTableBuilderOptions extends Required<Omit<TableBuilderOptions, OpenOptions>> {
  compressionLevel: number | undefined
  bloomBitsPerKey: number | undefined
  prefixExtractor: string | undefined
}

const defaults: ResolvedTableBuilderOptions = {
  formatVersion: 5,
  checksumType: ChecksumType.XXH3,
  compression: CompressionType.Snappy,
  compressionLevel: undefined,
  maxDictBytes: 0,
  maxDictBufferBytes: 0,
  targetFileSize: 0,
  blockSize: 4096,
  blockSizeDeviation: 10,
  blockRestartInterval: 16,
  indexBlockRestartInterval: 1,
  hashTableUtilRatio: 0,
  partitionIndex: false,
  partitionFilters: false,
  metadataBlockSize: 4096,
  filterPolicy: 'bloomfilter',
  ribbonFilter: false,
  bloomBitsPerKey: undefined,
  wholeKeyFiltering: true,
  prefixExtractor: undefined,
  comparator: 'leveldb.BytewiseComparator',
  mergeOperator: 'nullptr',
  valueStamp: '',
  columnFamilyId: 0,
  columnFamilyName: 'default',
  dbId: '',
  dbSessionId: '',
  originalFileNumber: 0,
  dbHostId: '',
  creationTime: 0,
  oldestKeyTime: 0,
  fileCreationTime: 0,
}

export function resolveTableBuilderOptions(options: TableBuilderOptions): ResolvedTableBuilderOptions {
  const resolved = { ...defaults }
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) Object.assign(resolved, { [name]: value })
  }
  requireRange('formatVersion', resolved.formatVersion, 2, MAX_FORMAT_VERSION)
  requireRange('checksumType', resolved.checksumType, 0, 4)
  requireRange('maxDictBytes', resolved.maxDictBytes, 0, 0x7fff_ffff)
  requireRange('maxDictBufferBytes', resolved.maxDictBufferBytes, 0, Number.MAX_SAFE_INTEGER)
  requireRange('blockSize', resolved.blockSize, 1, 0xffff_ffff)
  requireRange('metadataBlockSize', resolved.metadataBlockSize, 1, 0x7fff_ffff)
  requireRange('blockSizeDeviation', resolved.blockSizeDeviation, 0, 100)
  requireRange('blockRestartInterval', resolved.blockRestartInterval, 1, 0x7fff_ffff)
  requireRange('indexBlockRestartInterval', resolved.indexBlockRestartInterval, 1, 0x7fff_ffff)
  return resolved
}

function requireRange(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new VarveError(
    'INVALID_ARGUMENT',
    `${option} is ${value}; it must be a whole number from ${least} to ${most}`,
    {
      option,
    },
  )
}

/** Values of properties, of metaindex entries and of range deletions as text. */
import { ByteReader, readUint32, readUint64 } from '../bytes/index.ts'
import { PropertyName } from '../sst/index.ts'
import { quoted } from './annotate.ts'

/** Properties that are varint64 numbers. Others are text, or bytes. */
const NUMBERS: ReadonlySet<string> = new Set([
  PropertyName.columnFamilyId,
  PropertyName.creationTime,
  PropertyName.dataSize,
  PropertyName.deletedKeys,
  PropertyName.fileCreationTime,
  PropertyName.filterSize,
  PropertyName.fixedKeyLength,
  PropertyName.formatVersion,
  PropertyName.indexKeyIsUserKey,
  PropertyName.indexSize,
  PropertyName.indexValueIsDeltaEncoded,
  PropertyName.mergeOperands,
  PropertyName.dataBlocks,
  PropertyName.entries,
  PropertyName.filterEntries,
  PropertyName.rangeDeletions,
  PropertyName.oldestKeyTime,
  PropertyName.originalFileNumber,
  PropertyName.rawKeySize,
  PropertyName.rawValueSize,
  PropertyName.timestampsPersisted,
  'rocksdb.data.block.restart.interval',
  'rocksdb.index.block.restart.interval',
  'rocksdb.index.partitions',
  'rocksdb.key.largest.seqno',
  'rocksdb.key.smallest.seqno',
  'rocksdb.newest.key.time',
  'rocksdb.num.data.blocks.compression.bypassed',
  'rocksdb.num.data.blocks.compression.rejected',
  'rocksdb.num.uniform.blocks',
  'rocksdb.sample_for_compression.fast.data.size',
  'rocksdb.sample_for_compression.slow.data.size',
  'rocksdb.separate.key.value.in.data.block',
  'rocksdb.tail.start.offset',
  'rocksdb.top-level.index.size',
  'rocksdb.udi.is.primary.index',
])

export function propertyText(name: string, value: Uint8Array): string {
  if (name === PropertyName.indexType || name === PropertyName.externalVersion) {
    if (value.length === 4) return `value = fixed32 ${readUint32(value, 0)}`
  }
  if (name === PropertyName.globalSequence && value.length === 8)
    return `value = fixed64 ${readUint64(value, 0)}`
  if (NUMBERS.has(name) && isVarint(value)) return `value = varint64 ${new ByteReader(value).varint64()}`
  return `value = string ${quoted(value)}`
}

export function handleText(_name: string, value: Uint8Array): string {
  const reader = new ByteReader(value)
  return `value = handle offset=${reader.varint64('offset')} size=${reader.varint64('size')}`
}

export function endKeyText(_start: string, value: Uint8Array): string {
  return `value = end user key ${quoted(value)}`
}

function isVarint(value: Uint8Array): boolean {
  return value.length > 0 && value.length <= 7 && value.findIndex(byte => byte < 0x80) === value.length - 1
}

/**
 * A table's properties: facts and statistics about it under RocksDB's names.
 *
 * The block is one of plain names in ascending order, none twice. Numbers are varint64 but for a few fixed
 * ones, flags are "0" and "1". Names that are not known are kept as they are. A number that does not decode
 * is taken as absent, as RocksDB has it, except for the two flags that say how the index is to be read.
 *
 * RocksDB: table/meta_blocks.cc, include/rocksdb/table_properties.h
 */
import { DataBlock, PlainEntries } from '../block/index.ts'
import { ByteReader, compareBytes, decodeUtf8, encodeUtf8, hashBytes, readUint32 } from '../bytes/index.ts'
import { isVarveError } from '../errors/index.ts'

/** RocksDB's names of the properties that are read or written here. */
export const PropertyName = {
  indexType: 'rocksdb.block.based.table.index.type',
  prefixFiltering: 'rocksdb.block.based.table.prefix.filtering',
  wholeKeyFiltering: 'rocksdb.block.based.table.whole.key.filtering',
  columnFamilyId: 'rocksdb.column.family.id',
  columnFamilyName: 'rocksdb.column.family.name',
  comparator: 'rocksdb.comparator',
  compression: 'rocksdb.compression',
  compressionOptions: 'rocksdb.compression_options',
  dbId: 'rocksdb.creating.db.identity',
  dbHostId: 'rocksdb.creating.host.identity',
  dbSessionId: 'rocksdb.creating.session.identity',
  creationTime: 'rocksdb.creation.time',
  dataSize: 'rocksdb.data.size',
  deletedKeys: 'rocksdb.deleted.keys',
  externalVersion: 'rocksdb.external_sst_file.version',
  globalSequence: 'rocksdb.external_sst_file.global_seqno',
  fileCreationTime: 'rocksdb.file.creation.time',
  filterPolicy: 'rocksdb.filter.policy',
  filterSize: 'rocksdb.filter.size',
  fixedKeyLength: 'rocksdb.fixed.key.length',
  formatVersion: 'rocksdb.format.version',
  indexKeyIsUserKey: 'rocksdb.index.key.is.user.key',
  indexPartitions: 'rocksdb.index.partitions',
  indexSize: 'rocksdb.index.size',
  indexValueIsDeltaEncoded: 'rocksdb.index.value.is.delta.encoded',
  mergeOperands: 'rocksdb.merge.operands',
  mergeOperator: 'rocksdb.merge.operator',
  dataBlocks: 'rocksdb.num.data.blocks',
  entries: 'rocksdb.num.entries',
  filterEntries: 'rocksdb.num.filter_entries',
  rangeDeletions: 'rocksdb.num.range-deletions',
  oldestKeyTime: 'rocksdb.oldest.key.time',
  originalFileNumber: 'rocksdb.original.file.number',
  prefixExtractor: 'rocksdb.prefix.extractor.name',
  propertyCollectors: 'rocksdb.property.collectors',
  rawKeySize: 'rocksdb.raw.key.size',
  rawValueSize: 'rocksdb.raw.value.size',
  topLevelIndexSize: 'rocksdb.top-level.index.size',
  /** Ours: what stands behind each value, see @varve/format/expiry. RocksDB keeps it among the user's. */
  valueStamp: 'varve.value.stamp',
  timestampsPersisted: 'rocksdb.user.defined.timestamps.persisted',
} as const

export class TableProperties {
  /** Every property as it is written, by name. */
  readonly raw: ReadonlyMap<string, Uint8Array>
  readonly file: string | undefined
  /** Where the properties block lies in `file`. */
  readonly fileOffset: number

  constructor(raw: ReadonlyMap<string, Uint8Array>, file?: string, fileOffset = 0) {
    this.raw = raw
    this.file = file
    this.fileOffset = fileOffset
  }

  /** 0 binary search, 1 hash search, 2 partitioned, 3 binary search with first keys. */
  get indexType(): number {
    return this.uint32(PropertyName.indexType) ?? 0
  }

  get indexKeyIsUserKey(): boolean {
    return this.indexFlag(PropertyName.indexKeyIsUserKey)
  }

  get indexValueIsDeltaEncoded(): boolean {
    return this.indexFlag(PropertyName.indexValueIsDeltaEncoded)
  }

  get wholeKeyFiltering(): boolean {
    return this.text(PropertyName.wholeKeyFiltering) !== '0'
  }

  get prefixFiltering(): boolean {
    return this.text(PropertyName.prefixFiltering) !== '0'
  }

  get comparator(): string | undefined {
    return this.text(PropertyName.comparator)
  }

  get compression(): string | undefined {
    return this.text(PropertyName.compression)
  }

  get filterPolicy(): string | undefined {
    return this.text(PropertyName.filterPolicy)
  }

  get prefixExtractor(): string | undefined {
    return this.text(PropertyName.prefixExtractor)
  }

  get valueStamp(): string | undefined {
    return this.text(PropertyName.valueStamp)
  }

  get mergeOperator(): string | undefined {
    return this.text(PropertyName.mergeOperator)
  }

  get columnFamilyId(): number | undefined {
    return this.number(PropertyName.columnFamilyId)
  }

  get columnFamilyName(): string | undefined {
    return this.text(PropertyName.columnFamilyName)
  }

  get dbId(): string | undefined {
    return this.text(PropertyName.dbId)
  }

  get dbSessionId(): string | undefined {
    return this.text(PropertyName.dbSessionId)
  }

  get originalFileNumber(): number | undefined {
    return this.number(PropertyName.originalFileNumber)
  }

  /** All entries, range deletions among them. */
  get entries(): number | undefined {
    return this.number(PropertyName.entries)
  }

  /** Deletions of every kind, range deletions among them. */
  get deletedKeys(): number | undefined {
    return this.number(PropertyName.deletedKeys)
  }

  get rangeDeletions(): number | undefined {
    return this.number(PropertyName.rangeDeletions)
  }

  get mergeOperands(): number | undefined {
    return this.number(PropertyName.mergeOperands)
  }

  get dataBlocks(): number | undefined {
    return this.number(PropertyName.dataBlocks)
  }

  get dataSize(): number | undefined {
    return this.number(PropertyName.dataSize)
  }

  get indexSize(): number | undefined {
    return this.number(PropertyName.indexSize)
  }

  get filterSize(): number | undefined {
    return this.number(PropertyName.filterSize)
  }

  get rawKeySize(): number | undefined {
    return this.number(PropertyName.rawKeySize)
  }

  get rawValueSize(): number | undefined {
    return this.number(PropertyName.rawValueSize)
  }

  get creationTime(): number | undefined {
    return this.number(PropertyName.creationTime)
  }

  get oldestKeyTime(): number | undefined {
    return this.number(PropertyName.oldestKeyTime)
  }

  get fileCreationTime(): number | undefined {
    return this.number(PropertyName.fileCreationTime)
  }

  /** False for tables of a timestamp comparator whose keys were written without timestamps. */
  get timestampsPersisted(): boolean {
    return this.number(PropertyName.timestampsPersisted) !== 0
  }

  /** Set by SstFileWriter: the table was made outside a database. */
  get externalVersion(): number | undefined {
    return this.uint32(PropertyName.externalVersion)
  }

  text(name: string): string | undefined {
    const value = this.raw.get(name)
    return value === undefined ? undefined : decodeUtf8(value)
  }

  /** A varint64 property; missing when absent or not a number. */
  number(name: string): number | undefined {
    const value = this.raw.get(name)
    if (value === undefined) return undefined
    try {
      return new ByteReader(value, 0, value.length, this.file, this.fileOffset).varint64(name)
    } catch (error) {
      if (isVarveError(error, 'CORRUPTION')) return undefined
      throw error
    }
  }

  private uint32(name: string): number | undefined {
    const value = this.raw.get(name)
    return value?.length === 4 ? readUint32(value, 0) : undefined
  }

  private indexFlag(name: string): boolean {
    const value = this.raw.get(name)
    if (value === undefined) return false
    return (
      new ByteReader(value, 0, value.length, this.file, this.fileOffset).varint64(`property ${name}`) !== 0
    )
  }
}

export function decodeProperties(payload: Uint8Array, file?: string, fileOffset = 0): TableProperties {
  // The values are kept, as views of one copy.
  const block = new DataBlock(payload.slice(), file, fileOffset)
  const entries = new PlainEntries(block)
  const raw = new Map<string, Uint8Array>()
  let before: Uint8Array | undefined
  while (entries.next()) {
    if (entries.keyLength > MAX_NAME_LENGTH)
      throw block.corruption('property name is too long', entries.valueStart)
    const name = nameOf(entries.key, entries.keyLength)
    if (
      before !== undefined &&
      compareBytes(before, 0, before.length, name.bytes, 0, name.bytes.length) >= 0
    ) {
      throw block.corruption('properties are not in order', entries.valueStart)
    }
    raw.set(name.text, block.bytes.subarray(entries.valueStart, entries.valueEnd))
    before = name.bytes
  }
  return new TableProperties(raw, file, fileOffset)
}

interface Name {
  readonly text: string
  readonly bytes: Uint8Array
}

/** By the hashes of their bytes: most names of a table are these, and to decode them takes longer than all else of opening it. */
const knownNames = new Map<number, Name>(
  Object.values(PropertyName).map(text => {
    const bytes = encodeUtf8(text)
    return [hashBytes(bytes, 0, bytes.length), { text, bytes }]
  }),
)

function nameOf(key: Uint8Array, length: number): Name {
  const known = knownNames.get(hashBytes(key, 0, length))
  if (known !== undefined && compareBytes(known.bytes, 0, known.bytes.length, key, 0, length) === 0)
    return known
  const bytes = key.slice(0, length)
  return { text: decodeUtf8(bytes), bytes }
}

/** Far above any real name; keeps hostile prefix compression from growing names without end. */
const MAX_NAME_LENGTH = 1024

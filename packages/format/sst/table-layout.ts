/**
 * Where everything in a table lies: its footer, metaindex and properties, decoded. Blocks are found through
 * handles only; nothing relies on their order in the file.
 *
 * RocksDB: table/block_based/block_based_table_reader.cc, BlockBasedTable::Open
 */
import {
  BLOCK_TRAILER_LENGTH,
  type BlockHandle,
  DataBlock,
  decodeRangeDeletions,
  FlatIndex,
  type IndexForm,
  PlainEntries,
  type RangeDeletion,
  readHandle,
} from '../block/index.ts'
import { ByteReader, decodeUtf8 } from '../bytes/index.ts'
import { CorruptionError, notSupported } from '../errors/index.ts'
import { type PrefixExtractor, prefixExtractor } from '../key/index.ts'
import { readBlockPayload } from './block-payload.ts'
import { type ByteSource, readExactly } from './byte-source.ts'
import { decodeFooter, FOOTER_LENGTH, type Footer } from './footer.ts'
import { IndexType } from './index-type.ts'
import type { TableProperties } from './properties.ts'
import { readProperties } from './read-properties.ts'

const FULL_FILTER = 'fullfilter.rocksdb.BuiltinBloomFilter'
const PARTITIONED_FILTER = 'partitionedfilter.rocksdb.BuiltinBloomFilter'

export interface TableLayout {
  readonly file: string | undefined
  readonly fileSize: number
  readonly footer: Footer
  /** Every entry of the metaindex that is a handle, by name. */
  readonly metaindex: ReadonlyMap<string, BlockHandle>
  /** Missing in files of LevelDB and of the oldest RocksDB. */
  readonly properties: TableProperties | undefined
  readonly index: BlockHandle
  readonly indexType: number
  /** How entries of the index are written, those of partitions and of the top level alike. */
  readonly indexForm: IndexForm
  /** A filter of RocksDB's own kinds. A full one is a filter payload, a partitioned one an index of such. */
  readonly filter: BlockHandle | undefined
  readonly filterPartitioned: boolean
  readonly wholeKeyFiltering: boolean
  /** What prefixes the filter holds, if it does, and by a rule that is known here. */
  readonly prefixExtractor: PrefixExtractor | undefined
  readonly dictionary: BlockHandle | undefined
  readonly rangeDeletions: BlockHandle | undefined
}

export function readTableLayout(source: ByteSource): TableLayout {
  const { size, file } = source
  const tailLength = Math.min(size, FOOTER_LENGTH)
  const footer = decodeFooter(readExactly(source, size - tailLength, tailLength, 'footer'), size, file)
  const metaindex = readMetaindex(source, footer)
  const propertiesHandle = metaindex.get('rocksdb.properties') ?? metaindex.get('rocksdb.stats')
  const properties = propertiesHandle && readProperties(source, propertiesHandle, footer)
  const index = footer.index ?? metaindex.get('rocksdb.index')
  if (index === undefined)
    throw new CorruptionError('table without an index block', file, footer.metaindex.offset)
  const indexType = properties?.indexType ?? IndexType.BinarySearch
  if (indexType > IndexType.FirstKeys) throw notSupported(`index type ${indexType}`, file, index.offset)
  return {
    file,
    fileSize: size,
    footer,
    metaindex,
    properties,
    index,
    indexType,
    indexForm: {
      userKeys: properties?.indexKeyIsUserKey ?? false,
      deltaValues: properties?.indexValueIsDeltaEncoded ?? false,
      firstKeys: indexType === IndexType.FirstKeys,
    },
    filter: metaindex.get(FULL_FILTER) ?? metaindex.get(PARTITIONED_FILTER),
    filterPartitioned: !metaindex.has(FULL_FILTER) && metaindex.has(PARTITIONED_FILTER),
    wholeKeyFiltering: properties?.wholeKeyFiltering ?? true,
    prefixExtractor: extractorOf(properties),
    dictionary: metaindex.get('rocksdb.compression_dict'),
    rangeDeletions: metaindex.get('rocksdb.range_del'),
  }
}

function extractorOf(properties: TableProperties | undefined): PrefixExtractor | undefined {
  const name = properties?.prefixExtractor
  return name !== undefined && properties?.prefixFiltering ? prefixExtractor(name) : undefined
}

/** The index of the whole table. A partitioned one is read whole and laid out as if it were one block. */
export function readIndex(source: ByteSource, layout: TableLayout): FlatIndex {
  const { file, index, indexForm } = layout
  const payload = readBlockPayload(source, index, layout.footer, 'index block')
  if (layout.indexType !== IndexType.Partitioned) {
    return boundedIndex([payload], indexForm, layout, index.offset)
  }
  const top = boundedIndex([payload], indexForm, layout, index.offset)
  const partitions: Uint8Array[] = []
  let partitionBytes = 0
  for (let i = 0; i < top.count; i++) {
    const handle = { offset: top.offsets[i], size: top.sizes[i] }
    partitionBytes += handle.size + BLOCK_TRAILER_LENGTH
    if (partitionBytes > layout.fileSize) {
      throw new CorruptionError('index partitions are longer than the file', file, index.offset)
    }
    partitions.push(readBlockPayload(source, handle, layout.footer, 'index partition'))
  }
  return boundedIndex(partitions, indexForm, layout, index.offset)
}

/** The top level of a partitioned index or filter: one entry for each partition. */
export function readTopLevel(source: ByteSource, layout: TableLayout, handle: BlockHandle): FlatIndex {
  const payload = readBlockPayload(source, handle, layout.footer, 'top-level index')
  return boundedIndex([payload], { ...layout.indexForm, firstKeys: false }, layout, handle.offset)
}

/** The dictionary that data blocks are compressed with, if there is one. */
export function readDictionary(source: ByteSource, layout: TableLayout): Uint8Array | undefined {
  const { dictionary } = layout
  return dictionary && readBlockPayload(source, dictionary, layout.footer, 'compression dictionary')
}

export function readRangeDeletions(source: ByteSource, layout: TableLayout): RangeDeletion[] {
  const handle = layout.rangeDeletions
  if (handle === undefined) return []
  const payload = readBlockPayload(source, handle, layout.footer, 'range deletion block')
  return decodeRangeDeletions(payload, layout.file, handle.offset)
}

function readMetaindex(source: ByteSource, footer: Footer): Map<string, BlockHandle> {
  const { file } = source
  const payload = readBlockPayload(source, footer.metaindex, footer, 'metaindex block')
  const entries = new PlainEntries(new DataBlock(payload, file, footer.metaindex.offset))
  const handles = new Map<string, BlockHandle>()
  while (entries.next()) {
    if (entries.keyLength > MAX_NAME_LENGTH)
      throw entries.block.corruption('metaindex name is too long', entries.valueStart)
    const name = decodeUtf8(entries.key.subarray(0, entries.keyLength))
    const reader = new ByteReader(
      payload,
      entries.valueStart,
      entries.valueEnd,
      file,
      footer.metaindex.offset,
    )
    const handle = readHandle(reader, `handle of ${name}`)
    if (handle.offset + handle.size + BLOCK_TRAILER_LENGTH > footer.offset) {
      throw entries.block.corruption(`metaindex entry ${name} points beyond the blocks`, entries.valueStart)
    }
    handles.set(name, handle)
  }
  return handles
}

/** Far above any real name; keeps hostile prefix compression from growing names without end. */
const MAX_NAME_LENGTH = 1024

/** An index whose blocks all lie in the file. */
function boundedIndex(
  payloads: Uint8Array[],
  form: IndexForm,
  layout: TableLayout,
  offset: number,
): FlatIndex {
  const index = FlatIndex.unfold(payloads, form, layout.file, offset)
  for (let i = 0; i < index.count; i++) {
    if (index.offsets[i] + index.sizes[i] + BLOCK_TRAILER_LENGTH > layout.footer.offset) {
      throw new CorruptionError(`index entry ${i} points beyond the blocks`, layout.file, offset)
    }
  }
  return index
}

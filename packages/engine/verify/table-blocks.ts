/**
 * The part of checking a table that is not about its entries: filters, footer, the bytes between blocks, and
 * the file as a whole.
 */
import {
  BLOCK_TRAILER_LENGTH,
  type BlockCursor,
  type BlockHandle,
  type FlatIndex,
  indexInOrder,
} from '@varve/format/block'
import { equalBytes } from '@varve/format/bytes'
import { crc32c } from '@varve/format/checksum'
import { CorruptionError } from '@varve/format/errors'
import { type FilterReader, openFilter } from '@varve/format/filter'
import { type KeyOrder, type PrefixExtractor, TRAILER_LENGTH } from '@varve/format/key'
import { type NewFile, uniqueIdOf } from '@varve/format/manifest'
import {
  type ByteSource,
  encodeFooter,
  IndexType,
  PropertyName,
  readBlockPayload,
  readExactly,
  readTopLevel,
  type TableLayout,
} from '@varve/format/sst'

/** How the trailer of the filter kind begins that format_version 5 brought. */
const FAST_LOCAL_BLOOM = 0xff
const BLOOM_TRAILER_LENGTH = 5

/** The filters of a table, whole or in partitions, as a point lookup uses them. */
export class TableFilters {
  /** Where the filter partitions lie; a whole filter is in the metaindex. */
  readonly blocks: BlockHandle[] = []
  readonly hasFastLocalBloom: boolean = false
  private readonly top: FlatIndex | undefined
  private readonly filters: FilterReader[] = []
  private readonly wholeKeys: boolean = true
  private readonly extractor: PrefixExtractor | undefined
  /** Of what of a key is not in the filter. */
  private readonly timestampSize: number

  /** Partitions are asked by `order`, if that is known. */
  constructor(source: ByteSource, layout: TableLayout, order: KeyOrder | undefined) {
    this.timestampSize = order?.timestampSize ?? 0
    const { filter, filterPartitioned, wholeKeyFiltering, prefixExtractor, footer } = layout
    if (filter === undefined) return
    if (filterPartitioned) {
      const top = readTopLevel(source, layout, filter)
      this.top = order === undefined ? top : indexInOrder(top, order)
      this.blocks = blocksOf(top)
    }
    const handles = filterPartitioned ? this.blocks : [filter]
    const payloads = handles.map(handle => readBlockPayload(source, handle, footer, 'filter block'))
    this.hasFastLocalBloom = payloads.some(payload => payload.at(-BLOOM_TRAILER_LENGTH) === FAST_LOCAL_BLOOM)
    this.filters = payloads.map(openFilter)
    this.wholeKeys = wholeKeyFiltering
    this.extractor = prefixExtractor
  }

  /** Whether the filter knows the key, or its prefix, or both: what it is said to hold. */
  mayMatch({ keyBytes, keyLength, trailerLow, trailerHigh }: BlockCursor): boolean {
    const { filters, top } = this
    if (filters.length === 0) return true
    const wholeEnd = keyLength - TRAILER_LENGTH
    const partition = top === undefined ? 0 : top.find(keyBytes, 0, wholeEnd, trailerLow, trailerHigh)
    const keyEnd = wholeEnd - this.timestampSize
    const filter = filters[Math.min(partition, filters.length - 1)]
    const prefixEnd = this.extractor?.prefixLength(keyEnd) ?? -1
    if (prefixEnd >= 0 && !filter.mayMatch(keyBytes, 0, prefixEnd)) return false
    return !this.wholeKeys || filter.mayMatch(keyBytes, 0, keyEnd)
  }
}

/**
 * Nothing protects the format_version in a footer before version 6. But what is in the table says what it can
 * be: index keys without trailers came with version 3, delta-encoded index values with 4, this Bloom filter
 * with 5, and later versions write themselves into the properties.
 */
export function checkFormatVersion(layout: TableLayout, filters: TableFilters): void {
  const { formatVersion, offset } = layout.footer
  const { userKeys, deltaValues } = layout.indexForm
  // The Ribbon policy builds this Bloom filter for few keys, whatever the version.
  const isBloomOf5 = filters.hasFastLocalBloom && layout.properties?.filterPolicy === 'bloomfilter'
  const least = isBloomOf5 ? 5 : deltaValues ? 4 : userKeys ? 3 : 0
  const recorded = layout.properties?.number(PropertyName.formatVersion) ?? 0
  if (formatVersion >= least && (recorded === 0 || recorded === formatVersion)) return
  throw new CorruptionError(
    `the contents are not those of format_version ${formatVersion}`,
    layout.file,
    offset,
  )
}

/** The properties have an allowance of their own for their checksum; see readProperties. */
const CHECKED_WHEN_OPENED = new Set(['rocksdb.properties', 'rocksdb.stats'])

/** Every byte belongs to a block, whose checksum covers it, or to the footer; padding between them is zeros. */
export function checkLeftovers(
  source: ByteSource,
  layout: TableLayout,
  index: FlatIndex,
  filters: TableFilters,
): void {
  const { footer, metaindex } = layout
  const stored = readExactly(source, footer.offset, footer.length, 'footer')
  if (!equalBytes(stored, encodeFooter(footer))) {
    throw new CorruptionError('unused bytes of the footer are not zero', source.file, footer.offset)
  }
  for (const [name, handle] of metaindex) {
    if (!CHECKED_WHEN_OPENED.has(name)) readBlockPayload(source, handle, footer, `block ${name}`)
  }
  const blocks = [
    footer.metaindex,
    ...metaindex.values(),
    ...filters.blocks,
    ...blocksOf(index),
    layout.index,
  ]
  if (layout.indexType === IndexType.Partitioned) {
    blocks.push(...blocksOf(readTopLevel(source, layout, layout.index)))
  }
  let position = 0
  for (const { offset, size } of blocks.sort((a, b) => a.offset - b.offset)) {
    checkGap(source, position, offset)
    position = Math.max(position, offset + size + BLOCK_TRAILER_LENGTH)
  }
  checkGap(source, position, footer.offset)
}

function checkGap(source: ByteSource, start: number, end: number): void {
  if (start >= end) return
  const at = readExactly(source, start, end - start, 'padding').findIndex(byte => byte !== 0)
  if (at >= 0) throw new CorruptionError('bytes that belong to no block', source.file, start + at)
}

function blocksOf(index: FlatIndex): BlockHandle[] {
  return Array.from({ length: index.count }, (_, i) => ({ offset: index.offsets[i], size: index.sizes[i] }))
}

/** The file must be the one that the MANIFEST means, not another of the same name. */
export function checkUniqueId({ properties, file }: TableLayout, expected: Uint8Array | undefined): void {
  if (properties === undefined || expected === undefined || expected.every(byte => byte === 0)) return
  const { dbId, dbSessionId, originalFileNumber } = properties
  if (dbId === undefined || dbSessionId === undefined || originalFileNumber === undefined) return
  const actual = uniqueIdOf(dbId, dbSessionId, originalFileNumber)
  if (actual === undefined || equalBytes(actual, expected)) return
  throw new CorruptionError('this is another table than the MANIFEST records', file, properties.fileOffset)
}

const CHECKSUM_NAME = 'FileChecksumCrc32c'
const CHECKSUM_PIECE = 1024 * 1024

/** The checksum of the whole file, where RocksDB was told to record one: crc32c, big-endian, not masked. */
export function checkFileChecksum(
  source: ByteSource,
  record: Pick<NewFile, 'fileChecksum' | 'fileChecksumName'>,
): void {
  const { fileChecksum, fileChecksumName } = record
  if (fileChecksumName !== CHECKSUM_NAME || fileChecksum?.length !== 4) return
  let checksum = 0
  for (let at = 0; at < source.size; at += CHECKSUM_PIECE) {
    const piece = readExactly(source, at, Math.min(CHECKSUM_PIECE, source.size - at), 'file')
    checksum = crc32c(piece, 0, piece.length, checksum)
  }
  const recorded = new DataView(fileChecksum.buffer, fileChecksum.byteOffset, 4).getUint32(0)
  if (checksum === recorded) return
  throw new CorruptionError("the file's checksum is not the one that the MANIFEST records", source.file)
}

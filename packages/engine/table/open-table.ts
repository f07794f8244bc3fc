/**
 * What a table keeps in memory while it is open: layout, index, filter, dictionary; and the checks made before
 * any of its keys is believed.
 *
 * All of it lies at the end of the file, behind the data blocks. The last bytes are read at once; where they do
 * not reach, decoding stops with `BytesMissing`, more is read and decoding starts over. So the decoder is plain
 * synchronous code, and only the two loops at the bottom know how reading is done.
 *
 * RocksDB: table/block_based/block_based_table_reader.cc, BlockBasedTable::Open
 */
import { type BlockHandle, FlatIndex, indexInOrder, type UnfoldedIndex } from '@varve/format/block'
import { equalBytes } from '@varve/format/bytes'
import { CorruptionError, notSupported } from '@varve/format/errors'
import { openFilter } from '@varve/format/filter'
import type { KeyOrder } from '@varve/format/key'
import { type NewFile, uniqueIdOf } from '@varve/format/manifest'
import {
  type ByteSource,
  globalSequence,
  readBlockPayload,
  readDictionary,
  readIndex,
  readRangeDeletions,
  readTableLayout,
  readTopLevel,
  type TableLayout,
} from '@varve/format/sst'
import { type RangeTombstones, tableTombstones } from '../tombstone/index.ts'
import { PrefixFilter } from './prefix-filter.ts'
import type { TableFile } from './table-file.ts'
import { TableFilter } from './table-filter.ts'

/** What the MANIFEST says about a table that opening it needs to know; a `NewFile` record is one. */
export type TableIdentity = Pick<NewFile, 'number' | 'size' | 'largestSequence' | 'uniqueId' | 'tailSize'> &
  Partial<Pick<NewFile, 'smallest' | 'largest'>>

export interface TableContents {
  readonly layout: TableLayout
  readonly index: FlatIndex
  /** What point lookups ask. */
  readonly filter: Pick<TableFilter, 'mayMatch'> | undefined
  /** What scans ask, when all that they look for has one prefix. */
  readonly prefixes: PrefixFilter | undefined
  readonly dictionary: Uint8Array | undefined
  /** The sequence that stands for every key's own, in a table made outside a database. */
  readonly globalSequence: number | undefined
  /** Those that count within the file's boundaries; undefined when there are none. */
  readonly tombstones: RangeTombstones | undefined
}

/** Read at once where the MANIFEST does not say how long the tail is. */
const DEFAULT_TAIL = 256 * 1024

function loadContents(
  source: ByteSource,
  identity: TableIdentity,
  order: KeyOrder,
  unfolded?: UnfoldedIndex,
): TableContents {
  const layout = readTableLayout(source)
  refuseUnsupported(layout, order)
  checkUniqueId(layout, identity)
  // The filter lies first: asking for it early makes the tail long enough for the rest.
  const filter = readFilter(source, layout, order)
  const index = indexInOrder(
    unfolded === undefined ? readIndex(source, layout) : new FlatIndex(unfolded),
    order,
  )
  const dictionary = readDictionary(source, layout)?.slice()
  const sequence = globalSequence(layout.properties, identity.largestSequence)
  const tombstones = readTombstones(source, layout, identity, sequence, order)
  const { wholeKeyFiltering, prefixExtractor } = layout
  const prefixes = filter && prefixExtractor && new PrefixFilter(filter, prefixExtractor)
  const keys = wholeKeyFiltering ? filter : prefixes
  return { layout, index, filter: keys, prefixes, dictionary, globalSequence: sequence, tombstones }
}

function readTombstones(
  source: ByteSource,
  layout: TableLayout,
  { smallest, largest }: TableIdentity,
  sequence: number | undefined,
  order: KeyOrder,
): RangeTombstones | undefined {
  if (layout.rangeDeletions === undefined) return undefined
  const bounds = smallest === undefined || largest === undefined ? undefined : { smallest, largest }
  const tombstones = tableTombstones(readRangeDeletions(source, layout), bounds, sequence, order)
  return tombstones.count === 0 ? undefined : tombstones
}

/** Refuses what would otherwise be answered wrongly. */
function refuseUnsupported(layout: TableLayout, order: KeyOrder): void {
  const { file, properties } = layout
  if (properties === undefined) return
  const { comparator } = properties
  if (comparator !== undefined && comparator !== '' && comparator !== order.name) {
    throw notSupported(`the comparator ${comparator} in a table among those of ${order.name}`, file)
  }
  if (!properties.timestampsPersisted) throw notSupported('reading a table of user-defined timestamps', file)
}

/** The file must be the one that the MANIFEST means, not another of the same name. */
function checkUniqueId(layout: TableLayout, identity: TableIdentity): void {
  const { properties, file } = layout
  const expected = identity.uniqueId
  if (properties === undefined || expected === undefined || expected.every(byte => byte === 0)) return
  const { dbId, dbSessionId, originalFileNumber } = properties
  if (dbId === undefined || dbSessionId === undefined || originalFileNumber === undefined) return
  const actual = uniqueIdOf(dbId, dbSessionId, originalFileNumber)
  if (actual === undefined || equalBytes(actual, expected)) return
  throw new CorruptionError("table's unique id is not the one in the MANIFEST", file, properties.fileOffset)
}

function readFilter(source: ByteSource, layout: TableLayout, order: KeyOrder): TableFilter | undefined {
  const { filter, wholeKeyFiltering, prefixExtractor } = layout
  if (filter === undefined) return undefined
  // Of one with prefixes by an unknown rule only, nothing can be asked.
  if (!wholeKeyFiltering && prefixExtractor === undefined) return undefined
  if (!layout.filterPartitioned) return new TableFilter(undefined, [readFilterBlock(source, layout, filter)])
  const top = indexInOrder(readTopLevel(source, layout, filter), order)
  const partitions = []
  for (let i = 0; i < top.count; i++) {
    partitions.push(readFilterBlock(source, layout, { offset: top.offsets[i], size: top.sizes[i] }))
  }
  return new TableFilter(top, partitions)
}

function readFilterBlock(source: ByteSource, layout: TableLayout, handle: BlockHandle) {
  // A copy, so that the filter does not keep the whole tail in memory.
  return openFilter(readBlockPayload(source, handle, layout.footer, 'filter block').slice())
}

class BytesMissing extends Error {
  readonly offset: number

  constructor(offset: number) {
    super(`bytes from ${offset} on are not in memory`)
    this.offset = offset
  }
}

/** The bytes of a file from `start` to its end; reading before them throws `BytesMissing`. */
class TailSource implements ByteSource {
  readonly size: number
  readonly file: string
  start: number
  private bytes: Uint8Array
  private readonly order: KeyOrder

  constructor(path: string, size: number, order: KeyOrder) {
    this.order = order
    this.file = path
    this.size = size
    this.start = size
    this.bytes = new Uint8Array(0)
  }

  read(offset: number, length: number): Uint8Array {
    if (offset < this.start) throw new BytesMissing(offset)
    return this.bytes.subarray(offset - this.start, offset - this.start + length)
  }

  prepend(bytes: Uint8Array): void {
    if (this.bytes.length === 0) this.bytes = bytes
    else this.joinBefore(bytes)
    this.start -= bytes.length
  }

  private joinBefore(bytes: Uint8Array): void {
    const whole = new Uint8Array(bytes.length + this.bytes.length)
    whole.set(bytes)
    whole.set(this.bytes, bytes.length)
    this.bytes = whole
  }

  /** The contents, or where the tail must begin to make them. */
  tryLoad(identity: TableIdentity, unfolded?: UnfoldedIndex): TableContents | number {
    try {
      return loadContents(this, identity, this.order, unfolded)
    } catch (error) {
      if (error instanceof BytesMissing) return error.offset
      throw error
    }
  }
}

function firstTail(identity: TableIdentity): number {
  return Math.max(0, identity.size - Math.max(identity.tailSize ?? DEFAULT_TAIL, 64))
}

/** With its index `unfolded` already, by the thread that wrote the table, most of the work is done. */
export async function readContents(
  file: TableFile,
  identity: TableIdentity,
  order: KeyOrder,
  unfolded?: UnfoldedIndex,
): Promise<TableContents> {
  const source = new TailSource(file.path, file.size, order)
  let result: TableContents | number = firstTail(identity)
  while (typeof result === 'number') {
    source.prepend(await file.read(result, source.start - result))
    result = source.tryLoad(identity, unfolded)
  }
  return result
}

export function readContentsSync(file: TableFile, identity: TableIdentity, order: KeyOrder): TableContents {
  const source = new TailSource(file.path, file.size, order)
  let result: TableContents | number = firstTail(identity)
  while (typeof result === 'number') {
    source.prepend(file.readSync(result, source.start - result))
    result = source.tryLoad(identity)
  }
  return result
}

/**
 * An open table: looks up one key, and gives its data blocks to cursors. Index and filter are in memory; data
 * blocks are in the cache, or are wanted.
 *
 * RocksDB: table/block_based/block_based_table_reader.cc
 */
import {
  BLOCK_TRAILER_LENGTH,
  BlockCursor,
  DataBlock,
  type FlatIndex,
  OrderedBlockCursor,
  type UnfoldedIndex,
} from '@varve/format/block'
import { type BlockMemory, compareBytes, newMemory } from '@varve/format/bytes'
import { CorruptionError } from '@varve/format/errors'
import {
  bytewise,
  compareTrailers,
  type KeyOrder,
  TRAILER_LENGTH,
  trailerHigh,
  trailerLow,
} from '@varve/format/key'
import { decodeBlockPayload, type TableProperties } from '@varve/format/sst'
import { type BlockCache, BlockSlots } from '../cache/index.ts'
import { Step, type Wanted } from '../cursor/cursor.ts'
import type { PointLookup } from '../cursor/point-lookup.ts'
import type { File, FileSystem } from '../fs/index.ts'
import type { FileStatistics } from '../version/file-meta.ts'
import { BlockRequest } from './block-request.ts'
import { readContents, readContentsSync, type TableContents, type TableIdentity } from './open-table.ts'
import { TableFile } from './table-file.ts'

export interface TableOptions {
  /** Where data blocks are kept; without one each is read when it is needed. */
  cache?: BlockCache
  /** Bytes that cursors read at once, from their first block on; 0 lets it grow while a scan goes on. */
  readahead?: number
  /** Of the keys; bytewise unless given. */
  order?: KeyOrder
}

/** How much larger than stored a block will be, at a guess. */
const EXPECTED_EXPANSION = 4

/** What index and slots keep for a block beside its key. */
const BYTES_PER_BLOCK = 45

/**
 * Where synchronous reads of one block put its raw bytes: a compressed block is not kept as it was read, and a
 * new 4 KiB array costs 2 us, as much as reading it from the page cache (measured).
 */
const scratch = new Uint8Array(64 * 1024)

function scratchFor(length: number): Uint8Array {
  return length > scratch.length ? new Uint8Array(length) : scratch.subarray(0, length)
}

/** Serves every `get` in bytewise order: a lookup is over before the next begins. */
const lookupCursor = new BlockCursor()

export class TableReader {
  readonly number: number
  readonly file: TableFile
  readonly index: FlatIndex
  readonly readahead: number
  /** The trailer words (without type) that stand for every key's own, if `hasGlobalSequence`. */
  readonly hasGlobalSequence: boolean
  readonly globalLow: number
  readonly globalHigh: number
  readonly contents: TableContents
  /** Of the keys. */
  readonly order: KeyOrder

  private readonly cache: BlockCache | undefined
  private readonly slots: BlockSlots
  private readonly loading = new Map<number, Promise<DataBlock>>()
  /** Serves `get`. */
  private readonly lookupCursor: BlockCursor

  /** Checks size, format and identity. Throws `CORRUPTION`, or `NOT_SUPPORTED` for what could not be read rightly. */
  static async open(
    fs: FileSystem,
    path: string,
    identity: TableIdentity,
    options: TableOptions = {},
    unfolded?: UnfoldedIndex,
  ): Promise<TableReader> {
    const opened = await fs.open(path, 'read')
    try {
      const file = checkedFile(fs, path, identity, opened)
      const contents = await readContents(file, identity, options.order ?? bytewise, unfolded)
      return new this(identity.number, file, contents, options)
    } catch (error) {
      await opened.close()
      throw error
    }
  }

  static openSync(
    fs: FileSystem,
    path: string,
    identity: TableIdentity,
    options: TableOptions = {},
  ): TableReader {
    const opened = fs.openSync(path, 'read')
    try {
      const file = checkedFile(fs, path, identity, opened)
      const contents = readContentsSync(file, identity, options.order ?? bytewise)
      return new this(identity.number, file, contents, options)
    } catch (error) {
      opened.closeSync()
      throw error
    }
  }

  protected constructor(number: number, file: TableFile, contents: TableContents, options: TableOptions) {
    const { index, globalSequence } = contents
    this.number = number
    this.file = file
    this.contents = contents
    this.index = index
    this.readahead = options.readahead ?? 0
    this.hasGlobalSequence = globalSequence !== undefined
    this.globalLow = trailerLow(globalSequence ?? 0, 0)
    this.globalHigh = trailerHigh(globalSequence ?? 0)
    this.cache = options.cache
    this.order = options.order ?? bytewise
    this.lookupCursor = this.order === bytewise ? lookupCursor : new OrderedBlockCursor(this.order)
    this.slots = new BlockSlots(options.cache === undefined ? 0 : index.count)
  }

  get properties(): TableProperties | undefined {
    return this.contents.layout.properties
  }

  /** What the properties say about the contents; zeros where they do not. */
  get statistics(): FileStatistics {
    const { properties } = this
    return {
      entries: properties?.entries ?? 0,
      deletions: properties?.deletedKeys ?? 0,
      rangeDeletions: properties?.rangeDeletions ?? 0,
      mergeOperands: properties?.mergeOperands ?? 0,
      rawKeySize: properties?.rawKeySize ?? 0,
      rawValueSize: properties?.rawValueSize ?? 0,
    }
  }

  /** Bytes that index and filter take while the table is open. */
  get memoryUsage(): number {
    const { layout } = this.contents
    return this.index.keys.length + BYTES_PER_BLOCK * this.index.count + (layout.filter?.size ?? 0)
  }

  /**
   * Looks for the newest entry of the lookup's key that its reader may see. `moved`: it is found, and
   * `lookup.state` says what it is. `ended`: the table has none. `needsBlock`: load `lookup.wanted`, then repeat.
   */
  get(lookup: PointLookup): Step {
    const { tombstones } = this.contents
    if (tombstones === undefined) return this.find(lookup)
    const { bytes, start, end, sequence } = lookup
    lookup.covered = tombstones.covering(bytes, start, end, sequence)
    const step = this.find(lookup)
    return step === Step.ended && lookup.settleCovered() ? Step.moved : step
  }

  /** As `get`, among the entries. */
  private find(lookup: PointLookup): Step {
    const { filter } = this.contents
    if (filter !== undefined && !filter.mayMatch(lookup)) return Step.ended
    const { trailerLow: low, trailerHigh: high } = lookup
    const ordinal = this.index.find(lookup.bytes, lookup.start, lookup.end, low, high)
    if (ordinal === this.index.count) return Step.ended
    const block = this.findBlock(ordinal, lookup.wanted)
    if (block === undefined) {
      lookup.wanted = new BlockRequest(this, ordinal, lookup.fillCache)
      return Step.needsBlock
    }
    // No version of the key lies in the next block if this one has none at or after the target: where a key's
    // versions are split over two blocks, the index holds full internal keys.
    const entry = this.lookupCursor
    entry.attach(block)
    if (!entry.seek(lookup.bytes, lookup.start, lookup.end, low, high)) return Step.ended
    return this.settle(lookup)
  }

  /** The block if it is in the cache, or if `wanted` was loaded for it. */
  findBlock(ordinal: number, wanted: Wanted | undefined): DataBlock | undefined {
    const cached = this.cache?.find(this.slots, ordinal)
    if (cached !== undefined) return cached
    const isFor = wanted instanceof BlockRequest && wanted.table === this && wanted.ordinal === ordinal
    return isFor ? wanted.block : undefined
  }

  isCached(ordinal: number): boolean {
    return this.slots.blocks[ordinal] !== undefined
  }

  /** Reads and decodes a block. Callers that want the same one at the same time share one read. */
  loadBlock(ordinal: number, fillCache: boolean): Promise<DataBlock> {
    const underway = this.loading.get(ordinal)
    if (underway !== undefined) return underway
    const load = this.readBlock(ordinal, fillCache).finally(() => this.loading.delete(ordinal))
    this.loading.set(ordinal, load)
    return load
  }

  loadBlockSync(ordinal: number, fillCache: boolean): DataBlock {
    const length = this.index.sizes[ordinal] + BLOCK_TRAILER_LENGTH
    const raw = this.file.readSync(this.index.offsets[ordinal], length, scratchFor(length))
    const isKept = fillCache && this.cache !== undefined
    return isKept
      ? this.keep(ordinal, this.cachedBlock(raw, ordinal), true)
      : this.ownBlock(raw, ordinal, newMemory)
  }

  /** The block of `raw` in memory of the cache's pool, for `keep`. */
  cachedBlock(raw: Uint8Array, ordinal: number): DataBlock {
    const pool = this.cache?.memory
    const block = this.ownBlock(raw, ordinal, pool ?? newMemory)
    pool?.own(block)
    return block
  }

  /** As `decodeBlock`, but the block is never a view of `raw`. */
  ownBlock(raw: Uint8Array, ordinal: number, memory: BlockMemory): DataBlock {
    const isCompressed = raw[raw.length - BLOCK_TRAILER_LENGTH] !== 0
    return this.decodeBlock(isCompressed ? raw : memory.copyOf(raw, 0, raw.length), ordinal, memory)
  }

  /** Makes the block of `raw`, its payload and trailer. A block that is not compressed is a view of `raw`. */
  decodeBlock(raw: Uint8Array, ordinal: number, memory?: BlockMemory): DataBlock {
    const { layout, dictionary } = this.contents
    const offset = this.index.offsets[ordinal]
    const { path } = this.file
    const payload = decodeBlockPayload(raw, offset, layout.footer, { dictionary, memory, file: path })
    const block = new DataBlock(payload, path, offset)
    if (block.entriesEnd === 0) throw new CorruptionError('data block without entries', path, offset)
    return block
  }

  /** Whether the cache would take the block without giving up another. */
  hasRoomFor(ordinal: number): boolean {
    return this.cache !== undefined && this.cache.room > EXPECTED_EXPANSION * this.index.sizes[ordinal]
  }

  /** Lets the cache have the block, if it should. */
  keep(ordinal: number, block: DataBlock, fillCache: boolean): DataBlock {
    if (fillCache) this.cache?.insert(this.slots, ordinal, block)
    return block
  }

  /** Where the entries up to about `userKey` end in the file: for estimates of sizes. */
  approximateOffset(userKey: Uint8Array): number {
    const ordinal = this.index.find(userKey, 0, userKey.length, 0xffff_ffff, 0xffff_ffff)
    return ordinal < this.index.count ? this.index.offsets[ordinal] : this.contents.layout.footer.offset
  }

  /** Forgets the cached blocks and closes the file, after the reads under way. */
  close(): Promise<void> {
    this.cache?.drop(this.slots)
    return this.file.close()
  }

  closeSync(): void {
    this.cache?.drop(this.slots)
    this.file.closeSync()
  }

  /** Nobody will find this reader any more. Who has it reads on; the descriptor is there while a read is. */
  orphan(): void {
    this.cache?.drop(this.slots)
    this.file.orphan()
  }

  private async readBlock(ordinal: number, fillCache: boolean): Promise<DataBlock> {
    const length = this.index.sizes[ordinal] + BLOCK_TRAILER_LENGTH
    const raw = await this.file.read(this.index.offsets[ordinal], length)
    return this.keep(ordinal, this.decodeBlock(raw, ordinal), fillCache)
  }

  /** Takes the entry that `lookupCursor` stands on as the answer, if it is one of the lookup's key. */
  private settle(lookup: PointLookup): Step {
    const entry = this.lookupCursor
    const keyEnd = entry.keyLength - TRAILER_LENGTH
    if (keyEnd !== lookup.end - lookup.start) return Step.ended
    if (compareBytes(entry.keyBytes, 0, keyEnd, lookup.bytes, lookup.start, lookup.end) !== 0)
      return Step.ended
    let low = entry.trailerLow
    let high = entry.trailerHigh
    if (this.hasGlobalSequence) {
      low = (this.globalLow | (low & 0xff)) >>> 0
      high = this.globalHigh
      if (compareTrailers(low, high, lookup.trailerLow, lookup.trailerHigh) < 0) return Step.ended
    }
    lookup.settle(low, high, entry.valueBytes, entry.valueStart, entry.valueEnd, this.file.path)
    return Step.moved
  }
}

function checkedFile(fs: FileSystem, path: string, identity: TableIdentity, opened: File): TableFile {
  const size = opened.size()
  if (size !== identity.size) {
    throw new CorruptionError(`table has ${size} bytes and not the ${identity.size} recorded`, path, size)
  }
  return new TableFile(fs, path, size, opened)
}

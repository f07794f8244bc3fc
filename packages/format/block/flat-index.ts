/**
 * An index block unfolded into arrays, for the reads that go through it again and again.
 *
 *     entry := shared varint32, unshared varint32, [valueLength varint32], keySuffix, value
 *     value := handle                                    the key is written whole, or values are not deltas
 *            | zigzag varint64 (size - size before)      else; the block begins where the one before ended
 *     then, for index type 3: the block's first internal key, length-prefixed
 *
 * With delta-encoded values there is no `valueLength`. Keys are internal keys, or user keys where no user key
 * lies in two neighbouring blocks. What all user keys begin with is kept once; of the rest of each key its
 * first four bytes stand in an array of words, which is where nearly all comparisons end.
 *
 * RocksDB: table/block_based/index_reader_common.h, block.cc IndexBlockIter
 */
import {
  ByteReader,
  commonPrefixLength,
  compareBytes,
  concatBytes,
  copyBytes,
  prefixWord,
  readUint32,
  zigzagDecode,
} from '../bytes/index.ts'
import { CorruptionError } from '../errors/index.ts'
import { compareTrailers, TRAILER_LENGTH } from '../key/index.ts'
import { DataBlock } from './data-block.ts'
import { BLOCK_TRAILER_LENGTH } from './handle.ts'

/** How the entries of an index are written; the table's properties say so. */
export interface IndexForm {
  /** Keys are user keys, without the eight trailer bytes. */
  userKeys: boolean
  /** Values are delta-encoded. */
  deltaValues: boolean
  /** Each value ends with the block's first key (index type 3). */
  firstKeys: boolean
}

/**
 * Unfolded keys may take this many times the bytes of the block, beside what they all begin with. Real ones
 * stay below two; prefix compression in a hostile block could make them quadratic.
 */
const MAX_EXPANSION = 40

/** An index as plain data, which one thread can unfold and another one use. */
export interface UnfoldedIndex {
  /** Keys are user keys, without the eight trailer bytes. */
  readonly userKeys: boolean
  /** What every key begins with. */
  readonly prefix: Uint8Array
  /** The rest of key i is keys[keyOffsets[i]..keyOffsets[i + 1]). */
  readonly keys: Uint8Array
  readonly keyOffsets: Uint32Array
  /** The first four bytes of each rest. */
  readonly heads: Uint32Array
  /** Block i lies at offsets[i] and has sizes[i] bytes of payload. */
  readonly offsets: Float64Array
  readonly sizes: Float64Array
}

export class FlatIndex implements UnfoldedIndex {
  /** How many blocks there are. */
  readonly count: number
  readonly userKeys: boolean
  readonly prefix: Uint8Array
  readonly keys: Uint8Array
  readonly keyOffsets: Uint32Array
  readonly heads: Uint32Array
  readonly offsets: Float64Array
  readonly sizes: Float64Array
  protected readonly trailerLength: number

  constructor(index: UnfoldedIndex) {
    this.count = index.offsets.length
    this.userKeys = index.userKeys
    this.prefix = index.prefix
    this.keys = index.keys
    this.keyOffsets = index.keyOffsets
    this.heads = index.heads
    this.offsets = index.offsets
    this.sizes = index.sizes
    this.trailerLength = index.userKeys ? 0 : TRAILER_LENGTH
  }

  /** Unfolds the index block in `payload`, or a table's index partitions one after another. */
  static unfold(payloads: readonly Uint8Array[], form: IndexForm, file?: string, fileOffset = 0): FlatIndex {
    const blocks = payloads.map(payload => new DataBlock(payload, file, fileOffset))
    const { count, keyBytes, prefix } = measureIndex(blocks, form)
    const index = new FlatIndex({
      userKeys: form.userKeys,
      prefix,
      keys: new Uint8Array(keyBytes),
      keyOffsets: new Uint32Array(count + 1),
      heads: new Uint32Array(count),
      offsets: new Float64Array(count),
      sizes: new Float64Array(count),
    })
    let at = 0
    for (const block of blocks) {
      const entries = new IndexEntries(block, form)
      while (entries.next()) index.place(at++, entries)
    }
    return index
  }

  /**
   * The first block whose index key is at or after the internal key (key[start..end), trailer): the one that
   * holds the first entry at or after it. `count` when all blocks end before.
   */
  find(key: Uint8Array, start: number, end: number, trailerLow: number, trailerHigh: number): number {
    const { prefix, heads } = this
    const at = start + prefix.length
    for (let i = 0; i < prefix.length; i++) {
      if (start + i === end) return 0
      if (key[start + i] !== prefix[i]) return key[start + i] < prefix[i] ? 0 : this.count
    }
    const head = prefixWord(key, at, end)
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      const word = heads[middle]
      const before =
        word !== head ? word < head : this.isBefore(middle, key, at, end, trailerLow, trailerHigh)
      if (before) low = middle + 1
      else high = middle
    }
    return low
  }

  /** As plain data. */
  unfolded(): UnfoldedIndex {
    const { userKeys, prefix, keys, keyOffsets, heads, offsets, sizes } = this
    return { userKeys, prefix, keys, keyOffsets, heads, offsets, sizes }
  }

  /** A copy of index key `index`, as the block has it. */
  key(index: number): Uint8Array {
    return concatBytes(this.prefix, this.keys.subarray(this.keyOffsets[index], this.keyOffsets[index + 1]))
  }

  private isBefore(
    index: number,
    key: Uint8Array,
    start: number,
    end: number,
    trailerLow: number,
    trailerHigh: number,
  ): boolean {
    const restEnd = this.keyOffsets[index + 1] - this.trailerLength
    const order = compareBytes(this.keys, this.keyOffsets[index], restEnd, key, start, end)
    if (order !== 0) return order < 0
    if (this.userKeys) return false
    const low = readUint32(this.keys, restEnd)
    return compareTrailers(low, readUint32(this.keys, restEnd + 4), trailerLow, trailerHigh) < 0
  }

  private place(index: number, entries: IndexEntries): void {
    const { key, keyLength } = entries
    const start = this.keyOffsets[index]
    const from = this.prefix.length
    copyBytes(key, from, keyLength, this.keys, start)
    this.keyOffsets[index + 1] = start + keyLength - from
    this.offsets[index] = entries.offset
    this.sizes[index] = entries.size
    this.heads[index] = prefixWord(key, from, keyLength - this.trailerLength)
  }
}

/** Steps through an index block. RocksDB: table/block_based/block.cc, IndexBlockIter::DecodeCurrentValue */
export class IndexEntries {
  /** The key is key[0..keyLength). */
  key: Uint8Array = new Uint8Array(64)
  keyLength = 0
  /** How many leading bytes the key took from the one before. */
  shared = 0
  /** Where the entry's value begins; its key suffix ends there. */
  valueStart = 0
  offset = 0
  size = 0
  /** The block's first internal key, in an index of type 3. */
  firstKey: Uint8Array | undefined = undefined
  readonly reader: ByteReader
  private readonly block: DataBlock
  private readonly form: IndexForm

  constructor(block: DataBlock, form: IndexForm) {
    if (block.separated) throw block.corruption('index block with values apart', 0)
    this.block = block
    this.form = form
    this.reader = new ByteReader(block.bytes, 0, block.entriesEnd, block.file, block.fileOffset)
  }

  next(): boolean {
    if (this.reader.remaining === 0) return false
    const start = this.reader.position
    this.shared = this.reader.varint32('index entry')
    const unshared = this.reader.varint32('index entry')
    const valueLength = this.form.deltaValues ? -1 : this.reader.varint32('index entry')
    this.takeKey(unshared, start)
    this.valueStart = this.reader.position
    this.takeHandle(start)
    this.firstKey = this.form.firstKeys
      ? this.reader.lengthPrefixed('first key of an index entry')
      : undefined
    if (valueLength >= 0 && this.reader.position !== this.valueStart + valueLength) {
      throw this.block.corruption('index value is not as long as it says', start)
    }
    return true
  }

  private takeKey(unshared: number, start: number): void {
    if (this.shared > this.keyLength)
      throw this.block.corruption('index key shares more than there is', start)
    const { reader } = this
    reader.need(unshared, 'index key')
    const length = this.shared + unshared
    if (!this.form.userKeys && length < TRAILER_LENGTH)
      throw this.block.corruption('index key is too short', start)
    if (length > this.key.length) {
      const grown = new Uint8Array(2 * length)
      grown.set(this.key)
      this.key = grown
    }
    copyBytes(reader.bytes, reader.position, reader.position + unshared, this.key, this.shared)
    reader.position += unshared
    this.keyLength = length
  }

  private takeHandle(start: number): void {
    if (this.form.deltaValues && this.shared > 0) {
      this.offset += this.size + BLOCK_TRAILER_LENGTH
      this.size += zigzagDecode(this.reader.varint64('block size delta'))
      if (this.size < 0) throw this.block.corruption('index entry with a negative block size', start)
    } else {
      this.offset = this.reader.varint64('block offset')
      this.size = this.reader.varint64('block size')
    }
    if (this.offset + this.size > Number.MAX_SAFE_INTEGER) {
      throw this.block.corruption('index entry points beyond any file', start)
    }
  }
}

interface IndexExtent {
  count: number
  keyBytes: number
  prefix: Uint8Array
}

/** A first walk over the entries: how many there are, and what arrays would hold them. */
function measureIndex(blocks: readonly DataBlock[], form: IndexForm): IndexExtent {
  const trailerLength = form.userKeys ? 0 : TRAILER_LENGTH
  let prefix: Uint8Array | undefined
  let prefixLength = 0
  let count = 0
  let keyBytes = 0
  let payloadBytes = 0
  for (const block of blocks) {
    const entries = new IndexEntries(block, form)
    while (entries.next()) {
      prefix ??= entries.key.slice(0, (prefixLength = entries.keyLength - trailerLength))
      // Bytes shared with the key before have been compared with it already.
      const from = Math.min(entries.shared, prefixLength)
      const to = entries.keyLength - trailerLength
      prefixLength =
        to < from ? to : from + commonPrefixLength(prefix, from, prefixLength, entries.key, from, to)
      keyBytes += entries.keyLength
      count++
    }
    payloadBytes += block.bytes.length
  }
  keyBytes -= count * prefixLength
  if (keyBytes > MAX_EXPANSION * payloadBytes) {
    throw new CorruptionError(
      'index keys unfold to far more than their block',
      blocks[0].file,
      blocks[0].fileOffset,
    )
  }
  return { count, keyBytes, prefix: prefix?.subarray(0, prefixLength) ?? new Uint8Array(0) }
}

/**
 * The frame of a block of sorted entries, checked once when the block is read.
 *
 *     block   := entries, restarts u32le[restartCount], [hash index], [valuesOffset u32le], footer u32le
 *     footer  := restartCount (bits 0..27) | flags
 *     flags   := bit 31 hash index, bit 29 uniform keys (a hint), bit 28 keys and values apart, bit 30 reserved
 *     hash index := bucket u8[bucketCount], bucketCount u16le
 *
 * With bit 28 the entries hold keys only; their values lie in one area behind them, from valuesOffset on.
 *
 * RocksDB: table/block_based/block.cc, data_block_footer.cc
 */
import { readUint16, readUint32 } from '../bytes/index.ts'
import { CorruptionError } from '../errors/index.ts'

export const HASH_INDEX_FLAG = 0x8000_0000

/** What a bucket of a hash index holds beside restart points. */
export const HashBucket = { Collision: 0xfe, Empty: 0xff } as const

const RESERVED_FLAG = 0x4000_0000
const SEPARATED_FLAG = 0x1000_0000
const RESTART_COUNT_MASK = 0x0fff_ffff

/** What a decoded block costs beside its bytes, for the accounts of a cache. */
const OBJECT_OVERHEAD = 160

/** Takes the memory of a block back. */
export interface BlockOwner {
  takeBack(block: DataBlock): void
}

export class DataBlock {
  readonly bytes: Uint8Array
  /** Entries lie in bytes[0..entriesEnd). */
  readonly entriesEnd: number
  /** Values of a separated block lie in bytes[entriesEnd..valuesEnd); equal to `entriesEnd` in others. */
  readonly valuesEnd: number
  readonly restartsStart: number
  readonly restartCount: number
  /** Keys and values lie apart (RocksDB 11). */
  readonly separated: boolean
  /** Whether there is a hash index. Its buckets are bytes[bucketsStart...], `bucketCount` of them. */
  readonly hashIndexed: boolean
  readonly bucketsStart: number
  readonly bucketCount: number
  readonly file: string | undefined
  /** Where the block's payload begins in `file`. */
  readonly fileOffset: number
  /** For a cache that uses memory again: whose the bytes are, who still reads them, whether the cache has given them up. */
  pool: BlockOwner | undefined = undefined
  holders = 0
  isRetired = false

  constructor(bytes: Uint8Array, file?: string, fileOffset = 0) {
    this.bytes = bytes
    this.file = file
    this.fileOffset = fileOffset
    if (bytes.length < 4) throw this.corruption('block without room for its footer', 0)
    let end = bytes.length - 4
    const footer = readUint32(bytes, end)
    if ((footer & RESERVED_FLAG) !== 0) throw this.corruption('block footer has a reserved bit set', end)
    this.restartCount = footer & RESTART_COUNT_MASK
    this.separated = (footer & SEPARATED_FLAG) !== 0
    this.hashIndexed = (footer & HASH_INDEX_FLAG) !== 0
    let valuesOffset = -1
    if (this.separated) {
      end -= 4
      if (end < 0) throw this.corruption('block without room for its values offset', 0)
      valuesOffset = readUint32(bytes, end)
    }
    this.bucketCount = this.hashIndexed ? this.readBucketCount(end) : 0
    if (this.hashIndexed) end -= 2 + this.bucketCount
    this.bucketsStart = end
    this.restartsStart = end - 4 * this.restartCount
    if (this.restartsStart < 0) throw this.corruption('block is shorter than its restart array', end)
    this.valuesEnd = this.restartsStart
    this.entriesEnd = this.separated ? valuesOffset : this.restartsStart
    if (this.restartCount === 0 && this.restartsStart > 0)
      throw this.corruption('entries without a restart point', 0)
    if (this.entriesEnd > this.valuesEnd) throw this.corruption('values offset points behind the values', end)
  }

  /** Bytes of memory that the block keeps alive. */
  get charge(): number {
    return this.bytes.buffer.byteLength < 2 * this.bytes.length
      ? this.bytes.buffer.byteLength + OBJECT_OVERHEAD
      : this.bytes.length + OBJECT_OVERHEAD
  }

  /** Offset of the entry at restart point `index`, which must be below `restartCount`. */
  restartAt(index: number): number {
    const offset = readUint32(this.bytes, this.restartsStart + 4 * index)
    if (offset > this.entriesEnd)
      throw this.corruption('restart point behind the entries', this.restartsStart + 4 * index)
    return offset
  }

  /** The error for what stands at bytes[position]. Its offset is the block's: compressed bytes have no other. */
  corruption(what: string, position: number): CorruptionError {
    return new CorruptionError(`${what} (byte ${position} of the block)`, this.file, this.fileOffset)
  }

  private readBucketCount(end: number): number {
    if (end < 2) throw this.corruption('block without room for its hash index', 0)
    const count = readUint16(this.bytes, end - 2)
    if (count > end - 2) throw this.corruption('hash index is longer than its block', end - 2)
    return count
  }
}

/** A block without entries, as an empty table's index has it. */
export const emptyBlock: DataBlock = new DataBlock(new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0]))

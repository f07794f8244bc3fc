/**
 * Builds a data block with a hash index: for each bucket of user keys the restart point from which they are found.
 *
 *     block  := entries, restarts u32le[restartCount], bucket u8[bucketCount], bucketCount u16le, footer u32le
 *     bucket := restart point of all its keys | 0xfe where they have several | 0xff where it has no keys
 *
 * The bucket of a user key is its legacy hash modulo `bucketCount`, which is odd. A block of more than 64 KiB, or with
 * more restart points than a bucket can name, is written without.
 *
 * RocksDB: table/block_based/data_block_hash_index.cc
 */
import { writeUint16, writeUint32 } from '../bytes/index.ts'
import { DATA_BLOCK_HASH_SEED, legacyHash } from '../checksum/index.ts'
import { TRAILER_LENGTH } from '../key/index.ts'
import { BlockBuilder } from './block-builder.ts'
import { HASH_INDEX_FLAG, HashBucket } from './data-block.ts'

const MAX_BLOCK_LENGTH = 64 * 1024
const DEFAULT_UTIL_RATIO = 0.75

export class HashedBlockBuilder extends BlockBuilder {
  private readonly bucketsPerKey: number
  private buckets = 0
  /** The hash of each key, and its restart point. */
  private readonly hashes: number[] = []
  private readonly keyRestarts: number[] = []
  private fits = true

  /** `utilRatio` is how many keys there are to come on a bucket. */
  constructor(restartInterval: number, utilRatio: number, capacity?: number) {
    super(restartInterval, capacity)
    this.bucketsPerKey = 1 / (utilRatio > 0 ? utilRatio : DEFAULT_UTIL_RATIO)
  }

  override get estimatedSize(): number {
    return super.estimatedSize + (this.fits ? this.bucketCount + 2 : 0)
  }

  override add(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    common?: number,
  ): void {
    super.add(key, keyStart, keyEnd, value, valueStart, valueEnd, common)
    if (!this.fits) return
    const restart = this.restartCount - 1
    if (restart >= HashBucket.Collision) {
      this.fits = false
      return
    }
    this.hashes.push(legacyHash(key, keyStart, keyEnd - TRAILER_LENGTH, DATA_BLOCK_HASH_SEED))
    this.keyRestarts.push(restart)
    this.buckets += this.bucketsPerKey
  }

  override finish(): Uint8Array {
    if (!this.fits || this.estimatedSize > MAX_BLOCK_LENGTH) return super.finish()
    const { bucketCount } = this
    const start = this.finishRestarts(bucketCount + 6)
    const end = start + bucketCount
    this.fillBuckets(this.bytes.subarray(start, end))
    writeUint16(this.bytes, end, bucketCount)
    writeUint32(this.bytes, end + 2, (this.restartCount | HASH_INDEX_FLAG) >>> 0)
    return this.bytes.subarray(0, end + 6)
  }

  override reset(): void {
    super.reset()
    this.buckets = 0
    this.hashes.length = 0
    this.keyRestarts.length = 0
    this.fits = true
  }

  /** Cut to the 16 bits that it is written with, as C++ has it. */
  private get bucketCount(): number {
    return (Math.floor(this.buckets) & 0xffff) | 1
  }

  private fillBuckets(buckets: Uint8Array): void {
    buckets.fill(HashBucket.Empty)
    for (let i = 0; i < this.hashes.length; i++) {
      const bucket = this.hashes[i] % buckets.length
      const restart = this.keyRestarts[i]
      if (buckets[bucket] === HashBucket.Empty) buckets[bucket] = restart
      else if (buckets[bucket] !== restart) buckets[bucket] = HashBucket.Collision
    }
  }
}

/**
 * From a block's contents to what is stored, in the layout of format_version 2 and later (decompress.ts).
 *
 * RocksDB: util/compression.h; table/block_based/block_based_table_builder.cc, GoodCompressionRatio
 */
import { deflateRaw, zstdCompress } from '#codecs'
import { varintLength, writeVarint } from '../bytes/index.ts'
import { notSupported } from '../errors/index.ts'
import { lz4Compress, snappyCompress } from '../kernels/codecs.ts'
import { CompressionType, compressionName } from './compression-type.ts'

/** Options files say so where nobody chose a level. */
const UNSET_LEVEL = 32767

/**
 * `input` compressed by codec `type`, or `undefined` where that saves less than an eighth and the block is
 * better stored as it is. `level` is the codec's own (Zlib, ZSTD); Snappy knows neither level nor dictionary.
 * LZ4HC is written by the fast LZ4 compressor: its blocks are the same to read.
 *
 * The result is good until the next block is compressed or decompressed: it may lie in the codec's memory.
 */
export function compressBlock(
  type: number,
  input: Uint8Array,
  level?: number,
  dictionary?: Uint8Array,
): Uint8Array | undefined {
  return compressWithin(input.length - Math.floor(input.length / 8) - 1, type, input, level, dictionary)
}

/**
 * `input` compressed by codec `type`, however long that gets: in a file that has one codec for everything, as blob files
 * have, nothing is stored as it is. For type None, `input` itself. The result lives as long as that of `compressBlock`.
 */
export function compressWhole(type: number, input: Uint8Array, level?: number): Uint8Array {
  if (type === CompressionType.None) return input
  // Of nothing at all Snappy makes its length, 0, and no element.
  if (type === CompressionType.Snappy && input.length === 0) return new Uint8Array(1)
  const compressed = compressWithin(longest(input.length), type, input, level)
  if (compressed === undefined) throw new RangeError(`${input.length} bytes do not fit their compressed form`)
  return compressed
}

/** More than any codec makes of so many bytes. */
function longest(length: number): number {
  return length + Math.ceil(length / 4) + 1024
}

function compressWithin(
  limit: number,
  type: number,
  input: Uint8Array,
  level?: number,
  dictionary?: Uint8Array,
): Uint8Array | undefined {
  const history = dictionary !== undefined && dictionary.length > 0 ? dictionary : undefined
  const chosenLevel = level === UNSET_LEVEL ? undefined : level
  switch (type) {
    case CompressionType.None:
      return undefined
    case CompressionType.Snappy:
      return snappyCompress(input, limit)
    case CompressionType.LZ4:
    case CompressionType.LZ4HC:
      return lz4Compress(input, limit, history)
    case CompressionType.Zlib:
      return withSize(input.length, deflateRaw(input, chosenLevel, history), limit)
    case CompressionType.ZSTD:
    case CompressionType.ZSTDNotFinal:
      return withSize(input.length, zstdCompress(input, chosenLevel, history), limit)
    default:
      throw notSupported(`${compressionName(type)} compression`)
  }
}

function withSize(size: number, compressed: Uint8Array, limit: number): Uint8Array | undefined {
  const prefix = varintLength(size)
  if (prefix + compressed.length > limit) return undefined
  const payload = new Uint8Array(prefix + compressed.length)
  writeVarint(payload, 0, size)
  payload.set(compressed, prefix)
  return payload
}

/**
 * From a stored block to its contents.
 *
 *     type          format_version 2 and later            before
 *     Snappy        block (begins with its length)        the same
 *     Zlib          size varint32, raw deflate            raw deflate
 *     LZ4, LZ4HC    size varint32, LZ4 block              size u64le (low half used), LZ4 block
 *     ZSTD          size varint32, frame                  the same
 *
 * A size is only a claim. It is held against the most that the codec can make of the input, and memory is
 * taken as output comes, so a lie costs no more than the truth.
 *
 * RocksDB: util/compression.h
 */
import { inflateRaw, zstdDecompress } from '#codecs'
import { type BlockMemory, ByteReader } from '../bytes/index.ts'
import { CorruptionError, isVarveError, notSupported } from '../errors/index.ts'
import { fitsCodecKernel, lz4Decompress, snappyDecompress } from '../kernels/codecs.ts'
import { CompressionType, compressionName } from './compression-type.ts'
import { isWholeZstdFrame } from './zstd-frame.ts'

/** The greatest expansion of each codec, from the shape of its densest copy. */
const SNAPPY_EXPANSION = 22 // 64 bytes from 3.
const LZ4_EXPANSION = 255 // 255 bytes from each byte of a long length.
const ZLIB_EXPANSION = 1032 // 258 bytes from 2 bits.
const ZSTD_EXPANSION = 128 * 1024 // A block of 128 KiB in a single byte, beside its header.

/** What a codec may add to its expansion in a very short input. */
const EXPANSION_SLACK = 64

export interface DecompressOptions {
  dictionary?: Uint8Array | undefined
  /** Where the contents go; new memory unless said otherwise. Only Snappy and LZ4 ask for it. */
  memory?: BlockMemory | undefined
  /** Where the payload lies, for errors. */
  file?: string | undefined
  offset?: number
}

/** The contents of a block of compression type `type`: `payload` itself for type None. */
export function decompressBlock(
  type: number,
  payload: Uint8Array,
  formatVersion: number,
  options: DecompressOptions = {},
): Uint8Array {
  const { dictionary, memory, file, offset } = options
  const history = dictionary !== undefined && dictionary.length > 0 ? dictionary : undefined
  const reader = new ByteReader(payload, 0, payload.length, file, offset)
  switch (type) {
    case CompressionType.None:
      return payload
    case CompressionType.Snappy:
      return decompressSnappy(reader, memory)
    case CompressionType.Zlib:
      return decompressZlib(reader, formatVersion, history)
    case CompressionType.LZ4:
    case CompressionType.LZ4HC:
      return decompressLz4(reader, formatVersion, memory, history)
    case CompressionType.ZSTD:
    case CompressionType.ZSTDNotFinal:
      return decompressZstd(reader, history)
    default:
      throw notSupported(`${compressionName(type)} compression`, file, offset)
  }
}

function decompressSnappy(reader: ByteReader, memory?: BlockMemory): Uint8Array {
  const size = readSize(reader, SNAPPY_EXPANSION)
  return snappyDecompress(reader.bytes, reader.position, size, memory) ?? fail(reader, 'Snappy')
}

function decompressLz4(
  reader: ByteReader,
  formatVersion: number,
  memory?: BlockMemory,
  dictionary?: Uint8Array,
): Uint8Array {
  const size = formatVersion >= 2 ? readSize(reader, LZ4_EXPANSION) : readLegacyLz4Size(reader)
  return lz4Decompress(reader.bytes, reader.position, size, memory, dictionary) ?? fail(reader, 'LZ4')
}

function decompressZlib(reader: ByteReader, formatVersion: number, dictionary?: Uint8Array): Uint8Array {
  if (formatVersion >= 2) {
    const size = readSize(reader, ZLIB_EXPANSION)
    return exactly(size, reader, 'Zlib', () => inflateRaw(rest(reader), size, dictionary))
  }
  const sizeMax = reader.remaining * ZLIB_EXPANSION + EXPANSION_SLACK
  return decoded(reader, 'Zlib', () => inflateRaw(reader.bytes, sizeMax, dictionary))
}

function decompressZstd(reader: ByteReader, dictionary?: Uint8Array): Uint8Array {
  const size = readSize(reader, ZSTD_EXPANSION)
  return exactly(size, reader, 'ZSTD', () => zstdDecompress(rest(reader), size, dictionary))
}

/** Reads one Zstandard frame of unknown size, at most `maxSize`: a record of a compressed WAL. */
export function zstdDecompressFrame(
  bytes: Uint8Array,
  maxSize: number,
  file?: string,
  offset?: number,
): Uint8Array {
  const reader = new ByteReader(bytes, 0, bytes.length, file, offset)
  if (!isWholeZstdFrame(bytes)) fail(reader, 'ZSTD')
  const sizeMax = Math.min(maxSize, bytes.length * ZSTD_EXPANSION)
  return decoded(reader, 'ZSTD', () => zstdDecompress(bytes, sizeMax))
}

function readSize(reader: ByteReader, expansion: number): number {
  return checkSize(reader, reader.varint32('uncompressed size'), expansion)
}

function readLegacyLz4Size(reader: ByteReader): number {
  const size = reader.uint32('uncompressed size')
  reader.uint32('uncompressed size')
  return checkSize(reader, size, LZ4_EXPANSION)
}

function checkSize(reader: ByteReader, size: number, expansion: number): number {
  if (size > reader.remaining * expansion + EXPANSION_SLACK || !fitsCodecKernel(size + reader.bytes.length)) {
    throw reader.corruption(`an uncompressed size of ${size} for ${reader.remaining} compressed bytes`, 0)
  }
  return size
}

function rest(reader: ByteReader): Uint8Array {
  return reader.bytes.subarray(reader.position)
}

function exactly(size: number, reader: ByteReader, codec: string, decode: () => Uint8Array): Uint8Array {
  const contents = decoded(reader, codec, decode)
  return contents.length === size ? contents : fail(reader, codec)
}

/** Turns what a codec throws about its input into corruption of the file; what it lacks passes through. */
function decoded(reader: ByteReader, codec: string, decode: () => Uint8Array): Uint8Array {
  try {
    return decode()
  } catch (cause) {
    if (isVarveError(cause)) throw cause
    throw new CorruptionError(`malformed ${codec} data`, reader.file, reader.fileOffset, cause)
  }
}

function fail(reader: ByteReader, codec: string): never {
  throw reader.corruption(`malformed ${codec} data`, 0)
}

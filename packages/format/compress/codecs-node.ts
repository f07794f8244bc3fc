/**
 * Deflate and Zstandard on Node, whose zlib has both. Chosen by the `#codecs` entry of package.json's
 * `imports`, so that the rest of this package needs no Node.
 */
import { constants, deflateRawSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** What C++ RocksDB decompresses with: a window of 16 KiB. With more, it would refuse our blocks. */
const DEFLATE_WINDOW_BITS = 14

/** Up to here the output is allocated at once; beyond it grows as it comes, since its size may be a lie. */
const TRUSTED_SIZE = 1 << 20

/** Zstandard needs a window no larger than the output; streams of unknown size use 2 MiB (21 bits). */
const ZSTD_WINDOW_BITS_MIN = 23
const ZSTD_WINDOW_BITS_MAX = 31

export function inflateRaw(bytes: Uint8Array, maxSize: number, dictionary?: Uint8Array): Uint8Array {
  return plain(inflateRawSync(bytes, { ...outputOptions(maxSize), ...(dictionary && { dictionary }) }))
}

export function deflateRaw(bytes: Uint8Array, level?: number, dictionary?: Uint8Array): Uint8Array {
  const options = { windowBits: DEFLATE_WINDOW_BITS, level: deflateLevel(level) }
  return plain(deflateRawSync(bytes, { ...options, ...(dictionary && { dictionary }) }))
}

/** One level may be meant for several codecs: Zstandard's go further both ways. */
function deflateLevel(level: number = constants.Z_DEFAULT_COMPRESSION): number {
  if (level < constants.Z_DEFAULT_COMPRESSION) return constants.Z_BEST_SPEED
  return Math.min(level, constants.Z_BEST_COMPRESSION)
}

export function zstdDecompress(bytes: Uint8Array, maxSize: number, dictionary?: Uint8Array): Uint8Array {
  const neededBits = Math.ceil(Math.log2(maxSize + 1))
  const windowBits = Math.min(Math.max(neededBits, ZSTD_WINDOW_BITS_MIN), ZSTD_WINDOW_BITS_MAX)
  const params = { [constants.ZSTD_d_windowLogMax]: windowBits }
  return plain(
    zstdDecompressSync(bytes, { ...outputOptions(maxSize), params, ...(dictionary && { dictionary }) }),
  )
}

export function zstdCompress(bytes: Uint8Array, level?: number, dictionary?: Uint8Array): Uint8Array {
  const params = { [constants.ZSTD_c_compressionLevel]: level ?? constants.ZSTD_CLEVEL_DEFAULT }
  return plain(zstdCompressSync(bytes, { params, ...(dictionary && { dictionary }) }))
}

/** A chunk one larger than the output, or zlib would look for more output in a second one. */
function outputOptions(maxSize: number): { maxOutputLength: number; chunkSize: number } {
  const chunkSize = Math.max(Math.min(maxSize, TRUSTED_SIZE) + 1, constants.Z_MIN_CHUNK)
  return { maxOutputLength: Math.max(maxSize, 1), chunkSize }
}

/** Without Buffer's own `slice`, which shares bytes where that of Uint8Array copies. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

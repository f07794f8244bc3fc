/**
 * Whether a Zstandard frame is there to its end, which zlib of Node 22 and 24 does not ask: of a frame that was cut it
 * gives what it has.
 *
 *     frame  := magic u32le, descriptor u8, window u8?, dictionary id u8[0..4], content size u8[0..8], block+, checksum u32?
 *     block  := header u24le (bit 0: the last; bits 1-2: type; then the size), contents
 *
 * The descriptor says which of them there are: bits 6-7 and 5 (no window) the content size, 2 the checksum, 0-1 the
 * dictionary id. RFC 8878, 3.1.1
 */
import { readUint32 } from '../bytes/index.ts'

const MAGIC = 0xfd2f_b528
const HEADER_LENGTH_MIN = 5
const BLOCK_HEADER_LENGTH = 3
const CHECKSUM_LENGTH = 4
const DICTIONARY_ID_LENGTHS = [0, 1, 2, 4]
const CONTENT_SIZE_LENGTHS = [0, 2, 4, 8]

/** A block of one byte that is repeated: its size is that of the output. */
const RLE = 1

/** Whether `bytes` are one frame, neither less nor more, as far as its framing says. */
export function isWholeZstdFrame(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_LENGTH_MIN || readUint32(bytes, 0) !== MAGIC) return false
  const descriptor = bytes[4]
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeLength = CONTENT_SIZE_LENGTHS[descriptor >> 6]
  let at = HEADER_LENGTH_MIN + DICTIONARY_ID_LENGTHS[descriptor & 3]
  // The window, or the content size that stands for it.
  at += isSingleSegment ? Math.max(sizeLength, 1) : 1 + sizeLength
  for (let isLast = false; !isLast; ) {
    if (at + BLOCK_HEADER_LENGTH > bytes.length) return false
    const header = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)
    isLast = (header & 1) !== 0
    at += BLOCK_HEADER_LENGTH + (((header >> 1) & 3) === RLE ? 1 : header >> 3)
  }
  const hasChecksum = (descriptor & 4) !== 0
  return at + (hasChecksum ? CHECKSUM_LENGTH : 0) === bytes.length
}

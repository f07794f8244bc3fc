/**
 * Cursor over the physical fragments of a log file, WAL or MANIFEST.
 *
 *     file     := block[32768], ...; a fragment never crosses a block's end
 *     fragment := maskedCrc u32le, length u16le, type u8, [logNumber u32le], payload u8[length]
 *
 * The checksum covers everything from `type` on. `logNumber`, the low half of the file's number, is there
 * only for the types of a recycled file, whose old contents are still behind the new ones. A block with less
 * than a header left is padded.
 *
 * The cursor reports what it finds and goes on where reading can resume; it decides nothing.
 *
 * RocksDB: db/log_reader.cc, Reader::ReadPhysicalRecord
 */
import { readUint16, readUint32 } from '../bytes/index.ts'
import { crc32c, unmaskCrc } from '../checksum/index.ts'
import {
  BLOCK_LENGTH,
  FragmentType,
  HEADER_LENGTH,
  headerLength,
  isAuxiliary,
  isKnownType,
  isRecyclable,
  RECYCLABLE_HEADER_LENGTH,
  SAFE_TO_IGNORE,
} from './log-format.ts'

/** Why bytes of a log were skipped. */
export type DamageReason =
  | 'checksum mismatch'
  | 'bad record length'
  | 'truncated header'
  | 'truncated body'
  | 'unknown record type'
  | 'missing start'
  | 'partial record without end'
  | 'record of an older log'
  | 'zeroed area'
  | 'bad compressed record'
  | 'bad auxiliary record'

export const FragmentState = { ended: 0, intact: 1, damaged: 2 } as const
export type FragmentState = (typeof FragmentState)[keyof typeof FragmentState]

export class FragmentCursor {
  readonly bytes: Uint8Array
  readonly end: number
  /** What recyclable fragments of this log carry, when it is known. */
  readonly logNumber: number | undefined
  /** The current fragment, or the damaged bytes, is bytes[offset..position). */
  offset = 0
  type = 0
  payloadStart = 0
  payloadEnd = 0
  /** Where reading goes on; behind the current fragment or damage. */
  position = 0
  /** Set when the state is `damaged`. */
  reason: DamageReason = 'checksum mismatch'

  private lastNonZero = -2 // Index of the last byte that is not zero; -2 until it is asked for.

  constructor(bytes: Uint8Array, end: number, logNumber: number | undefined) {
    this.bytes = bytes
    this.end = end
    this.logNumber = logNumber === undefined ? undefined : logNumber % 0x1_0000_0000
  }

  /** Moves to the next fragment or damage. Types that are unknown and safe to ignore are passed over. */
  next(): FragmentState {
    for (;;) {
      const blockEnd = this.skipPadding()
      if (this.position >= this.end) return FragmentState.ended
      this.offset = this.position
      const state = this.readFragment(Math.min(blockEnd, this.end))
      if (state !== FragmentState.ended) return state
    }
  }

  /** Leaves a block whose rest is too short for a header; gives the end of the block it is in then. */
  private skipPadding(): number {
    const blockEnd = endOfBlock(this.position)
    if (blockEnd - this.position >= HEADER_LENGTH) return blockEnd
    this.position = blockEnd
    return blockEnd + BLOCK_LENGTH
  }

  /** `ended` means that there was nothing to report here and that `position` has moved on. */
  private readFragment(limit: number): FragmentState {
    const { bytes, offset } = this
    const cutBlock = limit % BLOCK_LENGTH !== 0
    if (limit - offset < HEADER_LENGTH) return this.readShortTail(limit)
    const length = readUint16(bytes, offset + 4)
    const type = bytes[offset + 6]
    if (type === FragmentType.Zero && length === 0) return this.skipZeros(limit)
    const header = headerLength(type)
    if (header + length > limit - offset) {
      return this.damage(cutBlock ? 'truncated body' : 'bad record length', limit)
    }
    if (
      isRecyclable(type) &&
      this.logNumber !== undefined &&
      readUint32(bytes, offset + 7) !== this.logNumber
    ) {
      return this.damage('record of an older log', limit)
    }
    const fragmentEnd = offset + header + length
    if (crc32c(bytes, offset + 6, fragmentEnd) !== unmaskCrc(readUint32(bytes, offset))) {
      return this.damage('checksum mismatch', limit)
    }
    if (!isKnownType(type)) {
      if ((type & SAFE_TO_IGNORE) === 0) return this.damage('unknown record type', fragmentEnd)
      this.position = fragmentEnd
      return FragmentState.ended
    }
    this.type = type
    this.payloadStart = offset + header
    this.payloadEnd = this.position = fragmentEnd
    return FragmentState.intact
  }

  private readShortTail(limit: number): FragmentState {
    if (this.onlyZerosFollow()) return this.finish()
    return this.damage('truncated header', limit)
  }

  /**
   * Space that was allocated and never written is zeros up to the file's end, and writers fill a block with
   * zeros when what comes next does not fit. Any other zeros were written once: a page was lost. RocksDB
   * passes over all three in silence.
   */
  private skipZeros(limit: number): FragmentState {
    if (this.onlyZerosFollow()) return this.finish()
    if (!this.isBlockPadding(limit)) return this.damage('zeroed area', limit)
    this.position = limit
    return FragmentState.ended
  }

  /** In front of a recyclable header, and of a record that must not be split. */
  private isBlockPadding(limit: number): boolean {
    for (let at = this.offset; at < limit; at++) if (this.bytes[at] !== 0) return false
    if (limit - this.offset < RECYCLABLE_HEADER_LENGTH) return true
    return limit + HEADER_LENGTH <= this.end && isAuxiliary(this.bytes[limit + 6])
  }

  private finish(): FragmentState {
    this.position = this.end
    return FragmentState.ended
  }

  private damage(reason: DamageReason, resumesAt: number): FragmentState {
    this.reason = reason
    this.position = resumesAt
    return FragmentState.damaged
  }

  private onlyZerosFollow(): boolean {
    if (this.lastNonZero === -2) this.lastNonZero = lastNonZeroBefore(this.bytes, this.end)
    return this.lastNonZero < this.offset
  }
}

/** Index of the last byte below `end` that is not zero, or -1. A log has a megabyte of zeros behind it: by words. */
function lastNonZeroBefore(bytes: Uint8Array, end: number): number {
  const { buffer, byteOffset } = bytes
  let at = end
  while (at > 0 && (byteOffset + at) % 4 !== 0 && bytes[at - 1] === 0) at--
  const firstWord = Math.ceil(byteOffset / 4)
  const aligned = Math.floor((byteOffset + at) / 4)
  if ((byteOffset + at) % 4 === 0 && aligned > firstWord) {
    const words = new Int32Array(buffer, firstWord * 4, aligned - firstWord)
    let word = words.length
    while (word > 0 && words[word - 1] === 0) word--
    at = (firstWord + word) * 4 - byteOffset
  }
  while (at > 0 && bytes[at - 1] === 0) at--
  return at - 1
}

export function endOfBlock(position: number): number {
  return position - (position % BLOCK_LENGTH) + BLOCK_LENGTH
}

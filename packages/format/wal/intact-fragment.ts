/**
 * Looks for a fragment that checks among bytes that had to be skipped. A torn tail holds none; a damaged
 * length or checksum in front of good records does, and then dropping the rest would lose them.
 */
import { readUint16, readUint32 } from '../bytes/index.ts'
import { crc32c, unmaskCrc } from '../checksum/index.ts'
import { HEADER_LENGTH, headerLength, isKnownType, isRecyclable } from './log-format.ts'

/** Bytes that one search may checksum: two blocks, so that hostile bytes cannot make it quadratic. */
const CHECKSUM_BUDGET = 2 * 32768

/** The offset of the first one that begins and ends in bytes[start + 1..end) and is not of an older log. */
export function findIntactFragment(
  bytes: Uint8Array,
  start: number,
  end: number,
  logNumber: number | undefined,
): number | undefined {
  let budget = CHECKSUM_BUDGET
  for (let at = start + 1; at + HEADER_LENGTH <= end; at++) {
    const type = bytes[at + 6]
    if (!isKnownType(type)) continue
    const length = headerLength(type) + readUint16(bytes, at + 4)
    if (length > end - at || length > budget) continue
    if (isRecyclable(type) && logNumber !== undefined && readUint32(bytes, at + 7) !== logNumber) continue
    budget -= length
    if (crc32c(bytes, at + 6, at + length) === unmaskCrc(readUint32(bytes, at))) return at
  }
  return undefined
}

/**
 * The elements of a Snappy block; its length, a varint32 in front, is left to the caller.
 *
 *     element := tag u8, rest by the two low bits of the tag
 *
 *     00 literals   length - 1 in the upper six bits; from 60 on in the next 1, 2, 3 or 4 bytes
 *     01 copy       length - 4 in bits 2-4, distance u11: high part in bits 5-7, low byte next
 *     10 copy       length - 1 in the upper six bits, distance u16le
 *     11 copy       length - 1 in the upper six bits, distance u32le
 *
 * AssemblyScript.
 */
import {
  beginMatches,
  copyForward,
  copyMatch,
  matchBefore,
  matchDistance,
  matchLength,
  noteMatch,
} from './matches.as'

const MIN_MATCH: u32 = 4
/** Eight bytes are read at each position searched. */
const MATCH_MARGIN: usize = 12
/** After 2^5 positions without a match the search takes larger steps. */
const SKIP_BITS: u32 = 5

// --- Compression -------------------------------------------------------------------------------------

// Each writer takes where to write and returns where it ended.

function writeLiterals(target: usize, from: usize, count: u32): usize {
  const length = count - 1
  if (length < 60) store<u8>(target++, <u8>(length << 2))
  else {
    const lengthBytes: u32 = (39 - <u32>clz<u32>(length)) >> 3
    store<u8>(target, <u8>((59 + lengthBytes) << 2))
    store<u32>(target, length, 1)
    target += 1 + lengthBytes
  }
  copyForward(from, target, count)
  return target + count
}

function writeLongCopy(target: usize, distance: u32, length: u32): usize {
  store<u8>(target, <u8>(((length - 1) << 2) | 2))
  store<u16>(target, <u16>distance, 1)
  return target + 3
}

/** Splits a copy so that no piece is shorter than four bytes: the short form begins there. */
function writeCopy(target: usize, distance: u32, length: u32): usize {
  while (length >= 68) {
    target = writeLongCopy(target, distance, 64)
    length -= 64
  }
  if (length > 64) {
    target = writeLongCopy(target, distance, 60)
    length -= 60
  }
  if (length >= 12 || distance >= 2048) return writeLongCopy(target, distance, length)
  store<u8>(target, <u8>(((distance >> 8) << 5) | ((length - 4) << 2) | 1))
  store<u8>(target, <u8>distance, 1)
  return target + 2
}

/** Compresses [source, end). Returns how many bytes it wrote to `into`, or 0 once they would pass `limit`. */
export function snappyCompress(source: usize, end: usize, into: usize, limit: u32): u32 {
  let target = into
  beginMatches(source, end)
  let literals = source
  if (end - source > MATCH_MARGIN) {
    const searchEnd = end - MATCH_MARGIN
    let at = source
    let misses: u32 = 1 << SKIP_BITS
    while (at <= searchEnd) {
      const distance = matchDistance(at)
      if (distance === 0) {
        at += misses++ >> SKIP_BITS
        continue
      }
      const before = matchBefore(at, distance, literals, source)
      const length = before + MIN_MATCH + matchLength(at + MIN_MATCH, distance, end)
      at -= before
      if (at > literals) target = writeLiterals(target, literals, <u32>(at - literals))
      target = writeCopy(target, distance, length)
      if (<u32>(target - into) > limit) return 0
      at += length
      literals = at
      misses = 1 << SKIP_BITS
      if (at <= searchEnd) noteMatch(at - 2)
    }
  }
  if (end > literals) target = writeLiterals(target, literals, <u32>(end - literals))
  const written = <u32>(target - into)
  return written > limit ? 0 : written
}

// --- Decompression -----------------------------------------------------------------------------------

/**
 * Decompresses the elements [source, end) to exactly [into, intoEnd). False if they are not Snappy or of
 * another length. Up to 16 bytes beyond `intoEnd` are overwritten, and a few beyond `end` are read.
 */
export function snappyDecompress(source: usize, end: usize, into: usize, intoEnd: usize): bool {
  let at = into
  while (source < end) {
    const tag = <u32>load<u8>(source++)
    const kind = tag & 3
    let length = (tag >> 2) + 1
    if (kind === 0) {
      if (length > 60) {
        const lengthBytes = length - 60
        if (<u32>(end - source) < lengthBytes) return false
        length = load<u32>(source) & (0xffffffff >> (32 - 8 * lengthBytes))
        if (length === 0xffffffff) return false
        length++
        source += lengthBytes
      }
      if (length > <u32>(intoEnd - at) || length > <u32>(end - source)) return false
      copyForward(source, at, length)
      source += length
      at += length
      continue
    }
    let distance: u32 = 0
    if (kind === 1) {
      length = ((tag >> 2) & 7) + 4
      distance = ((tag >> 5) << 8) | load<u8>(source)
      source += 1
    } else if (kind === 2) {
      distance = load<u16>(source)
      source += 2
    } else {
      distance = load<u32>(source)
      source += 4
    }
    if (source > end || distance === 0 || distance > <u32>(at - into) || length > <u32>(intoEnd - at))
      return false
    copyMatch(at, distance, length)
    at += length
  }
  return at === intoEnd
}

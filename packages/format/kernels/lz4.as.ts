/**
 * LZ4 blocks, without a frame.
 *
 *     block    := sequence ..., the last without a match
 *     sequence := token u8, moreLiterals u8[], literals u8[], distance u16le, moreMatch u8[]
 *     token    := literalCount u4 (high), matchLength - 4 u4 (low); 15 is continued in bytes up to a non-255
 *
 * The last five bytes are literals, and no match begins in the last twelve.
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
const LAST_LITERALS: usize = 5
const MATCH_MARGIN: usize = 12
/** After 2^5 positions without a match the search takes larger steps. */
const SKIP_BITS: u32 = 5

// --- Compression -------------------------------------------------------------------------------------

// Each writer takes where to write and returns where it ended.

/** Writes the part of a length that its four bits of the token do not hold. */
function writeMore(target: usize, length: u32): usize {
  if (length < 15) return target
  length -= 15
  while (length >= 255) {
    store<u8>(target++, 255)
    length -= 255
  }
  store<u8>(target++, <u8>length)
  return target
}

function writeLiterals(target: usize, from: usize, count: u32, matchBits: u32): usize {
  store<u8>(target++, <u8>((min<u32>(count, 15) << 4) | matchBits))
  target = writeMore(target, count)
  copyForward(from, target, count)
  return target + count
}

function writeSequence(target: usize, literals: usize, literalCount: u32, distance: u32, length: u32): usize {
  const more = length - MIN_MATCH
  target = writeLiterals(target, literals, literalCount, min<u32>(more, 15))
  store<u16>(target, <u16>distance)
  return writeMore(target + 2, more)
}

/**
 * Compresses [source, end) with matches into it and into the history [history, source) before it. Returns
 * how many bytes it wrote to `into`, or 0 once they would pass `limit`. The room at `into` must be that of
 * the longest output, not just `limit`.
 */
export function lz4Compress(history: usize, source: usize, end: usize, into: usize, limit: u32): u32 {
  let target = into
  beginMatches(history, end)
  for (let at = history; at + 8 <= source; at += 3) noteMatch(at)
  let literals = source
  if (end - source > MATCH_MARGIN) {
    const matchEnd = end - LAST_LITERALS
    const searchEnd = end - MATCH_MARGIN
    let at = source
    let misses: u32 = 1 << SKIP_BITS
    while (at <= searchEnd) {
      const distance = matchDistance(at)
      if (distance === 0) {
        at += misses++ >> SKIP_BITS
        continue
      }
      const before = matchBefore(at, distance, literals, history)
      const length = before + MIN_MATCH + matchLength(at + MIN_MATCH, distance, matchEnd)
      at -= before
      target = writeSequence(target, literals, <u32>(at - literals), distance, length)
      if (<u32>(target - into) > limit) return 0
      at += length
      literals = at
      misses = 1 << SKIP_BITS
      if (at <= searchEnd) noteMatch(at - 2)
    }
  }
  target = writeLiterals(target, literals, <u32>(end - literals), 0)
  const written = <u32>(target - into)
  return written > limit ? 0 : written
}

// --- Decompression -----------------------------------------------------------------------------------

let source: usize = 0

/** Adds continuation bytes to a length; more than `most` is returned as soon as it is known. */
function readMore(length: u32, end: usize, most: u32): u32 {
  while (source < end) {
    const byte = load<u8>(source++)
    length += byte
    if (byte < 255 || length > most) return length
  }
  return 0xffffffff
}

/**
 * Decompresses [from, end) to exactly [into, intoEnd); matches may reach back to `history`. False if the
 * input is not LZ4 or has another length. Up to 16 bytes beyond `intoEnd` are overwritten.
 */
export function lz4Decompress(from: usize, end: usize, history: usize, into: usize, intoEnd: usize): bool {
  source = from
  let at = into
  while (source < end) {
    const token = <u32>load<u8>(source++)
    let literals = token >> 4
    if (literals === 15) literals = readMore(15, end, <u32>(intoEnd - at))
    if (literals > <u32>(intoEnd - at) || literals > <u32>(end - source)) return false
    copyForward(source, at, literals)
    source += literals
    at += literals
    if (source === end) return at === intoEnd
    if (end - source < 2) return false
    const distance = <u32>load<u16>(source)
    source += 2
    if (distance === 0 || distance > <u32>(at - history)) return false
    let length = token & 15
    if (length === 15) length = readMore(15, end, <u32>(intoEnd - at))
    if (length > <u32>(intoEnd - at) || length + MIN_MATCH > <u32>(intoEnd - at)) return false
    copyMatch(at, distance, length + MIN_MATCH)
    at += length + MIN_MATCH
  }
  return false
}

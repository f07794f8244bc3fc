/**
 * Search in a data block on its bytes as they are, without building the keys that are passed over.
 *
 * RocksDB: table/block_based/block.cc, BlockIter::BinarySeek
 */
import { compareBytes, readUint32 } from '../bytes/index.ts'
import { compareTrailers, TRAILER_LENGTH } from '../key/index.ts'
import type { DataBlock } from './data-block.ts'
import type { EntryHeader } from './entry-header.ts'

/** The last restart point whose key is before the internal key (key[start..end), trailer), or the first one. */
export function searchRestarts(
  block: DataBlock,
  header: EntryHeader,
  key: Uint8Array,
  start: number,
  end: number,
  trailerLow: number,
  trailerHigh: number,
): number {
  const { bytes } = block
  let left = 0
  let right = block.restartCount - 1
  while (left < right) {
    const middle = (left + right + 1) >>> 1
    const userEnd = readRestart(block, header, middle)
    let order = compareBytes(bytes, header.suffixStart, userEnd, key, start, end)
    if (order === 0) {
      order = compareTrailers(
        readUint32(bytes, userEnd),
        readUint32(bytes, userEnd + 4),
        trailerLow,
        trailerHigh,
      )
    }
    if (order < 0) left = middle
    else right = middle - 1
  }
  return left
}

/** Reads the header of the entry at a restart point; returns where its user key, which begins the suffix, ends. */
export function readRestart(block: DataBlock, header: EntryHeader, index: number): number {
  const at = block.restartAt(index)
  header.read(block, at, block.separated)
  if (header.shared !== 0) throw block.corruption('entry at a restart point shares a prefix', at)
  if (header.unshared < TRAILER_LENGTH) throw block.corruption('internal key shorter than 8 bytes', at)
  return header.suffixStart + header.unshared - TRAILER_LENGTH
}

/** What `searchInterval` returns beside an entry's offset. */
export const NOT_BEFORE_END = -1
export const UNDECIDED = -2

/**
 * The first entry from `at` (a restart point) on that is at or after the internal key (key[start..end),
 * trailer): its offset, with `header` read there. The bytes that it shares with its predecessor are the first
 * of key[start..end) then. NOT_BEFORE_END when all entries are before.
 *
 * `matched` counts the leading bytes of the key passed last that are the target's. An entry that shares more
 * than those differs from the target just where that key does, so it lies before the target too, unseen.
 * UNDECIDED where an entry shares bytes of a trailer, whose order is another; then whole keys must be compared.
 */
export function searchInterval(
  block: DataBlock,
  header: EntryHeader,
  at: number,
  key: Uint8Array,
  start: number,
  end: number,
  trailerLow: number,
  trailerHigh: number,
): number {
  const { bytes, entriesEnd } = block
  let matched = 0
  let matchedAll = true // The user key passed last has no more bytes than `matched`.
  while (at < entriesEnd) {
    header.read(block, at, false)
    const { shared, unshared, suffixStart } = header
    const userEnd = suffixStart + unshared - TRAILER_LENGTH
    if (shared <= matched) {
      if (unshared < TRAILER_LENGTH) return UNDECIDED
      let i = suffixStart
      let j = start + shared
      while (i < userEnd && j < end && bytes[i] === key[j]) {
        i++
        j++
      }
      if (i < userEnd) {
        if (j === end || bytes[i] > key[j]) return at
      } else if (j === end) {
        const low = readUint32(bytes, userEnd)
        if (compareTrailers(low, readUint32(bytes, userEnd + 4), trailerLow, trailerHigh) >= 0) return at
      }
      matched = j - start
      matchedAll = i === userEnd
    } else if (matchedAll || shared + unshared - TRAILER_LENGTH <= matched) {
      return UNDECIDED
    }
    at = suffixStart + unshared + header.valueLength
  }
  return NOT_BEFORE_END
}

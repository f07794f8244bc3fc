/**
 * One version of one key in the arena. It never moves or changes once it is written.
 *
 *     record := keyLength u32, valueLength u32, trailerLow u32, trailerHigh u32,
 *               key u8[keyLength], value u8[valueLength], padding to a whole word
 *
 * A record's place is the word offset of its first word.
 */
import { compareBytes, copyBytes } from '@varve/format/bytes'
import { trailerHigh, trailerLow } from '@varve/format/key'
import type { Arena } from './arena.ts'

export const KEY_LENGTH = 0
export const VALUE_LENGTH = 1
export const TRAILER_LOW = 2
export const TRAILER_HIGH = 3
export const RECORD_HEADER_WORDS = 4

export function recordWords(keyLength: number, valueLength: number): number {
  return RECORD_HEADER_WORDS + Math.ceil((keyLength + valueLength) / 4)
}

/** Words from the record at `place` to the next one. */
export function sizeOfRecord({ words }: Arena, place: number): number {
  return recordWords(words[place + KEY_LENGTH], words[place + VALUE_LENGTH])
}

/** Where the key of the record at `place` starts in `arena.bytes`. */
export function keyStartOf(place: number): number {
  return (place + RECORD_HEADER_WORDS) * 4
}

/** Copies a record into the arena, which has room for it. */
export function writeRecord(
  arena: Arena,
  sequence: number,
  type: number,
  keyBytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  valueBytes: Uint8Array,
  valueStart: number,
  valueEnd: number,
): number {
  const keyLength = keyEnd - keyStart
  const valueLength = valueEnd - valueStart
  const place = arena.allocateRecord(recordWords(keyLength, valueLength))
  const words = arena.words
  words[place + KEY_LENGTH] = keyLength
  words[place + VALUE_LENGTH] = valueLength
  words[place + TRAILER_LOW] = trailerLow(sequence, type)
  words[place + TRAILER_HIGH] = trailerHigh(sequence)
  const at = keyStartOf(place)
  copyBytes(keyBytes, keyStart, keyEnd, arena.bytes, at)
  copyBytes(valueBytes, valueStart, valueEnd, arena.bytes, at + keyLength)
  return place
}

/**
 * Internal key order of the record at `place` against a target, given that their user keys agree in the first
 * `agreed` bytes (as far as they have them). Negative when the record comes first.
 */
export function compareRecord(
  arena: Arena,
  place: number,
  agreed: number,
  keyBytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  low: number,
  high: number,
): number {
  const words = arena.words
  const keyLength = words[place + KEY_LENGTH]
  const start = keyStartOf(place)
  // Where a key ends within the agreed bytes, the lengths decide, which is what is left to compare.
  const skip = Math.min(agreed, keyLength, keyEnd - keyStart)
  const order = compareBytes(arena.bytes, start + skip, start + keyLength, keyBytes, keyStart + skip, keyEnd)
  if (order !== 0) return order
  const recordHigh = words[place + TRAILER_HIGH]
  if (recordHigh !== high) return recordHigh > high ? -1 : 1
  const recordLow = words[place + TRAILER_LOW]
  return recordLow === low ? 0 : recordLow > low ? -1 : 1
}

/** Whether the record's user key is keyBytes[keyStart..keyEnd). */
export function keyEqualsTarget(
  arena: Arena,
  place: number,
  keyBytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
): boolean {
  const keyLength = arena.words[place + KEY_LENGTH]
  if (keyLength !== keyEnd - keyStart) return false
  const start = keyStartOf(place)
  return compareBytes(arena.bytes, start, start + keyLength, keyBytes, keyStart, keyEnd) === 0
}

/**
 * LEB128 integers: seven bits a byte, low group first, bit 7 set while more follow. Values are JavaScript
 * numbers, so the 64-bit kind is exact up to 2^53 - 1 and refused above it when decoded.
 */

export const MAX_VARINT32_LENGTH = 5
export const MAX_VARINT64_LENGTH = 10

/** Writes the shortest form of `value` (a whole number from 0 to 2^53 - 1) and returns the position behind it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  while (value >= 0x8000_0000) {
    bytes[at++] = (value % 128) | 0x80
    value = Math.floor(value / 128)
  }
  while (value >= 0x80) {
    bytes[at++] = (value & 0x7f) | 0x80
    value >>>= 7
  }
  bytes[at++] = value
  return at
}

/** How many bytes `writeVarint` writes. */
export function varintLength(value: number): number {
  let length = 1
  while (value >= 0x80) {
    value = Math.floor(value / 128)
    length++
  }
  return length
}

/** Maps a signed number to an unsigned one with the sign in bit 0, for numbers within ±2^52. */
export function zigzagEncode(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}

export function zigzagDecode(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

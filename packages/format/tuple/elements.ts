/**
 * What a tuple may consist of, and how it is written: so that the order of the bytes is the natural order of the
 * tuples, element by element, a shorter tuple before the longer ones that begin with it.
 *
 *     tuple   := element[]                     at the top; its end is the end of the bytes
 *     element := 0x02                          null
 *              | 0x03 | 0x04                   false | true
 *              | 0x05, double u8[8]            a finite number
 *              | 0x06, size u16be, magnitude   a bigint
 *              | 0x07, double u8[8]            a Date, in milliseconds since 1970
 *              | 0x08, text, 0x00              a string as UTF-8
 *              | 0x09, bytes, 0x00             a Uint8Array
 *              | 0x0a, element[], 0x00         a tuple within the tuple
 *     double  := IEEE 754, big-endian; the sign bit flipped, in negative numbers all bits
 *     size    := 0x8000 + length, and the magnitude big-endian without leading zeros; in negative bigints all
 *                bits of both flipped
 *     text and bytes: a 0x00 in them is written as 0x01 0x01 and a 0x01 as 0x01 0x02, so that 0x00 is their end and
 *                nothing else, and sorts before whatever they might go on with.
 *
 * Kinds sort in the order of their first byte: null, false, true, numbers, bigints, dates, strings, byte arrays,
 * tuples. Strings sort by code points (as UTF-8 does), which differs from `<` only where a character above U+FFFF meets
 * one of U+E000 to U+FFFF. -0 is written as 0, since they are equal. Each value has one encoding, so equal tuples are equal
 * bytes. The encoding of a tuple is a prefix of those of all tuples that begin with its elements, and of no others.
 *
 * 0x00 stands for no element and ends what has an end: an index entry goes on behind it.
 */

export type TupleElement = null | boolean | number | bigint | Date | string | Uint8Array | Tuple

export type Tuple = readonly TupleElement[]

export const TupleTag = {
  End: 0x00,
  Null: 0x02,
  False: 0x03,
  True: 0x04,
  Number: 0x05,
  BigInt: 0x06,
  Date: 0x07,
  String: 0x08,
  Bytes: 0x09,
  Tuple: 0x0a,
} as const

/** In a string or bytes: the next byte, less one, is what is meant. So are 0x00 and this byte itself written. */
export const ESCAPE = 0x01

/** Of a bigint's magnitude, in bytes. */
export const MAX_BIGINT_LENGTH = 0x7fff

/** Tuples within tuples: deeper ones are refused, so that nobody's bytes exhaust the stack. */
export const MAX_TUPLE_DEPTH = 32

/** Elements of a tuple and of those within it: more are refused, so that a key's bytes cannot become fifty times as much memory. */
export const MAX_TUPLE_ELEMENTS = 65_536

/** The largest distance of a Date from 1970, in milliseconds. */
export const MAX_DATE = 8.64e15

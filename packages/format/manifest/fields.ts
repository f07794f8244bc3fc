/** Pieces that the bodies of several version edit fields are made of. */
import { type ByteReader, type ByteWriter, decodeShortText, varintLength } from '../bytes/index.ts'
import { TRAILER_LENGTH } from '../key/index.ts'
import { CUSTOM_MUST_UNDERSTAND } from './edit-tag.ts'
import type { TaggedBytes } from './version-edit.ts'

/** Far above what any database has, so that a hostile level cannot size anything. */
const MAX_LEVEL = 1023

export function readLevel(reader: ByteReader): number {
  const position = reader.position
  const level = reader.varint32('level')
  if (level > MAX_LEVEL) throw reader.corruption(`level ${level} is out of range`, position)
  return level
}

export function readInternalKey(reader: ByteReader, what: string): Uint8Array {
  const position = reader.position
  const key = reader.lengthPrefixed(what)
  if (key.length < TRAILER_LENGTH)
    throw reader.corruption(`${what} is shorter than a key's trailer`, position)
  return key
}

/** Refuses what is not UTF-8: a name that changes when it is written again is not the same name. */
export function text(reader: ByteReader, what: string): string {
  const position = reader.position
  const decoded = decodeShortText(reader.lengthPrefixed(what))
  if (decoded === undefined) throw reader.corruption(`${what} is not UTF-8`, position)
  return decoded
}

/** Reads a length, then with `read` what it covers. What `read` leaves is from a newer version. */
export function nested<T>(reader: ByteReader, what: string, read: () => T): T {
  const start = reader.position
  const length = reader.varint32(`${what} length`)
  reader.need(length, what)
  const end = reader.position + length
  const value = read()
  if (reader.position > end) throw reader.corruption(`${what} is too short`, start)
  if (reader.position < end) reader.take(end - reader.position, 'rest to ignore')
  return value
}

/** Custom fields with unknown tags that one record may have: far more than any version of RocksDB has of all kinds. */
const MAX_OTHER_FIELDS = 1000

/** A custom field with an unknown tag, behind `others`. */
export function readOtherField(
  reader: ByteReader,
  tag: number,
  tagPosition: number,
  others: readonly TaggedBytes[],
): TaggedBytes {
  if (others.length >= MAX_OTHER_FIELDS)
    throw reader.corruption('too many unknown custom fields', tagPosition)
  if ((tag & CUSTOM_MUST_UNDERSTAND) !== 0) throw reader.corruption(`unknown custom tag ${tag}`, tagPosition)
  return { tag, value: reader.lengthPrefixed('custom field to ignore') }
}

export function writeOtherFields(writer: ByteWriter, fields: readonly TaggedBytes[] = []): void {
  for (const { tag, value } of fields) taggedBytes(writer, tag, value)
}

export function taggedBytes(writer: ByteWriter, tag: number, value: Uint8Array): void {
  writer.varint(tag)
  writer.lengthPrefixed(value)
}

/** A custom field that holds one varint. */
export function taggedVarint(writer: ByteWriter, tag: number, value: number): void {
  writer.varint(tag)
  writer.varint(varintLength(value))
  writer.varint(value)
}

/** A custom field that holds one byte. */
export function taggedByte(writer: ByteWriter, tag: number, value: number): void {
  writer.varint(tag)
  writer.varint(1)
  writer.uint8(value)
}

/**
 * The fields of a version edit about blob files. Garbage adds up over edits.
 *
 *     addition := number varint64, totalCount varint64, totalBytes varint64,
 *                 checksumMethod slice, checksumValue slice, custom[], 0
 *     garbage  := number varint64, garbageCount varint64, garbageBytes varint64, custom[], 0
 *     custom   := tag varint32, value slice
 *
 * RocksDB: db/blob/blob_file_addition.cc, db/blob/blob_file_garbage.cc
 */
import { type ByteReader, type ByteWriter, encodeUtf8 } from '../bytes/index.ts'
import { BLOB_TERMINATOR, EditTag } from './edit-tag.ts'
import { readOtherField, text, writeOtherFields } from './fields.ts'
import type { BlobAddition, BlobGarbage } from './version-edit.ts'

export function readBlobAddition(reader: ByteReader): BlobAddition {
  const addition: BlobAddition = {
    number: reader.varint64('blob file number'),
    totalCount: reader.varint64('total blob count'),
    totalBytes: reader.varint64('total blob bytes'),
    checksumMethod: text(reader, 'checksum method'),
    checksumValue: reader.lengthPrefixed('checksum value'),
  }
  readBlobCustomFields(reader, addition)
  return addition
}

export function readBlobGarbage(reader: ByteReader): BlobGarbage {
  const garbage: BlobGarbage = {
    number: reader.varint64('blob file number'),
    garbageCount: reader.varint64('garbage blob count'),
    garbageBytes: reader.varint64('garbage blob bytes'),
  }
  readBlobCustomFields(reader, garbage)
  return garbage
}

function readBlobCustomFields(reader: ByteReader, into: BlobAddition | BlobGarbage): void {
  for (;;) {
    const tagPosition = reader.position
    const tag = reader.varint32('custom tag')
    if (tag === BLOB_TERMINATOR) return
    into.otherFields ??= []
    into.otherFields.push(readOtherField(reader, tag, tagPosition, into.otherFields))
  }
}

export function writeBlobAddition(writer: ByteWriter, addition: BlobAddition): void {
  writer.varint(EditTag.BlobFileAddition)
  writer.varint(addition.number)
  writer.varint(addition.totalCount)
  writer.varint(addition.totalBytes)
  writer.lengthPrefixed(encodeUtf8(addition.checksumMethod))
  writer.lengthPrefixed(addition.checksumValue)
  writeOtherFields(writer, addition.otherFields)
  writer.varint(BLOB_TERMINATOR)
}

export function writeBlobGarbage(writer: ByteWriter, garbage: BlobGarbage): void {
  writer.varint(EditTag.BlobFileGarbage)
  writer.varint(garbage.number)
  writer.varint(garbage.garbageCount)
  writer.varint(garbage.garbageBytes)
  writeOtherFields(writer, garbage.otherFields)
  writer.varint(BLOB_TERMINATOR)
}

/**
 * The fields by which a version edit makes a table live. RocksDB writes the fourth form; the others are
 * LevelDB's and those of early RocksDB.
 *
 *     newFile  := level varint32, number varint64, size varint64, smallest slice, largest slice
 *     newFile2 := newFile, smallestSequence varint64, largestSequence varint64
 *     newFile3 := level varint32, number varint64, pathId varint32, size varint64, (as newFile2)
 *     newFile4 := newFile2, custom[], terminator varint32 = 1
 *     custom   := tag varint32, value slice
 *
 * RocksDB: db/version_edit.cc, DecodeNewFile4From
 */
import { type ByteReader, type ByteWriter, encodeUtf8 } from '../bytes/index.ts'
import { EditTag, NewFileTag } from './edit-tag.ts'
import {
  nested,
  readInternalKey,
  readLevel,
  readOtherField,
  taggedByte,
  taggedBytes,
  taggedVarint,
  text,
  writeOtherFields,
} from './fields.ts'
import type { NewFile } from './version-edit.ts'

const UNIQUE_ID_LENGTH = 16

/** Reads the body of the field with this tag. */
export function readNewFile(reader: ByteReader, tag: number): NewFile {
  const level = readLevel(reader)
  const number = reader.varint64('file number')
  const pathId = tag === EditTag.NewFile3 ? reader.varint32('path id') : 0
  const file: NewFile = {
    level,
    number,
    size: reader.varint64('file size'),
    smallest: readInternalKey(reader, 'smallest internal key'),
    largest: readInternalKey(reader, 'largest internal key'),
    smallestSequence: tag === EditTag.NewFile ? 0 : reader.varint64('smallest sequence'),
    largestSequence: tag === EditTag.NewFile ? 0 : reader.varint64('largest sequence'),
  }
  if (pathId !== 0) file.pathId = pathId
  if (tag === EditTag.NewFile4) readCustomFields(reader, file)
  return file
}

function readCustomFields(reader: ByteReader, file: NewFile): void {
  for (;;) {
    const tagPosition = reader.position
    const tag = reader.varint32('custom tag')
    if (tag === NewFileTag.Terminator) return
    if (readCustomField(reader, tag, file)) continue
    file.otherFields ??= []
    file.otherFields.push(readOtherField(reader, tag, tagPosition, file.otherFields))
  }
}

function readCustomField(reader: ByteReader, tag: number, file: NewFile): boolean {
  switch (tag) {
    case NewFileTag.NeedCompaction:
      file.needCompaction = byteField(reader, 'need compaction') === 1
      return true
    case NewFileTag.MinLogNumberToKeep:
      file.minLogNumberToKeep = nested(reader, 'min log number to keep', () => reader.uint64('log number'))
      return true
    case NewFileTag.OldestBlobFileNumber:
      file.oldestBlobFileNumber = varintField(reader, 'oldest blob file number')
      return true
    case NewFileTag.OldestAncestorTime:
      file.oldestAncestorTime = varintField(reader, 'oldest ancestor time')
      return true
    case NewFileTag.FileCreationTime:
      file.fileCreationTime = varintField(reader, 'file creation time')
      return true
    case NewFileTag.FileChecksum:
      file.fileChecksum = reader.lengthPrefixed('file checksum')
      return true
    case NewFileTag.FileChecksumName:
      file.fileChecksumName = text(reader, 'file checksum name')
      return true
    case NewFileTag.Temperature:
      file.temperature = byteField(reader, 'temperature')
      return true
    case NewFileTag.UniqueId:
      file.uniqueId = readUniqueId(reader)
      return true
    case NewFileTag.PathId:
      file.pathId = byteField(reader, 'path id')
      return true
    default:
      return readLaterField(reader, tag, file)
  }
}

/** Fields that came after RocksDB 7.8. */
function readLaterField(reader: ByteReader, tag: number, file: NewFile): boolean {
  switch (tag) {
    case NewFileTag.MinTimestamp:
      file.minTimestamp = reader.lengthPrefixed('min timestamp')
      return true
    case NewFileTag.MaxTimestamp:
      file.maxTimestamp = reader.lengthPrefixed('max timestamp')
      return true
    case NewFileTag.EpochNumber:
      file.epochNumber = varintField(reader, 'epoch number')
      return true
    case NewFileTag.CompensatedRangeDeletionSize:
      file.compensatedRangeDeletionSize = varintField(reader, 'compensated range deletion size')
      return true
    case NewFileTag.TailSize:
      file.tailSize = varintField(reader, 'tail size')
      return true
    case NewFileTag.TimestampsPersisted:
      file.timestampsPersisted = byteField(reader, 'timestamps persisted') !== 0
      return true
    case NewFileTag.OpenMetadata:
      file.openMetadata = reader.lengthPrefixed('open metadata')
      return true
    default:
      return false
  }
}

function varintField(reader: ByteReader, what: string): number {
  return nested(reader, what, () => reader.varint64(what))
}

function byteField(reader: ByteReader, what: string): number {
  const start = reader.position
  const value = reader.lengthPrefixed(what)
  if (value.length !== 1) throw reader.corruption(`${what} is not one byte`, start)
  return value[0]
}

function readUniqueId(reader: ByteReader): Uint8Array {
  const start = reader.position
  const id = reader.lengthPrefixed('unique id')
  if (id.length !== UNIQUE_ID_LENGTH) throw reader.corruption('unique id is not 16 bytes', start)
  return id
}

/** Writes tag and body, in the fourth form and in the order in which RocksDB writes the custom fields. */
export function writeNewFile(writer: ByteWriter, file: NewFile): void {
  writer.varint(EditTag.NewFile4)
  writer.varint(file.level)
  writer.varint(file.number)
  writer.varint(file.size)
  writer.lengthPrefixed(file.smallest)
  writer.lengthPrefixed(file.largest)
  writer.varint(file.smallestSequence)
  writer.varint(file.largestSequence)
  writeCustomFields(writer, file)
  writer.varint(NewFileTag.Terminator)
}

function writeCustomFields(writer: ByteWriter, file: NewFile): void {
  optionalVarint(writer, NewFileTag.OldestAncestorTime, file.oldestAncestorTime)
  optionalVarint(writer, NewFileTag.FileCreationTime, file.fileCreationTime)
  optionalVarint(writer, NewFileTag.EpochNumber, file.epochNumber)
  optionalBytes(writer, NewFileTag.FileChecksum, file.fileChecksum)
  if (file.fileChecksumName !== undefined) {
    taggedBytes(writer, NewFileTag.FileChecksumName, encodeUtf8(file.fileChecksumName))
  }
  optionalByte(writer, NewFileTag.PathId, file.pathId)
  optionalByte(writer, NewFileTag.Temperature, file.temperature)
  if (file.needCompaction !== undefined) {
    taggedByte(writer, NewFileTag.NeedCompaction, file.needCompaction ? 1 : 0)
  }
  if (file.minLogNumberToKeep !== undefined) {
    writer.varint(NewFileTag.MinLogNumberToKeep)
    writer.varint(8)
    writer.uint64(file.minLogNumberToKeep)
  }
  optionalVarint(writer, NewFileTag.OldestBlobFileNumber, file.oldestBlobFileNumber)
  optionalBytes(writer, NewFileTag.UniqueId, file.uniqueId)
  optionalVarint(writer, NewFileTag.CompensatedRangeDeletionSize, file.compensatedRangeDeletionSize)
  optionalVarint(writer, NewFileTag.TailSize, file.tailSize)
  if (file.timestampsPersisted !== undefined) {
    taggedByte(writer, NewFileTag.TimestampsPersisted, file.timestampsPersisted ? 1 : 0)
  }
  optionalBytes(writer, NewFileTag.MinTimestamp, file.minTimestamp)
  optionalBytes(writer, NewFileTag.MaxTimestamp, file.maxTimestamp)
  optionalBytes(writer, NewFileTag.OpenMetadata, file.openMetadata)
  writeOtherFields(writer, file.otherFields)
}

function optionalVarint(writer: ByteWriter, tag: number, value: number | undefined): void {
  if (value !== undefined) taggedVarint(writer, tag, value)
}

function optionalByte(writer: ByteWriter, tag: number, value: number | undefined): void {
  if (value !== undefined) taggedByte(writer, tag, value)
}

function optionalBytes(writer: ByteWriter, tag: number, value: Uint8Array | undefined): void {
  if (value !== undefined) taggedBytes(writer, tag, value)
}

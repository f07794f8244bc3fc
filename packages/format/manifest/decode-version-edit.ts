/**
 * Bytes to version edit.
 *
 *     edit  := field[]
 *     field := tag varint32, body (see the cases of `readField`)
 *
 * Fields come in any order. An unknown tag with bit 13 set is a length-prefixed value to skip; any other
 * unknown tag means that a newer RocksDB wrote something that cannot be left out.
 *
 * RocksDB: db/version_edit.cc, VersionEdit::DecodeFrom
 */
import { ByteReader } from '../bytes/index.ts'
import { readBlobAddition, readBlobGarbage } from './blob-fields.ts'
import { EDIT_SAFE_TO_IGNORE, EditTag, WAL_SYNCED_SIZE, WAL_TERMINATOR } from './edit-tag.ts'
import { nested, readInternalKey, readLevel, text } from './fields.ts'
import { readNewFile } from './new-file.ts'
import type { VersionEdit, WalAddition, WalWatermark } from './version-edit.ts'

/** Byte strings in the edit are views of `bytes`. */
export function decodeVersionEdit(bytes: Uint8Array, file?: string, fileOffset = 0): VersionEdit {
  return readVersionEdit(new ByteReader(bytes, 0, bytes.length, file, fileOffset))
}

/** Reads up to the reader's end. */
export function readVersionEdit(reader: ByteReader): VersionEdit {
  const edit: VersionEdit = {}
  while (reader.remaining > 0) {
    const tagPosition = reader.position
    const tag = reader.varint32('tag')
    if (readField(reader, tag, edit)) continue
    if ((tag & EDIT_SAFE_TO_IGNORE) === 0)
      throw reader.corruption(`unknown version edit tag ${tag}`, tagPosition)
    reader.lengthPrefixed('field to ignore')
  }
  return edit
}

/** Reads the body of a field; false, having read nothing, when the tag is unknown. */
function readField(reader: ByteReader, tag: number, edit: VersionEdit): boolean {
  switch (tag) {
    case EditTag.Comparator:
      edit.comparator = text(reader, 'comparator')
      return true
    case EditTag.LogNumber:
      edit.logNumber = reader.varint64('log number')
      return true
    case EditTag.PrevLogNumber:
      edit.prevLogNumber = reader.varint64('previous log number')
      return true
    case EditTag.NextFileNumber:
      edit.nextFileNumber = reader.varint64('next file number')
      return true
    case EditTag.LastSequence:
      edit.lastSequence = reader.varint64('last sequence')
      return true
    case EditTag.MinLogNumberToKeep:
      edit.minLogNumberToKeep = reader.varint64('min log number to keep')
      return true
    case EditTag.CompactCursor:
      edit.compactCursors ??= []
      edit.compactCursors.push({
        level: readLevel(reader),
        key: readInternalKey(reader, 'compact cursor'),
      })
      return true
    case EditTag.DeletedFile:
      edit.deletedFiles ??= []
      edit.deletedFiles.push({ level: readLevel(reader), number: reader.varint64('file number') })
      return true
    case EditTag.NewFile:
    case EditTag.NewFile2:
    case EditTag.NewFile3:
    case EditTag.NewFile4:
      edit.newFiles ??= []
      edit.newFiles.push(readNewFile(reader, tag))
      return true
    case EditTag.BlobFileAddition:
      edit.blobAdditions ??= []
      edit.blobAdditions.push(readBlobAddition(reader))
      return true
    case EditTag.BlobFileGarbage:
      edit.blobGarbage ??= []
      edit.blobGarbage.push(readBlobGarbage(reader))
      return true
    default:
      return readDatabaseField(reader, tag, edit)
  }
}

/** Fields about column families, groups, logs and the database as a whole. */
function readDatabaseField(reader: ByteReader, tag: number, edit: VersionEdit): boolean {
  switch (tag) {
    case EditTag.ColumnFamily:
      edit.columnFamily = reader.varint32('column family')
      return true
    case EditTag.ColumnFamilyAdd:
      edit.columnFamilyAdd = text(reader, 'column family name')
      return true
    case EditTag.ColumnFamilyDrop:
      edit.columnFamilyDrop = true
      return true
    case EditTag.MaxColumnFamily:
      edit.maxColumnFamily = reader.varint32('max column family')
      return true
    case EditTag.InAtomicGroup:
      edit.remainingInGroup = reader.varint32('remaining in atomic group')
      return true
    case EditTag.DatabaseId:
      edit.databaseId = text(reader, 'database id')
      return true
    case EditTag.FullHistoryTsLow:
      edit.fullHistoryTsLow = reader.lengthPrefixed('full history ts low')
      return true
    case EditTag.WalAddition:
      edit.walAdditions ??= []
      edit.walAdditions.push(nested(reader, 'WAL addition', () => readWalAddition(reader)))
      return true
    case EditTag.WalDeletion:
      edit.walDeletion = nested(reader, 'WAL deletion', () => reader.varint64('log number'))
      return true
    case EditTag.PersistTimestamps:
      edit.persistTimestamps = nested(reader, 'persist timestamps', () => reader.uint8('flag') !== 0)
      return true
    case EditTag.LastCompactedManifestSize:
      edit.lastCompactedManifestSize = nested(reader, 'last compacted MANIFEST size', () =>
        reader.varint64('size'),
      )
      return true
    case EditTag.ValueStamp:
      edit.valueStamp = nested(reader, 'value stamp', () => reader.varint32('kind of stamp'))
      return true
    case EditTag.WalWatermark:
      edit.walWatermarks ??= []
      edit.walWatermarks.push(nested(reader, 'WAL watermark', () => readWalWatermark(reader)))
      return true
    default:
      return false
  }
}

function readWalWatermark(reader: ByteReader): WalWatermark {
  return { number: reader.varint64('log number'), syncedSize: reader.varint64('synced size') }
}

function readWalAddition(reader: ByteReader): WalAddition {
  const addition: WalAddition = { number: reader.varint64('log number') }
  for (;;) {
    const tagPosition = reader.position
    const tag = reader.varint32('WAL addition tag')
    if (tag === WAL_TERMINATOR) return addition
    if (tag !== WAL_SYNCED_SIZE) throw reader.corruption(`unknown WAL addition tag ${tag}`, tagPosition)
    addition.syncedSize = reader.varint64('synced size')
  }
}

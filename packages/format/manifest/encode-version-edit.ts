/**
 * Version edit to bytes, field by field in the order in which RocksDB writes them, so that an edit it wrote
 * comes out bit for bit. See decode-version-edit.ts for the bytes.
 *
 * RocksDB: db/version_edit.cc, VersionEdit::EncodeTo
 */
import { ByteWriter, encodeUtf8, varintLength } from '../bytes/index.ts'
import { writeBlobAddition, writeBlobGarbage } from './blob-fields.ts'
import { EditTag, WAL_SYNCED_SIZE, WAL_TERMINATOR } from './edit-tag.ts'
import { taggedByte, taggedBytes, taggedVarint } from './fields.ts'
import { writeNewFile } from './new-file.ts'
import type { VersionEdit, WalAddition } from './version-edit.ts'

export function encodeVersionEdit(edit: VersionEdit): Uint8Array {
  const writer = new ByteWriter()
  writeVersionEdit(writer, edit)
  return writer.take()
}

export function writeVersionEdit(writer: ByteWriter, edit: VersionEdit): void {
  writeCounters(writer, edit)
  for (const cursor of edit.compactCursors ?? []) {
    writer.varint(EditTag.CompactCursor)
    writer.varint(cursor.level)
    writer.lengthPrefixed(cursor.key)
  }
  for (const file of edit.deletedFiles ?? []) {
    writer.varint(EditTag.DeletedFile)
    writer.varint(file.level)
    writer.varint(file.number)
  }
  for (const file of edit.newFiles ?? []) writeNewFile(writer, file)
  for (const addition of edit.blobAdditions ?? []) writeBlobAddition(writer, addition)
  for (const garbage of edit.blobGarbage ?? []) writeBlobGarbage(writer, garbage)
  for (const addition of edit.walAdditions ?? []) writeWalAddition(writer, addition)
  if (edit.walDeletion !== undefined) taggedVarint(writer, EditTag.WalDeletion, edit.walDeletion)
  writeColumnFamily(writer, edit)
  writeLaterFields(writer, edit)
}

function writeCounters(writer: ByteWriter, edit: VersionEdit): void {
  optionalText(writer, EditTag.DatabaseId, edit.databaseId)
  optionalText(writer, EditTag.Comparator, edit.comparator)
  optionalVarint(writer, EditTag.LogNumber, edit.logNumber)
  optionalVarint(writer, EditTag.PrevLogNumber, edit.prevLogNumber)
  optionalVarint(writer, EditTag.NextFileNumber, edit.nextFileNumber)
  optionalVarint(writer, EditTag.MaxColumnFamily, edit.maxColumnFamily)
  optionalVarint(writer, EditTag.MinLogNumberToKeep, edit.minLogNumberToKeep)
  optionalVarint(writer, EditTag.LastSequence, edit.lastSequence)
}

/** The default column family is not named: absent means 0. */
function writeColumnFamily(writer: ByteWriter, edit: VersionEdit): void {
  if (edit.columnFamily !== undefined && edit.columnFamily !== 0) {
    optionalVarint(writer, EditTag.ColumnFamily, edit.columnFamily)
  }
  optionalText(writer, EditTag.ColumnFamilyAdd, edit.columnFamilyAdd)
  if (edit.columnFamilyDrop) writer.varint(EditTag.ColumnFamilyDrop)
  optionalVarint(writer, EditTag.InAtomicGroup, edit.remainingInGroup)
}

function writeLaterFields(writer: ByteWriter, edit: VersionEdit): void {
  if (edit.fullHistoryTsLow !== undefined) {
    taggedBytes(writer, EditTag.FullHistoryTsLow, edit.fullHistoryTsLow)
  }
  if (edit.persistTimestamps !== undefined) {
    taggedByte(writer, EditTag.PersistTimestamps, edit.persistTimestamps ? 1 : 0)
  }
  if (edit.lastCompactedManifestSize !== undefined) {
    taggedVarint(writer, EditTag.LastCompactedManifestSize, edit.lastCompactedManifestSize)
  }
  for (const { number, syncedSize } of edit.walWatermarks ?? []) {
    writer.varint(EditTag.WalWatermark)
    writer.varint(varintLength(number) + varintLength(syncedSize))
    writer.varint(number)
    writer.varint(syncedSize)
  }
  if (edit.valueStamp !== undefined) taggedVarint(writer, EditTag.ValueStamp, edit.valueStamp)
}

function writeWalAddition(writer: ByteWriter, addition: WalAddition): void {
  const { number, syncedSize } = addition
  const syncedLength = syncedSize === undefined ? 0 : 1 + varintLength(syncedSize)
  writer.varint(EditTag.WalAddition)
  writer.varint(varintLength(number) + syncedLength + 1)
  writer.varint(number)
  if (syncedSize !== undefined) {
    writer.varint(WAL_SYNCED_SIZE)
    writer.varint(syncedSize)
  }
  writer.varint(WAL_TERMINATOR)
}

function optionalVarint(writer: ByteWriter, tag: number, value: number | undefined): void {
  if (value === undefined) return
  writer.varint(tag)
  writer.varint(value)
}

function optionalText(writer: ByteWriter, tag: number, value: string | undefined): void {
  if (value !== undefined) taggedBytes(writer, tag, encodeUtf8(value))
}

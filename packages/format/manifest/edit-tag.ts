/** Tags of version edits. RocksDB: db/version_edit.h, enum Tag and enum NewFileCustomTag */

export const EditTag = {
  Comparator: 1,
  LogNumber: 2,
  NextFileNumber: 3,
  LastSequence: 4,
  CompactCursor: 5,
  DeletedFile: 6,
  NewFile: 7,
  PrevLogNumber: 9,
  MinLogNumberToKeep: 10,
  NewFile2: 100,
  NewFile3: 102,
  NewFile4: 103,
  ColumnFamily: 200,
  ColumnFamilyAdd: 201,
  ColumnFamilyDrop: 202,
  MaxColumnFamily: 203,
  InAtomicGroup: 300,
  BlobFileAddition: 400,
  BlobFileGarbage: 401,
  DatabaseId: 8193,
  FullHistoryTsLow: 8198,
  WalAddition: 8199,
  WalDeletion: 8200,
  PersistTimestamps: 8201,
  LastCompactedManifestSize: 8203,
  /**
   * Ours ("V" above RocksDB's bit for "safe to ignore"), which RocksDB skips: how much of a log is known to be
   * on disk. RocksDB's own WalAddition would say the same, but a read-only open of RocksDB 7.8 to 11 that finds
   * one without `track_and_verify_wals_in_manifest` dereferences a null pointer.
   */
  WalWatermark: 0x562000,
  /** Ours too: what stands behind the values of a column family (@varve/format/expiry). */
  ValueStamp: 0x562001,
} as const

/** In the tag of an edit's field: one length-prefixed value follows, to be skipped when the tag is unknown. */
export const EDIT_SAFE_TO_IGNORE = 0x2000

/** Tags of what follows the fixed part of a NewFile4. All but `Terminator` carry a length-prefixed value. */
export const NewFileTag = {
  Terminator: 1,
  NeedCompaction: 2,
  MinLogNumberToKeep: 3,
  OldestBlobFileNumber: 4,
  OldestAncestorTime: 5,
  FileCreationTime: 6,
  FileChecksum: 7,
  FileChecksumName: 8,
  Temperature: 9,
  MinTimestamp: 10,
  MaxTimestamp: 11,
  UniqueId: 12,
  EpochNumber: 13,
  CompensatedRangeDeletionSize: 14,
  TailSize: 15,
  TimestampsPersisted: 16,
  OpenMetadata: 17,
  PathId: 65,
} as const

/** In a custom tag of a new file or a blob file: a reader that does not know it must refuse. */
export const CUSTOM_MUST_UNDERSTAND = 0x40

/** Ends the custom fields of a blob file's addition or garbage. */
export const BLOB_TERMINATOR = 0

/** Inside a WAL's addition: the synced size follows. */
export const WAL_SYNCED_SIZE = 2
export const WAL_TERMINATOR = 1

export function editTagName(tag: number): string {
  return nameOf(EditTag, tag)
}

export function newFileTagName(tag: number): string {
  return nameOf(NewFileTag, tag)
}

function nameOf(tags: Record<string, number>, tag: number): string {
  for (const [name, code] of Object.entries(tags)) if (code === tag) return name
  return '(unknown)'
}

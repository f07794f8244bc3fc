/**
 * A version edit: one MANIFEST record, a change to the set of live files and to the database's counters.
 * Absent fields say nothing; replaying the edits of a MANIFEST in order gives the present state.
 *
 * RocksDB: db/version_edit.h, class VersionEdit
 */

/** A table that becomes live. */
export interface NewFile {
  level: number
  number: number
  size: number
  /** Internal keys that bound every entry and every range tombstone of the file. */
  smallest: Uint8Array
  largest: Uint8Array
  smallestSequence: number
  largestSequence: number

  needCompaction?: boolean
  oldestBlobFileNumber?: number
  /** Unix seconds. */
  oldestAncestorTime?: number
  fileCreationTime?: number
  fileChecksum?: Uint8Array
  fileChecksumName?: string
  temperature?: number
  minTimestamp?: Uint8Array
  maxTimestamp?: Uint8Array
  /** Sixteen bytes, see unique-id.ts. */
  uniqueId?: Uint8Array
  epochNumber?: number
  compensatedRangeDeletionSize?: number
  /** Bytes behind the data blocks. */
  tailSize?: number
  timestampsPersisted?: boolean
  openMetadata?: Uint8Array
  /** Index into the list of database paths. */
  pathId?: number
  minLogNumberToKeep?: number
  /** Fields that this version does not know and that a reader may ignore; kept for the next MANIFEST. */
  otherFields?: TaggedBytes[]
}

export interface TaggedBytes {
  tag: number
  value: Uint8Array
}

export interface DeletedFile {
  level: number
  number: number
}

export interface CompactCursor {
  level: number
  /** Internal key. */
  key: Uint8Array
}

export interface BlobAddition {
  number: number
  totalCount: number
  totalBytes: number
  checksumMethod: string
  checksumValue: Uint8Array
  otherFields?: TaggedBytes[]
}

export interface BlobGarbage {
  number: number
  garbageCount: number
  garbageBytes: number
  otherFields?: TaggedBytes[]
}

export interface WalAddition {
  number: number
  syncedSize?: number
}

export interface VersionEdit {
  databaseId?: string
  comparator?: string
  /** The column family needs no WAL with a smaller number. */
  logNumber?: number
  prevLogNumber?: number
  nextFileNumber?: number
  lastSequence?: number
  maxColumnFamily?: number
  /** No column family needs a WAL with a smaller number. */
  minLogNumberToKeep?: number
  compactCursors?: CompactCursor[]
  deletedFiles?: DeletedFile[]
  newFiles?: NewFile[]
  blobAdditions?: BlobAddition[]
  blobGarbage?: BlobGarbage[]
  walAdditions?: WalAddition[]
  /** All WALs with a smaller number are gone. */
  walDeletion?: number
  /** The column family that the edit is about; absent means 0. */
  columnFamily?: number
  columnFamilyAdd?: string
  columnFamilyDrop?: true
  /** The edit belongs to an atomic group with this many edits still to come. */
  remainingInGroup?: number
  fullHistoryTsLow?: Uint8Array
  persistTimestamps?: boolean
  lastCompactedManifestSize?: number
  /** Logs of which the first `syncedSize` bytes are known to be on disk. Ours; RocksDB skips it. */
  walWatermarks?: WalWatermark[]
  /** What stands behind each value of the column family. Ours; RocksDB skips it. */
  valueStamp?: number
}

/** Kinds of stamps behind values. */
export const ValueStamp = { keys: 1, database: 2 } as const

export interface WalWatermark {
  number: number
  syncedSize: number
}

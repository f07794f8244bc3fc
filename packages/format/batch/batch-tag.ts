/**
 * The tags of write batch records and the shape of what follows each. Most operations have two tags: a
 * short one for the default column family and one followed by a column family id. The short tag of an
 * operation is also the value type of the internal key it becomes.
 *
 * RocksDB: db/dbformat.h, enum ValueType; db/write_batch.cc, ReadRecordFromWriteBatch
 */

export const BatchTag = {
  Delete: 0x00,
  Put: 0x01,
  Merge: 0x02,
  LogData: 0x03,
  ColumnFamilyDelete: 0x04,
  ColumnFamilyPut: 0x05,
  ColumnFamilyMerge: 0x06,
  SingleDelete: 0x07,
  ColumnFamilySingleDelete: 0x08,
  BeginPrepare: 0x09,
  EndPrepare: 0x0a,
  Commit: 0x0b,
  Rollback: 0x0c,
  Noop: 0x0d,
  ColumnFamilyDeleteRange: 0x0e,
  DeleteRange: 0x0f,
  ColumnFamilyBlobIndex: 0x10,
  BlobIndex: 0x11,
  BeginPersistedPrepare: 0x12,
  BeginUnprepare: 0x13,
  CommitWithTimestamp: 0x15,
  PutEntity: 0x16,
  ColumnFamilyPutEntity: 0x17,
  TimedPut: 0x18,
  ColumnFamilyTimedPut: 0x19,
} as const

export function batchTagName(tag: number): string {
  for (const [name, code] of Object.entries(BatchTag)) if (code === tag) return name
  return `tag 0x${tag.toString(16).padStart(2, '0')}`
}

// A shape: bits 0-1 count the slices, then flags.
export const SLICES_MASK = 0x03
export const SHAPE_COLUMN_FAMILY = 0x04
/** The record is an operation: it is counted in the header and consumes a sequence number. */
export const SHAPE_COUNTED = 0x08
export const SHAPE_KNOWN = 0x80

/** For each tag byte what follows it; 0 for a tag that no version of RocksDB writes. */
export const tagShape = new Uint8Array(256)
/** For each tag byte the tag of the same operation without a column family id. */
export const shortTag = new Uint8Array(256)

function operation(tag: number, columnFamilyTag: number, slices: number): void {
  tagShape[tag] = SHAPE_KNOWN | SHAPE_COUNTED | slices
  tagShape[columnFamilyTag] = SHAPE_KNOWN | SHAPE_COUNTED | SHAPE_COLUMN_FAMILY | slices
  shortTag[tag] = tag
  shortTag[columnFamilyTag] = tag
}

function marker(tag: number, slices: number): void {
  tagShape[tag] = SHAPE_KNOWN | slices
  shortTag[tag] = tag
}

operation(BatchTag.Delete, BatchTag.ColumnFamilyDelete, 1)
operation(BatchTag.Put, BatchTag.ColumnFamilyPut, 2)
operation(BatchTag.Merge, BatchTag.ColumnFamilyMerge, 2)
operation(BatchTag.SingleDelete, BatchTag.ColumnFamilySingleDelete, 1)
operation(BatchTag.DeleteRange, BatchTag.ColumnFamilyDeleteRange, 2)
operation(BatchTag.BlobIndex, BatchTag.ColumnFamilyBlobIndex, 2)
operation(BatchTag.PutEntity, BatchTag.ColumnFamilyPutEntity, 2)
operation(BatchTag.TimedPut, BatchTag.ColumnFamilyTimedPut, 2)
marker(BatchTag.LogData, 1)
marker(BatchTag.BeginPrepare, 0)
marker(BatchTag.EndPrepare, 1)
marker(BatchTag.Commit, 1)
marker(BatchTag.Rollback, 1)
marker(BatchTag.Noop, 0)
marker(BatchTag.BeginPersistedPrepare, 0)
marker(BatchTag.BeginUnprepare, 0)
marker(BatchTag.CommitWithTimestamp, 2)

export {
  BLOB_RECORD_HEADER_LENGTH,
  BlobCursor,
  type BlobRecord,
  readBlobRecord,
  writeBlobRecord,
  writeBlobRecordHeader,
} from './blob-cursor.ts'
export {
  BLOB_FOOTER_LENGTH,
  BLOB_HEADER_LENGTH,
  BLOB_MAGIC,
  BLOB_VERSION,
  type BlobFooter,
  type BlobHeader,
  decodeBlobFooter,
  decodeBlobHeader,
  encodeBlobFooter,
  encodeBlobHeader,
  readBlobFooter,
  readBlobHeader,
} from './blob-file.ts'
export {
  BLOB_INDEX_MAX,
  type BlobIndex,
  decodeBlobIndex,
  encodeBlobIndex,
  readBlobIndex,
  writeBlobIndex,
} from './blob-index.ts'

export { decodeVersionEdit, readVersionEdit } from './decode-version-edit.ts'
export { editTagName, newFileTagName } from './edit-tag.ts'
export { encodeVersionEdit, writeVersionEdit } from './encode-version-edit.ts'
export { decodeSessionId, makeSessionId, type SessionId, uniqueIdOf } from './unique-id.ts'
export {
  type BlobAddition,
  type BlobGarbage,
  type CompactCursor,
  type DeletedFile,
  type NewFile,
  type TaggedBytes,
  ValueStamp,
  type VersionEdit,
  type WalAddition,
  type WalWatermark,
} from './version-edit.ts'

export { decodeCurrent, encodeCurrent } from './current.ts'
export {
  blobName,
  CURRENT_NAME,
  type FileKind,
  type FileName,
  IDENTITY_NAME,
  LOCK_NAME,
  legacyTableName,
  manifestName,
  optionsName,
  optionsTempName,
  parseFileName,
  tableName,
  tempName,
  walName,
} from './names.ts'

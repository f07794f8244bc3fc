export {
  type BatchOperation,
  batchOf,
  type ColumnFamilyReference,
  noteBatchWritten,
  WriteBatch,
} from './write-batch.ts'

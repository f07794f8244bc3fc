export { type BatchOperation, batchOf, type ColumnFamilyReference, WriteBatch } from './write-batch.ts'

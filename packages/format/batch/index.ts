export { BATCH_HEADER_LENGTH, BatchCursor, beginsPrepare } from './batch-cursor.ts'
export { BatchEncoder } from './batch-encoder.ts'
export { BatchTag, batchTagName } from './batch-tag.ts'

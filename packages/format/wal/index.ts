export { type DamageReason, FragmentCursor, FragmentState } from './fragment.ts'
export {
  BLOCK_LENGTH,
  FragmentType,
  fragmentTypeName,
  HEADER_LENGTH,
  RECYCLABLE_HEADER_LENGTH,
} from './log-format.ts'
export { LogFramer } from './log-framer.ts'
export type { LogDamage, LogItem, LogPredecessor, LogRecord, LogTimestampSizes } from './log-item.ts'
export { LogReader, type LogReaderOptions } from './log-reader.ts'

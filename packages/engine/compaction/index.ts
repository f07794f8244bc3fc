export { type BlobCollectionOverride, cutoffFileNumber } from './blob-collection.ts'
export { Compaction, type JobContext } from './compaction.ts'
export { CompactionCursor, type CompactionRules } from './compaction-cursor.ts'
export {
  type CompactionJob,
  type CompactionResult,
  runCompactionInTurns,
  runCompactionJob,
} from './compaction-job.ts'
export type { FilterTask, UserFunctions } from './entry-filter.ts'
export { type FlushJob, type FlushResult, runFlushInTurns, runFlushJob } from './flush-job.ts'
export type { BlobJobOptions, BlobWriteOptions } from './job-blobs.ts'
export type { FileNumberRange, JobStatistics, Turns } from './job-writer.ts'
export { flushCompression, type LevelOptions } from './level-options.ts'
export { levelSizes } from './level-sizes.ts'
export { makePicker } from './make-picker.ts'
export type { CompactionInput, CompactionReason } from './picked-files.ts'
export type { CompactionPicker, ManualRange, ManualStep, ManualSteps } from './picker.ts'
export {
  boundariesBetween,
  divideJob,
  joinResults,
  partCount,
  shareProgress,
} from './subcompactions.ts'
export {
  compressionCode,
  compressionSettings,
  hasBottommostSettings,
  type TableOrigin,
  type TablePlace,
  tableBuilderOptions,
} from './table-options.ts'
export type { OutputFile, OutputOptions } from './table-output.ts'

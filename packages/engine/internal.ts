/**
 * The second door of `varve`: the seams to the world, for test kits that bring a world of their own and pass it
 * to `open`. Not covered by semantic versioning.
 */
export { poisonIdleBlocks } from './cache/index.ts'
export { type CompactionJob, type FlushJob, runCompactionJob, runFlushJob } from './compaction/index.ts'
export { loadUserFunctions } from './compaction/user-functions.ts'
export { loadKeyOrder } from './comparator/index.ts'
export type { File, FileLock, FileStatus, FileSystem, OpenMode } from './fs/index.ts'
export { ioError, NodeFileSystem } from './fs/index.ts'
export type {
  Clock,
  Job,
  JobPriority,
  JobProgress,
  JobRunner,
  OnProgress,
  Runtime,
  Timer,
} from './runtime/index.ts'
export { InlineRunner, nodeRuntime } from './runtime/index.ts'

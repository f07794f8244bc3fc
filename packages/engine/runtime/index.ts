export { InlinePace } from './inline-pace.ts'
export { InlineRunner } from './inline-runner.ts'
export { memoryRuntime, type NodeRuntimeOptions, nodeRuntime, workerCount } from './node-runtime.ts'
export type {
  Clock,
  Job,
  JobPriority,
  JobProgress,
  JobRunner,
  OnProgress,
  Runtime,
  Timer,
} from './runtime.ts'
export { untransferable } from './untransferable.ts'
export { WorkerPool } from './worker-pool.ts'

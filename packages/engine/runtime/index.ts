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

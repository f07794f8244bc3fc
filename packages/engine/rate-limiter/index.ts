export { letJobsWait, limitedFileSystem } from './limited-file-system.ts'
export {
  RateLimiter,
  type RateLimiterMode,
  type RateLimiterOptions,
  type RateLimiterStatistics,
  type SharedRateLimit,
} from './rate-limiter.ts'
export type { RatePriority } from './token-bucket.ts'

/** The public door of `@varve/server`. */
export { httpStatus, ServerError, type ServerErrorCode } from './errors.ts'
export { isLoopbackName, requireLoopback } from './host-guard.ts'
export { type RunningServer, serve } from './serve.ts'
export type { LogLevel, ServerOptions } from './server-options.ts'
export type {
  Store,
  StoreEntry,
  StoreOperation,
  StoreRange,
  StoreRead,
  StoreScan,
  StoreWrite,
} from './store.ts'

/**
 * What the pool and its threads tell each other. `structuredClone` makes a plain `Error` of a `VarveError`, so
 * errors travel as data and are made again on arrival.
 */
import { CorruptionError, type ErrorCode, type ErrorDetails, VarveError } from '@varve/format/errors'
import type { Job, JobProgress } from './runtime.ts'

export interface StartMessage {
  job: Job
  wantsProgress: boolean
}

export type WorkerMessage =
  | { type: 'progress'; progress: JobProgress }
  | { type: 'done'; result: unknown }
  | { type: 'failed'; error: ErrorData }

export interface ErrorData {
  message: string
  stack: string | undefined
  /** Present for a `VarveError`. */
  code: ErrorCode | undefined
  details: ErrorDetails
  cause: ErrorData | undefined
}

export function errorToData(error: unknown): ErrorData {
  if (!(error instanceof Error)) {
    return { message: String(error), stack: undefined, code: undefined, details: {}, cause: undefined }
  }
  return {
    message: error.message,
    stack: error.stack,
    code: error instanceof VarveError ? error.code : undefined,
    details: error instanceof VarveError ? error.details : {},
    cause: error.cause === undefined ? undefined : errorToData(error.cause),
  }
}

/** The error as it was thrown, with the stack of the thread that threw it. */
export function errorFromData(data: ErrorData): Error {
  const error = remakeError(data, data.cause === undefined ? undefined : errorFromData(data.cause))
  if (data.stack !== undefined) error.stack = data.stack
  return error
}

function remakeError({ message, code, details }: ErrorData, cause: Error | undefined): Error {
  if (code === undefined) return new Error(message, cause === undefined ? undefined : { cause })
  if (code === 'CORRUPTION' && typeof details['what'] === 'string') {
    return new CorruptionError(details['what'], details.file, details.offset, cause)
  }
  return new VarveError(code, message, details, cause)
}

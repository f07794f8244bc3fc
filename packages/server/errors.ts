/**
 * Every error code that the server answers with, and the HTTP status of each, in one table. The body of an
 * error is always
 *
 *     {"error":{"code":"NOT_FOUND","message":"no such key"}}
 *
 * Codes are stable; messages are for people. Neither holds a key or a value of a user.
 */
import type { ErrorCode } from 'varve'

/** Codes of the HTTP side; the store's own are `ErrorCode`. */
export type ServerErrorCode =
  | ErrorCode
  | 'BAD_REQUEST'
  | 'HOST_NOT_ALLOWED'
  | 'ORIGIN_NOT_ALLOWED'
  | 'METHOD_NOT_ALLOWED'
  | 'TIMED_OUT'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'HEADERS_TOO_LARGE'
  | 'INTERNAL'

export const httpStatus: Readonly<Record<ServerErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  BAD_REQUEST: 400,
  HOST_NOT_ALLOWED: 403,
  ORIGIN_NOT_ALLOWED: 403,
  READ_ONLY: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  TIMED_OUT: 408,
  ALREADY_EXISTS: 409,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  HEADERS_TOO_LARGE: 431,
  CORRUPTION: 500,
  IO_ERROR: 500,
  INTERNAL: 500,
  NOT_SUPPORTED: 501,
  ABORTED: 503,
  MERGE_FAILED: 500,
  FILTER_FAILED: 500,
  COMPARATOR_FAILED: 500,
  LOCKED: 503,
  NOT_OPEN: 503,
  NOT_READY: 503,
  STALLED: 503,
  NO_SPACE: 507,
}

/** What Fastify and Node call the same things. Whatever else they refuse is `BAD_REQUEST` or `INTERNAL` by its status. */
const foreignCodes: Readonly<Record<string, ServerErrorCode>> = {
  FST_ERR_BAD_URL: 'BAD_REQUEST',
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BAD_REQUEST',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'TIMED_OUT',
}

/** A refusal by the server itself. */
export class ServerError extends Error {
  readonly code: ServerErrorCode

  constructor(code: ServerErrorCode, message: string) {
    super(message)
    this.name = 'ServerError'
    this.code = code
  }
}

export interface ErrorAnswer {
  status: number
  code: ServerErrorCode
  message: string
}

/** How any thrown value is answered. What is not one of the errors above says nothing about itself to the client. */
export function answerTo(error: unknown): ErrorAnswer {
  const { code, message, statusCode } = fieldsOf(error)
  if (isServerErrorCode(code)) return { status: httpStatus[code], code, message }
  const known = foreignCodes[code]
  if (known !== undefined)
    return { status: httpStatus[known], code: known, message: plainMessages[known] ?? message }
  if (statusCode >= 400 && statusCode < 500) {
    return { status: 400, code: 'BAD_REQUEST', message: 'the request is not valid HTTP' }
  }
  return { status: 500, code: 'INTERNAL', message: 'unexpected error; the server log has it' }
}

export function errorBody(answer: ErrorAnswer): string {
  return JSON.stringify({ error: { code: answer.code, message: answer.message } })
}

const plainMessages: Partial<Record<ServerErrorCode, string>> = {
  BAD_REQUEST: 'the request is not valid HTTP',
  PAYLOAD_TOO_LARGE: 'the body is larger than this server takes',
  UNSUPPORTED_MEDIA_TYPE: 'the content type is not taken here',
  HEADERS_TOO_LARGE: 'the request line and headers are larger than this server takes',
  TIMED_OUT: 'the request did not arrive in time',
}

function isServerErrorCode(code: string): code is ServerErrorCode {
  return Object.hasOwn(httpStatus, code)
}

function fieldsOf(error: unknown): { code: string; message: string; statusCode: number } {
  if (!(error instanceof Error)) return { code: '', message: '', statusCode: 500 }
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  return {
    code: typeof code === 'string' ? code : '',
    message: error.message,
    statusCode: typeof statusCode === 'number' ? statusCode : 500,
  }
}

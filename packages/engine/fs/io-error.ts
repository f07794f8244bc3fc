/**
 * The operating system's errors in the terms of Varve: which of our codes an errno is.
 * RocksDB: env/io_posix.cc, IOError
 */
import { getSystemErrorMessage } from 'node:util'
import { type ErrorCode, VarveError } from '@varve/format/errors'

/** What was tried: reading is never answered `READ_ONLY`. */
export type Access = 'reading' | 'writing'

const writeCodes: Record<string, ErrorCode> = {
  ENOENT: 'NOT_FOUND',
  ENOSPC: 'NO_SPACE',
  EDQUOT: 'NO_SPACE',
  EROFS: 'READ_ONLY',
  EACCES: 'READ_ONLY',
  EPERM: 'READ_ONLY',
}

/** The error for a failed `action` ("open", "sync", ...) on `file`. */
export function ioError(error: unknown, action: string, file: string, access: Access): VarveError {
  const errno = errnoOf(error)
  const known =
    errno === undefined || (access === 'reading' && errno !== 'ENOENT') ? undefined : writeCodes[errno]
  const message = `cannot ${action} ${file}: ${reasonOf(error)}`
  return new VarveError(known ?? 'IO_ERROR', message, { file, errno }, error)
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function reasonOf(error: unknown): string {
  const errno = errnoOf(error)
  if (!(error instanceof Error)) return String(error)
  if (errno === undefined || !('errno' in error) || typeof error.errno !== 'number') return error.message
  return `${getSystemErrorMessage(error.errno)} (${errno})`
}

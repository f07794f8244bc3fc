/**
 * The one error family of Varve. A caller tells errors apart by `code`, which never changes within a major
 * version; `message` is for people. A missing key is not an error anywhere: it is `undefined`.
 */

/** What went wrong, in one stable upper-case word. */
export type ErrorCode =
  | 'NOT_OPEN'
  | 'ALREADY_EXISTS'
  | 'NOT_FOUND'
  | 'NOT_READY'
  | 'CONFLICT'
  | 'LOCKED'
  | 'READ_ONLY'
  | 'CORRUPTION'
  | 'IO_ERROR'
  | 'NO_SPACE'
  | 'ABORTED'
  | 'MERGE_FAILED'
  | 'FILTER_FAILED'
  | 'COMPARATOR_FAILED'
  | 'STALLED'
  | 'NOT_SUPPORTED'
  | 'INVALID_ARGUMENT'

/** Machine-readable facts about an error. Keys and values of users are never put here. */
export interface ErrorDetails {
  /** Path of the file concerned. */
  file?: string
  /** Byte offset in `file` at which the trouble starts. */
  offset?: number
  /** The operating system's error, such as `ENOSPC`. */
  errno?: string
  /** The option or argument at fault. */
  option?: string
  /** What stands in the way: a process that holds the lock, a feature that is not supported, ... */
  [detail: string]: unknown
}

export class VarveError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'VarveError'
    this.code = code
    this.details = details
  }

  get file(): string | undefined {
    return this.details.file
  }

  get offset(): number | undefined {
    return this.details.offset
  }
}

/** Bytes that are not what the format says. Carries the file and the offset, once they are known. */
export class CorruptionError extends VarveError {
  constructor(what: string, file?: string, offset?: number, cause?: unknown) {
    const place = file === undefined ? '' : ` in ${file}`
    super(
      'CORRUPTION',
      `${what}${place}${offset === undefined ? '' : ` at offset ${offset}`}`,
      { file, offset, what },
      cause,
    )
    this.name = 'CorruptionError'
  }
}

/** Something RocksDB can hold and Varve cannot serve yet. `feature` names it. */
export function notSupported(feature: string, file?: string, offset?: number): VarveError {
  const place = file === undefined ? '' : ` (${file}${offset === undefined ? '' : ` at offset ${offset}`})`
  return new VarveError('NOT_SUPPORTED', `${feature} is not supported yet${place}`, { feature, file, offset })
}

export function isVarveError(error: unknown, code?: ErrorCode): error is VarveError {
  return error instanceof VarveError && (code === undefined || error.code === code)
}

/**
 * What `verifyDatabase` finds, collected file by file. Damage is reported and never thrown: a check of a
 * broken database must come to its end.
 */
import { isVarveError } from '@varve/format/errors'

export interface VerifiedFile {
  /** Without its directory. */
  name: string
  kind: 'current' | 'manifest' | 'wal' | 'table' | 'blob' | 'options' | 'identity'
  bytes: number
  /** Entries of a table, operations of a log, edits of a MANIFEST, values of a blob file. */
  entries?: number
}

export interface VerifyProblem {
  /** Path of the file. */
  file: string
  /** Where in it the trouble starts, when it has a place. */
  offset?: number
  message: string
}

export interface VerifyReport {
  /** True when there are no problems. */
  ok: boolean
  files: VerifiedFile[]
  problems: VerifyProblem[]
  /** What is worth knowing and no damage, such as a torn end of a log that the next open cuts off. */
  notes: VerifyProblem[]
}

export interface VerifyProgress {
  /** The file being read. */
  file: string
  bytesDone: number
  /** Of all files that are to be read. */
  bytesTotal: number
}

/** Problems of one file that are listed; a file of zeros would fill the report otherwise. */
const PROBLEMS_PER_FILE_MAX = 100

export class VerifyFindings {
  readonly files: VerifiedFile[] = []
  readonly problems: VerifyProblem[] = []
  readonly notes: VerifyProblem[] = []
  private readonly counts = new Map<string, number>()

  problem(file: string, message: string, offset?: number): void {
    const count = (this.counts.get(file) ?? 0) + 1
    this.counts.set(file, count)
    if (count < PROBLEMS_PER_FILE_MAX) this.problems.push(place(file, message, offset))
    if (count === PROBLEMS_PER_FILE_MAX)
      this.problems.push({ file, message: 'more problems of this file are not listed' })
  }

  note(file: string, message: string, offset?: number): void {
    // Two checks of the same bytes may come upon the same thing.
    const isKnown = this.notes.some(known => known.file === file && known.message === message)
    if (!isKnown) this.notes.push(place(file, message, offset))
  }

  /** True while nothing is known against `file`. */
  isSound(file: string): boolean {
    return !this.counts.has(file)
  }

  /**
   * Runs a check. What it throws about bytes or files is a problem of `file`, what it throws about a feature
   * that is not supported a note; anything else is a bug and goes on up.
   */
  guard<Result>(file: string, check: () => Result): Result | undefined {
    try {
      return check()
    } catch (error) {
      this.caught(file, error)
      return undefined
    }
  }

  caught(file: string, error: unknown): void {
    if (isVarveError(error, 'NOT_SUPPORTED')) this.note(error.file ?? file, error.message, error.offset)
    else if (isVarveError(error, 'NOT_FOUND')) this.problem(error.file ?? file, 'the file is missing')
    else if (isVarveError(error, 'CORRUPTION')) {
      const { what } = error.details
      this.problem(error.file ?? file, typeof what === 'string' ? what : error.message, error.offset)
    } else if (isVarveError(error, 'IO_ERROR')) this.problem(error.file ?? file, error.message, error.offset)
    else throw error
  }

  report(): VerifyReport {
    const { files, problems, notes } = this
    return { ok: problems.length === 0, files, problems, notes }
  }
}

function place(file: string, message: string, offset: number | undefined): VerifyProblem {
  return offset === undefined ? { file, message } : { file, offset, message }
}

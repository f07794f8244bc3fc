/**
 * How a command ends. Exit codes are part of the contract with scripts:
 *
 *     0    done
 *     1    not found, a check failed, or the work failed half-way
 *     2    the command line is wrong
 *     3    the database or file cannot be opened
 *     130  interrupted with Ctrl-C
 *
 * Whatever ends a command early is thrown and reported here, as one line on standard error.
 */
import { CommanderError } from 'commander'

export const ExitCode = { ok: 0, failed: 1, usage: 2, cannotOpen: 3, interrupted: 130 } as const

/** Ends the command with `exitCode`; prints `line` first when there is one. */
export class CommandEnd extends Error {
  readonly exitCode: number
  readonly line: string | undefined

  constructor(exitCode: number, line?: string, cause?: unknown) {
    super(line ?? `exit ${exitCode}`, cause === undefined ? undefined : { cause })
    this.name = 'CommandEnd'
    this.exitCode = exitCode
    this.line = line
  }
}

/** Nobody reads standard output any more (`| head`). That is no error of ours. */
export class OutputClosed extends Error {
  constructor() {
    super('standard output was closed')
    this.name = 'OutputClosed'
  }
}

export function usageError(message: string): CommandEnd {
  return new CommandEnd(ExitCode.usage, errorLine('USAGE', message))
}

/** A failure to open, with the code and message of whatever was thrown. */
export function cannotOpen(error: unknown): CommandEnd {
  return new CommandEnd(ExitCode.cannotOpen, errorLine(codeOf(error), messageOf(error)), error)
}

/** Prints what is to be said about `error` and gives the exit code. */
export function report(error: unknown): number {
  if (error instanceof OutputClosed) return ExitCode.ok
  // Commander has printed its own line already, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
  if (error instanceof CommandEnd) {
    if (error.line !== undefined) process.stderr.write(`${error.line}\n`)
    return error.exitCode
  }
  const code = codeOf(error)
  process.stderr.write(`${errorLine(code, messageOf(error))}\n`)
  if (code === 'INTERNAL' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return code === 'INVALID_ARGUMENT' ? ExitCode.usage : ExitCode.failed
}

export function errorLine(code: string, message: string): string {
  // Node's own messages begin with their code.
  const text = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message
  return `varve: ${code}: ${text.replace(/\s*\n\s*/g, ' ')}`
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return 'INTERNAL'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

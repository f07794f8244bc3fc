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

/** How an error ends the command: with which exit code, and what is said about it on standard error. */
export function endOf(error: unknown): { exitCode: number; text: string } {
  if (error instanceof OutputClosed) return { exitCode: ExitCode.ok, text: '' }
  if (error instanceof CommandEnd) {
    return { exitCode: error.exitCode, text: error.line === undefined ? '' : `${error.line}\n` }
  }
  if (error instanceof CommanderError) return endOfCommander(error)
  const code = codeOf(error)
  const line = `${errorLine(code, messageOf(error))}\n`
  if (code !== 'INTERNAL') {
    return { exitCode: code === 'INVALID_ARGUMENT' ? ExitCode.usage : ExitCode.failed, text: line }
  }
  return { exitCode: ExitCode.failed, text: error instanceof Error ? `${line}${error.stack}\n` : line }
}

/** Commander's errors are wrong usage, or help and version that were asked for and have been printed. */
function endOfCommander({ exitCode, code, message }: CommanderError): { exitCode: number; text: string } {
  if (exitCode === 0) return { exitCode: ExitCode.ok, text: '' }
  const isHelp = code === 'commander.help'
  return {
    exitCode: ExitCode.usage,
    text: isHelp ? '' : `${errorLine('USAGE', message.replace(/^error: /, ''))}\n`,
  }
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

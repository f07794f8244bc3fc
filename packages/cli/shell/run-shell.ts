/**
 * The loop of `varve shell`. At a terminal it has a prompt, completion, and a history that is kept from one
 * session to the next; otherwise it reads commands as a script.
 */
import { createInterface, type Interface } from 'node:readline'
import type { Database } from 'varve'
import { errorLine, OutputClosed } from '../exit.ts'
import { Output } from '../output.ts'
import { RowError } from '../tsv.ts'
import { History } from './history.ts'
import { runCommand, ShellError, type ShellState, shellCommands } from './shell-commands.ts'
import { splitWords } from './words.ts'

/** Returns how many commands failed. */
export async function runShell(database: Database): Promise<number> {
  const state: ShellState = { database, columnFamily: 'default', done: false }
  const history = process.stdin.isTTY === true ? History.ofUser() : undefined
  const lines = openLines(history)
  let failures = 0
  prompt(lines, state)
  for await (const line of lines) {
    if (!(await runLine(state, line))) failures++
    if (state.done) break
    prompt(lines, state)
  }
  lines.close()
  if (process.stdin.isTTY === true && !state.done) process.stdout.write('\n')
  return failures
}

function openLines(history: History | undefined): Interface {
  const lines = createInterface({
    input: process.stdin,
    ...(history === undefined
      ? {}
      : { output: process.stdout, history: history.lines, historySize: history.maxLines }),
    completer: completeCommand,
    removeHistoryDuplicates: true,
  })
  if (history !== undefined) {
    lines.on('history', newestFirst => history.save(newestFirst))
    // Ctrl-C drops the line that is being typed; Ctrl-D leaves.
    lines.on('SIGINT', () => {
      process.stdout.write('^C\n')
      lines.write(null, { ctrl: true, name: 'u' })
      lines.prompt()
    })
  }
  return lines
}

function prompt(lines: Interface, { columnFamily }: ShellState): void {
  if (process.stdin.isTTY !== true) return
  lines.setPrompt(columnFamily === 'default' ? 'varve> ' : `varve ${columnFamily}> `)
  // What was typed ahead stays, and so does its cursor.
  lines.prompt(true)
}

/** False when the command failed; what went wrong is printed. */
async function runLine(state: ShellState, line: string): Promise<boolean> {
  const output = new Output()
  try {
    const words = splitWords(line)
    if (words.length > 0) await runCommand(state, words, output)
    output.flush()
    return true
  } catch (error) {
    if (error instanceof OutputClosed) throw error
    output.flush()
    process.stderr.write(`${describe(error)}\n`)
    return false
  }
}

function describe(error: unknown): string {
  if (error instanceof ShellError || error instanceof RowError) return error.message
  if (error instanceof Error && 'code' in error) return errorLine(String(error.code), error.message)
  throw error
}

function completeCommand(line: string): [hits: string[], of: string] {
  return [Object.keys(shellCommands).filter(name => name.startsWith(line)), line]
}

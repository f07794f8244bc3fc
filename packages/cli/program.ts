/** The command line of `varve`: every command, in the order in which `--help` lists them. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addCompact } from './commands/compact.ts'
import { addCompletion } from './commands/completion.ts'
import { addDelete } from './commands/delete.ts'
import { addDeleteRange } from './commands/delete-range.ts'
import { addDump } from './commands/dump.ts'
import { addGet } from './commands/get.ts'
import { addLoad } from './commands/load.ts'
import { addManifest } from './commands/manifest.ts'
import { addMerge } from './commands/merge.ts'
import { addPut } from './commands/put.ts'
import { addScan } from './commands/scan.ts'
import { addServe } from './commands/serve.ts'
import { addShell } from './commands/shell.ts'
import { addSst } from './commands/sst.ts'
import { addStats } from './commands/stats.ts'
import { addVerify } from './commands/verify.ts'
import { addWal } from './commands/wal.ts'
import { Output } from './output.ts'

export function createProgram(): Command {
  const program = new Command('varve')
    .description("A key-value database on RocksDB's file formats.")
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .exitOverride()
    // Errors are printed in one place, by run.ts.
    .configureOutput({ writeOut: print, outputError: () => undefined })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExamples:\n  $ varve serve\n  $ varve put ./data user:1 Ada\n  $ varve get ./data user:1\n' +
        '\nExit codes: 0 done, 1 not found or a check failed, 2 wrong usage, 3 cannot open.',
    )
  addServe(program)
  addGet(program)
  addPut(program)
  addDelete(program)
  addDeleteRange(program)
  addMerge(program)
  addScan(program)
  addLoad(program)
  addDump(program)
  addStats(program)
  addCompact(program)
  addVerify(program)
  addSst(program)
  addWal(program)
  addManifest(program)
  addShell(program)
  addCompletion(program)
  // The list of commands has room for a sentence each.
  for (const command of program.commands) command.summary(firstSentence(command.description()))
  return program
}

function print(text: string): void {
  const output = new Output()
  output.text(text)
  output.flush()
}

function firstSentence(text: string): string {
  return /^[^\n]*?[.:](?=\s|$)/.exec(text)?.[0].replace(/[.:]$/, '') ?? text
}

function version(): string {
  const text = readFileSync(new URL('./package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

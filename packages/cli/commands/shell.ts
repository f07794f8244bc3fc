/** `varve shell`: commands against one open database, line by line. */
import type { Command } from 'commander'
import { engineOption, withExample } from '../command-line.ts'
import { CommandEnd, ExitCode } from '../exit.ts'
import { parseOptions, withDatabase } from '../open-database.ts'

export function addShell(program: Command): void {
  const command = program
    .command('shell <db>')
    .description(
      'Opens a database and takes commands: get, put, delete, scan, cf, stats, compact, help, exit.\n' +
        'Reads them from a script, too: printf "get user:1\\n" | varve shell ./data',
    )
    .option('--create', 'create the database when there is none')
    .addOption(engineOption())
    .action(shell)
  withExample(command, 'varve shell ./data')
}

async function shell(path: string, options: { create?: true; option?: string[] }): Promise<void> {
  const intent = options.create === true ? 'create' : 'write'
  const failures = await withDatabase(
    path,
    intent,
    async database => {
      const { runShell } = await import('../shell/run-shell.ts')
      return runShell(database)
    },
    parseOptions(options.option),
  )
  if (failures > 0 && process.stdin.isTTY !== true) throw new CommandEnd(ExitCode.failed)
}

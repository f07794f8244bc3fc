/** Runs one command line to its end and gives the exit code. program.ts lists the commands. */
import { endOf } from './exit.ts'
import { createProgram } from './program.ts'

export async function run(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    const { exitCode, text } = endOf(error)
    if (text !== '') process.stderr.write(text)
    return exitCode
  }
}

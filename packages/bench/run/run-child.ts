/** Runs one of our programs in a process of its own: what it is to do goes there as JSON, messages come back. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What is installed from npm is JavaScript. Without this every thread of a child would first strip the types from its
 * modules, beside the load that is being measured.
 */
const COMPILE_CACHE = join(tmpdir(), 'varve-bench-compile-cache')

/** What is kept of what a failing child prints. */
const ERROR_BYTES = 4000

/** Resolves to why the child failed, or to undefined. `kill` in the hand of the listener ends it as kill -9 does. */
export async function runChild<Message>(
  file: URL,
  argument: unknown,
  listen: (message: Message, kill: () => void) => void,
): Promise<string | undefined> {
  const child = fork(fileURLToPath(file), [JSON.stringify(argument)], {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
    // Standard output is the report's.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let printed = ''
  let isKilled = false
  const keep = (chunk: Buffer) => {
    printed = (printed + chunk).slice(-ERROR_BYTES)
  }
  const kill = () => {
    isKilled = true
    child.kill('SIGKILL')
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  child.on('message', message => listen(message as Message, kill))
  const endWithUs = () => child.kill()
  process.once('exit', endWithUs)
  const [code, signal] = await once(child, 'close')
  process.off('exit', endWithUs)
  if (code === 0 || isKilled) return undefined
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`
  return `its process ended with ${how}${printed === '' ? '' : `: ${lastError(printed)}`}`
}

/** The line that says what went wrong; all of it when no line does. */
function lastError(printed: string): string {
  const lines = printed.trim().split('\n')
  return (lines.findLast(line => /^\w*Error\b/.test(line.trim())) ?? lines.slice(-3).join(' / ')).trim()
}

/** In the child: what it is to do. */
export function childArgument<Argument>(): Argument {
  // Interrupted: ends as if it had finished, so that what it started ends with it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  return JSON.parse(process.argv[2])
}

/** In the child: says the last word and ends. A store that leaves a handle open must not hold up the run. */
export function endChild(message: unknown): void {
  process.send?.(message, () => process.exit())
}

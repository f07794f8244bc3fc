/** Runs the real command in a process of its own, as a script would. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

export interface Finished {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export type Running = ChildProcessByStdio<Writable, Readable, Readable>

function spawnVarve(args: readonly string[]): Running {
  return spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Starts it and leaves it running; it does not outlive the test. */
export function startVarve(context: TestContext, ...args: string[]): Running {
  const child = spawnVarve(args)
  context.after(() => child.kill('SIGKILL'))
  return child
}

/** Runs it to its end, with `input` on standard input. Output is one character per byte (latin1). */
export async function runVarve(args: readonly string[], input: string | Uint8Array = ''): Promise<Finished> {
  const child = spawnVarve(args)
  // A command that does not read its input may be gone before it is written.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return finished(child)
}

/** Waits for the end of a started command. */
export async function finished(child: Running): Promise<Finished> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, exitSignal) => resolve([exitCode, exitSignal]))
  })
  const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('latin1')
  return { code, signal, stdout: text(stdout), stderr: text(stderr) }
}

/** Runs it and gives its output; anything but exit code 0 and an empty standard error is a failure. */
export async function varve(args: readonly string[], input: string | Uint8Array = ''): Promise<string> {
  const { code, stdout, stderr } = await runVarve(args, input)
  if (code !== 0) throw new Error(`varve ${args.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}

/** A directory that is removed after the test. */
export async function scratch(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-cli-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/**
 * The tools of C++ RocksDB, as Debian's rocksdb-tools has them: `ldb`, `sst_dump`, `db_bench`. They are the
 * oracle: what they say about a directory is right by definition.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface ToolResult {
  status: number | null
  stdout: string
  stderr: string
}

/** What a tool says that it should not, or that it failed. */
export class OracleError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'OracleError'
  }
}

/** A tool that hangs is a finding too. */
const TOOL_TIMEOUT_MS = 300_000

/** True when the program is on the path. */
export function isInstalled(tool: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(directory => existsSync(join(directory, tool)))
}

/** Says that a check is not run when its tool is absent: never a pass. */
export function requireTool(tool: string, log: (line: string) => void = console.log): boolean {
  if (isInstalled(tool)) return true
  log(`not run: ${tool} is not installed (apt-get install rocksdb-tools)`)
  return false
}

/** Runs a program to its end. Throws only when it cannot be started or does not end. */
export function run(tool: string, args: readonly string[], input?: string): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new OracleError(`${describe(tool, args)} did not end within ${TOOL_TIMEOUT_MS} ms`))
    }, TOOL_TIMEOUT_MS)
    child.on('error', reject)
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    // A tool that refuses its database ends without reading what it is given.
    child.stdin.on('error', () => child.stdin.destroy())
    child.stdin.end(input ?? '')
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString()
      const killed = signal === null ? '' : `ended by ${signal}\n`
      resolve({ status: code, stdout: text(stdout), stderr: killed + text(stderr) })
    })
  })
}

/** Runs a program that must end with 0 and say nothing on stderr; returns its stdout. */
export async function mustRun(tool: string, args: readonly string[], input?: string): Promise<string> {
  const { status, stdout, stderr } = await run(tool, args, input)
  if (status !== 0 || stderr !== '') {
    const said = (stderr + stdout).trim().slice(0, 2000)
    throw new OracleError(`${describe(tool, args)} ended with status ${status}: ${said}`)
  }
  return stdout
}

/** One `ldb` command on a database. */
export function ldb(directory: string, args: readonly string[], input?: string): Promise<string> {
  return mustRun('ldb', [`--db=${directory}`, ...args], input)
}

/** `db_bench` writes its banner on stderr, so only its status counts. */
export async function dbBench(directory: string, args: readonly string[]): Promise<string> {
  const all = [`--db=${directory}`, ...args]
  const { status, stdout, stderr } = await run('db_bench', all)
  if (status !== 0)
    throw new OracleError(`${describe('db_bench', all)} ended with status ${status}: ${stderr.slice(-2000)}`)
  return stdout
}

/** The column families that C++ sees. */
export async function cppColumnFamilies(directory: string): Promise<string[]> {
  const listed = await ldb(directory, ['list_column_families'])
  const names = /\{(.*)\}/s.exec(listed)?.[1]
  if (names === undefined) throw new OracleError(`ldb list_column_families said: ${listed}`)
  return names.split(', ')
}

/**
 * What `ldb load` reads, one row a line; nothing that has a newline in it needs care, because all is hex.
 */
export function loadLines(rows: Iterable<readonly [key: Uint8Array, value: Uint8Array]>): string {
  const lines: string[] = []
  for (const [key, value] of rows) lines.push(`${hex(key)} ==> ${hex(value)}\n`)
  return lines.join('')
}

/** As the tools print and read bytes with --hex. */
export function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').toUpperCase()}`
}

function describe(tool: string, args: readonly string[]): string {
  const words = args.map(arg => (arg.length > 80 ? `${arg.slice(0, 80)}...` : arg)).slice(0, 12)
  return [tool, ...words].join(' ')
}

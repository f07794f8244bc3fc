/** What the promise tests share: directories of their own, crashes, files to damage. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { decodeUtf8 } from '@varve/format/bytes'
import {
  type Database,
  type ErrorCode,
  isVarveError,
  type OpenListeners,
  type OpenOptions,
  open,
  type RangeOptions,
  type VarveError,
} from '../index.ts'
import { type FileSystem, InlineRunner, NodeFileSystem, nodeRuntime, type Runtime } from '../internal.ts'

type Text = [key: string, value: string]

/** In memory where that is to be had: a sync costs nothing there, and means the same to a process that is killed. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A path for a database, in a directory that goes with the test. */
export function freshPath(t: TestContext, name = 'db'): string {
  const directory = mkdtempSync(join(base, 'varve-promise-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, name)
}

/** The world as it is, but for what is given. Jobs run in this thread: to start one of its own takes longer than most of them. */
export function worldWith(parts: Partial<Runtime> = {}, fs: FileSystem = new NodeFileSystem()): Runtime {
  return { ...nodeRuntime({ workers: 1 }), fs, jobs: new InlineRunner(fs), ...parts }
}

/** Opens a database that is closed, whatever state it is in, before its directory goes. */
export async function openFor(
  t: TestContext,
  path: string,
  options?: OpenOptions & OpenListeners,
  runtime: Runtime = worldWith(),
): Promise<Database> {
  const db = await open(path, options, runtime)
  t.after(() => Promise.allSettled([db.close()]))
  return db
}

/** Tries to find a moment in which nothing changes. */
const COPIES_MAX = 100

/**
 * The directory as a kill -9 at this moment would leave it: what was written is in the page cache. A copy takes longer
 * than a kill, and jobs in the background go on meanwhile: one during which a file came, went or grew is of no moment.
 */
export function killedCopy(t: TestContext, path: string): string {
  for (let attempt = 0; attempt < COPIES_MAX; attempt++) {
    const copy = freshPath(t)
    const before = sizesIn(path)
    try {
      cpSync(path, copy, { recursive: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw error
    }
    if (before === sizesIn(path) && before === sizesIn(copy)) return copy
  }
  throw new Error(`${path} changed during each of ${COPIES_MAX} copies`)
}

/** Names and sizes of its files, as a text. */
function sizesIn(path: string): string {
  const lines = readdirSync(path).map(name => {
    const status = statSync(join(path, name), { throwIfNoEntry: false })
    return `${name} ${status?.size ?? 'gone'}`
  })
  return lines.sort().join('\n')
}

/** Runs a program against the engine in a process of its own. It sees `open` and its own `path`. */
export function runProgram(path: string, program: string): { output: string; signal: string | null } {
  const prelude = `
    import { writeSync } from 'node:fs'
    import { open } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)}
    const path = ${JSON.stringify(path)}
    const print = text => writeSync(1, text + '\\n')
    const die = () => process.kill(process.pid, 'SIGKILL')
    `
  const run = spawnSync(process.execPath, ['--input-type=module', '--no-warnings', '-e', prelude + program], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (run.stderr !== '') throw new Error(run.stderr)
  return { output: run.stdout.trim(), signal: run.signal }
}

/** All rows of a range as text. */
export async function rowsOf(
  db: Database,
  range?: RangeOptions & { columnFamily?: string },
): Promise<Text[]> {
  const rows = await db.entries(range).toArray()
  return rows.map(([key, value]) => [decodeUtf8(key), decodeUtf8(value)])
}

export async function textOf(db: Database, key: string): Promise<string | undefined> {
  const value = await db.get(key)
  return value && decodeUtf8(value)
}

/** Rows `key0000`, `key0001`, ... as `numberedRows` puts them. */
export function numberedRows(count: number, value = 'value'): Text[] {
  return Array.from({ length: count }, (_, i) => [numberedKey(i), `${value} ${i}`])
}

export function numberedKey(number: number): string {
  return `key${String(number).padStart(4, '0')}`
}

/** Puts rows one after another, each in a log record of its own. */
export async function putAll(db: Database, rows: readonly Text[], columnFamily?: string): Promise<void> {
  for (const [key, value] of rows) await db.put(key, value, { columnFamily })
}

/** Accepts an error of the code whose message matches: for `assert.rejects`. */
export function failsWith(code: ErrorCode, message = /./): (error: unknown) => boolean {
  return error => {
    if (!isVarveError(error, code)) throw error
    if (!message.test(error.message))
      throw new Error(`${message} does not match: ${error.message}`, { cause: error })
    return true
  }
}

/** The error of a promise that must fail. */
export async function failureOf(promise: Promise<unknown>): Promise<VarveError> {
  try {
    await promise
  } catch (error) {
    if (isVarveError(error)) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** Names of the database's files whose name matches, sorted. */
export function filesOf(path: string, pattern: RegExp): string[] {
  return readdirSync(path)
    .filter(name => pattern.test(name))
    .sort()
}

/** The only such file, as a path. */
export function fileOf(path: string, pattern: RegExp): string {
  const names = filesOf(path, pattern)
  if (names.length !== 1) throw new Error(`not one file ${pattern} but ${names.join(', ')}`)
  return join(path, names[0])
}

/** The last of such files that is not empty. */
export function newestFileOf(path: string, pattern: RegExp): string {
  const newest = filesOf(path, pattern).findLast(name => statSync(join(path, name)).size > 0)
  if (newest === undefined) throw new Error(`no file ${pattern}`)
  return join(path, newest)
}

export function flipBit(file: string, offset: number, bit = 0): void {
  const bytes = readFileSync(file)
  bytes[offset] ^= 1 << bit
  writeFileSync(file, bytes)
}

/** Cuts `count` bytes off the end. */
export function cutEnd(file: string, count: number): void {
  truncateSync(file, statSync(file).size - count)
}

/** Where a text stands in a file. */
export function offsetOf(file: string, text: string): number {
  const offset = readFileSync(file).indexOf(text)
  if (offset < 0) throw new Error(`${text} is not in ${file}`)
  return offset
}

/** Name and hash of every file, but for the two that say who has the lock. */
export function fingerprint(path: string): Record<string, string> {
  const hashes: Record<string, string> = {}
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory() || entry.name === 'LOCK' || entry.name === 'VARVE-OWNER') continue
    const file = join(entry.parentPath, entry.name)
    hashes[file.slice(path.length + 1)] = createHash('sha256').update(readFileSync(file)).digest('hex')
  }
  return hashes
}

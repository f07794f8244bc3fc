/**
 * Opens a database for one command and closes it after, whatever happens. The engine is loaded only here, so
 * that `--help` and completion stay instant.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, OpenOptions } from 'varve'
import { cannotOpen, usageError } from './exit.ts'

/**
 * `read`: without a lock and without writing a byte, so also while another process has the database open.
 * `write`: an existing database. `create`: makes it when there is none.
 */
export type Intent = 'read' | 'write' | 'create'

const intents: Record<Intent, OpenOptions> = {
  read: { createIfMissing: false, readOnly: true },
  write: { createIfMissing: false },
  create: { createIfMissing: true },
}

export async function withDatabase<Result>(
  path: string,
  intent: Intent,
  work: (database: Database) => Promise<Result>,
  options: OpenOptions = {},
): Promise<Result> {
  const database = await openDatabase(path, intent, options)
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

export async function openDatabase(
  path: string,
  intent: Intent,
  options: OpenOptions = {},
): Promise<Database> {
  const { open } = await import('varve')
  const openNow = () => open(path, { ...intents[intent], ...options })
  try {
    return intent === 'read' ? await openBesideWriter(path, openNow) : await openNow()
  } catch (error) {
    throw isOptionError(error) ? usageError(error.message) : cannotOpen(error)
  }
}

/** How often an open that reads is tried while another process changes the directory, and after which pause. */
const TRIES = 50
const PAUSE_MS = 5

/**
 * Opens a database that another process may be writing. A file may go between the moment when the MANIFEST
 * named it and that when it is opened. So a failure counts only when the directory stood still meanwhile.
 */
async function openBesideWriter(path: string, openNow: () => Promise<Database>): Promise<Database> {
  for (let tries = 1; ; tries++) {
    const before = await fingerprint(path)
    try {
      return await openNow()
    } catch (error) {
      if (tries === TRIES || before === (await fingerprint(path))) throw error
      await sleep(PAUSE_MS)
    }
  }
}

/** Names and sizes of the files in a directory; empty when there is none. */
async function fingerprint(path: string): Promise<string> {
  const names = await readdir(path).catch(() => [])
  const sizes = await Promise.all(
    names.map(async name => (await stat(join(path, name)).catch(() => undefined))?.size),
  )
  return names.map((name, i) => `${name}:${sizes[i]}`).join('/')
}

/** Options of the engine from `--option name=value`: JSON values, or plain text. */
export function parseOptions(pairs: readonly string[] = []): OpenOptions {
  const options: Record<string, unknown> = Object.create(null)
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    if (equals < 1) throw usageError(`--option ${pair}: write name=value`)
    options[pair.slice(0, equals)] = parseOptionValue(pair.slice(equals + 1))
  }
  return { ...options }
}

function parseOptionValue(text: string): unknown {
  if (!/^(-?\d+(\.\d+)?|true|false|\[.*\]|\{.*\})$/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw usageError(`--option: ${text} is not valid JSON`)
    throw error
  }
}

/** True for a wrong value of an option, which is wrong usage; a wrong path is not. */
function isOptionError(error: unknown): error is Error {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'INVALID_ARGUMENT') return false
  const { details } = error as { details?: { option?: unknown } }
  return typeof details?.option === 'string'
}

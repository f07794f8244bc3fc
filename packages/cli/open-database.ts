/**
 * Opens a database for one command and closes it after, whatever happens. The engine is loaded only here, so
 * that `--help` and completion stay instant.
 */
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
  try {
    return await open(path, { ...intents[intent], ...options })
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      error.code === 'INVALID_ARGUMENT' &&
      isOptionError(error)
    ) {
      throw usageError(error.message)
    }
    throw cannotOpen(error)
  }
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
  return /^(-?\d+(\.\d+)?|true|false|\[.*\]|\{.*\})$/.test(text) ? JSON.parse(text) : text
}

function isOptionError(error: Error): boolean {
  const { details } = error as { details?: { option?: unknown } }
  return typeof details?.option === 'string'
}

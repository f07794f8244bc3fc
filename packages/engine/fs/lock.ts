/**
 * The lock on a database directory: the very fcntl lock that C++ RocksDB takes on its LOCK file, so each keeps
 * the other out. Node.js has no fcntl, but its SQLite does: an exclusive transaction on LOCK, taken as an empty
 * database with its journal in memory, locks bytes that RocksDB's whole-file lock covers, writes nothing, and
 * goes when the process does, however it goes. SQLite also keeps out a second opener in the same process, which
 * fcntl alone would let in.
 *
 * LOCK must never be opened in any other way: POSIX drops a process's locks on a file when the process closes
 * *any* descriptor of it.
 *
 * RocksDB: env/fs_posix.cc, LockFile
 */
import { access, constants } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { notSupported, VarveError } from '@varve/format/errors'
import type { FileLock } from './file-system.ts'
import { errnoOf, ioError } from './io-error.ts'
import { findHolder, forgetHolder, type LockHolder, recordHolder } from './lock-holder.ts'

/** SQLite's result codes; the low byte is the code, the rest says more. */
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_NOTADB = 26

/** Locks live as long as the process even if nobody refers to them: a collected database would let go. */
const heldLocks = new Set<DatabaseSync>()

export async function takeLock(path: string): Promise<FileLock> {
  const database = await lockDatabase(path)
  heldLocks.add(database)
  try {
    await recordHolder(path)
  } catch (error) {
    release(database)
    throw error
  }
  return {
    async release() {
      if (!heldLocks.has(database)) return
      // Ours to remove only while the lock is ours.
      try {
        await forgetHolder(path)
      } finally {
        release(database)
      }
    },
  }
}

async function lockDatabase(path: string): Promise<DatabaseSync> {
  const { DatabaseSync } = loadSqlite(path)
  await refuseUnwritable(path)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path)
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    throw await lockError(error, path)
  }
}

function release(database: DatabaseSync): void {
  if (!heldLocks.delete(database)) return
  database.exec('ROLLBACK')
  database.close()
}

/**
 * Node 22 and 24 warn whoever loads it that SQLite is an experimental feature. What is used of it here is its lock on a
 * file, which is as old as SQLite 3, so nobody is told. It is loaded at once: no other warning can come meanwhile.
 */
function loadSqlite(path: string): typeof import('node:sqlite') {
  const { emitWarning } = process
  try {
    process.emitWarning = () => {}
    const sqlite = process.getBuiltinModule('node:sqlite')
    if (sqlite === undefined)
      throw notSupported('locking with a Node.js that was built without node:sqlite', path)
    return sqlite
  } finally {
    process.emitWarning = emitWarning
  }
}

/**
 * SQLite opens a file that it may not write for reading, and says only that it cannot open one that it may
 * not create. So the operating system is asked first, without opening the file.
 */
async function refuseUnwritable(path: string): Promise<void> {
  try {
    await access(path, constants.W_OK)
    return
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw ioError(error, 'lock', path, 'writing')
  }
  try {
    await access(dirname(path), constants.W_OK)
  } catch (error) {
    throw ioError(error, 'lock', path, 'writing')
  }
}

async function lockError(error: unknown, path: string): Promise<VarveError> {
  const result = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  if (result === SQLITE_BUSY || result === SQLITE_LOCKED) {
    const holder = await findHolder(path)
    return new VarveError(
      'LOCKED',
      `${dirname(path)} is in use by ${describe(holder)}`,
      { file: path, holder },
      error,
    )
  }
  if (result === SQLITE_NOTADB) {
    return new VarveError(
      'IO_ERROR',
      `cannot lock ${path}: it should be empty and is not`,
      { file: path },
      error,
    )
  }
  return ioError(error, 'lock', path, 'writing')
}

function describe(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'another process'
  const command = holder.argv === undefined ? '' : ` (${holder.argv.join(' ')})`
  const since = holder.since === undefined ? '' : ` since ${holder.since}`
  if (holder.pid === process.pid) return `this process${since}`
  return `process ${holder.pid}${command}${since}`
}

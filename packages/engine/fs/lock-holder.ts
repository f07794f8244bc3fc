/**
 * Who holds a lock, for the people who meet it. A holder of ours writes VARVE-OWNER beside LOCK; C++ RocksDB
 * knows nothing of that file and leaves it alone. On Linux /proc/locks tells which process has the lock, ours or
 * not, so a VARVE-OWNER left by a killed process misleads nobody. None of this decides who gets the lock.
 */
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { errnoOf, ioError } from './io-error.ts'

export const OWNER_NAME = 'VARVE-OWNER'

export interface LockHolder {
  pid: number
  /** When the process started, ISO 8601. */
  started?: string
  /** When it took the lock, ISO 8601. */
  since?: string
  host?: string
  /** Its command line. */
  argv?: string[]
}

export async function recordHolder(lockPath: string): Promise<void> {
  const holder: LockHolder = {
    pid: process.pid,
    started: new Date(performance.timeOrigin).toISOString(),
    since: new Date().toISOString(),
    host: hostname(),
    argv: process.argv,
  }
  const path = ownerPath(lockPath)
  try {
    await writeFile(path, `${JSON.stringify(holder)}\n`)
  } catch (error) {
    throw ioError(error, 'write', path, 'writing')
  }
}

export async function forgetHolder(lockPath: string): Promise<void> {
  const path = ownerPath(lockPath)
  try {
    await rm(path, { force: true })
  } catch (error) {
    throw ioError(error, 'remove', path, 'writing')
  }
}

/** What can be learned about the process that holds the lock; `undefined` if nothing. */
export async function findHolder(lockPath: string): Promise<LockHolder | undefined> {
  const recorded = await readOwner(lockPath)
  const pid = await pidFromProcLocks(lockPath)
  if (pid === undefined) return recorded !== undefined && mayBeAlive(recorded) ? recorded : undefined
  if (recorded?.pid === pid) return recorded
  const commandLine = await readIfThere(`/proc/${pid}/cmdline`)
  return { pid, host: hostname(), argv: commandLine?.replace(/\0$/, '').split('\0') }
}

function ownerPath(lockPath: string): string {
  return join(dirname(lockPath), OWNER_NAME)
}

async function readOwner(lockPath: string): Promise<LockHolder | undefined> {
  const text = await readIfThere(ownerPath(lockPath))
  if (text === undefined) return undefined
  try {
    const owner: unknown = JSON.parse(text)
    if (typeof owner !== 'object' || owner === null || !('pid' in owner)) return undefined
    return typeof owner.pid === 'number' ? { ...owner, pid: owner.pid } : undefined
  } catch {
    // Its writer is at it, or was killed at it.
    return undefined
  }
}

/** Without /proc: a process of another host cannot be asked, one of this host can. */
function mayBeAlive(holder: LockHolder): boolean {
  if (holder.host !== hostname()) return true
  try {
    return process.kill(holder.pid, 0)
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

/**
 * A line of /proc/locks: `1: POSIX  ADVISORY  WRITE 4711 fe:00:1312534 0 EOF`, where the sixth field is the
 * device and inode. Processes of another container have no positive pid here.
 */
async function pidFromProcLocks(lockPath: string): Promise<number | undefined> {
  const locks = await readIfThere('/proc/locks')
  if (locks === undefined) return undefined
  const { ino } = await stat(lockPath)
  for (const line of locks.split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (fields[3] !== 'WRITE' || !fields[5]?.endsWith(`:${ino}`)) continue
    const pid = Number(fields[4])
    if (pid > 0) return pid
  }
  return undefined
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'EACCES' || errno === 'ESRCH') return undefined
    throw ioError(error, 'read', path, 'reading')
  }
}

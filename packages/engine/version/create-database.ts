/**
 * The files of an empty database, in the order in which RocksDB makes them: IDENTITY, the first MANIFEST,
 * CURRENT. Each is complete and synced before the next begins, and until CURRENT is there the directory holds
 * no database, so a crash in between is met by starting over.
 *
 * RocksDB: db/db_impl/db_impl_open.cc, DBImpl::NewDB
 */
import { VarveError } from '@varve/format/errors'
import { parseFileName } from '@varve/format/names'
import type { FileSystem } from '../fs/file-system.ts'
import { switchCurrent, writeIdentity } from './current-file.ts'
import { ManifestLog } from './manifest-log.ts'

const FIRST_MANIFEST = 1

/** Expects the directory to exist and its lock to be held. `identity` becomes the database's id. */
export async function createDatabase(fs: FileSystem, directory: string, identity: string): Promise<void> {
  await refuseRemains(fs, directory)
  await writeIdentity(fs, directory, identity)
  const log = await ManifestLog.create(fs, directory, FIRST_MANIFEST)
  try {
    await log.append([
      { databaseId: identity, logNumber: 0, nextFileNumber: FIRST_MANIFEST + 1, lastSequence: 0 },
    ])
  } finally {
    await log.close()
  }
  await fs.syncDirectory(directory)
  await switchCurrent(fs, directory, FIRST_MANIFEST)
}

/** Data without a CURRENT is a database that has lost it; a new one on top would take the data for rubbish. */
async function refuseRemains(fs: FileSystem, directory: string): Promise<void> {
  for (const name of await fs.list(directory)) {
    const kind = parseFileName(name)?.kind
    if (kind !== 'table' && kind !== 'wal' && kind !== 'blob') continue
    throw new VarveError(
      'CORRUPTION',
      `${directory} holds ${name} but no CURRENT: it is not empty, and not a whole database`,
      { file: `${directory}/${name}` },
    )
  }
}

/** A random UUID for the IDENTITY file. `random` gives 16 bytes. */
export function newIdentity(random: Uint8Array): string {
  const bytes = random.slice(0, 16)
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const BASE_36 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** A random session id: 20 characters that table properties carry. `random` gives 20 bytes. */
export function newSessionId(random: Uint8Array): string {
  return Array.from(random.subarray(0, 20), byte => BASE_36[byte % 36]).join('')
}

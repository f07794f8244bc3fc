/**
 * CURRENT names the MANIFEST in force. It is only ever replaced whole, by renaming a synced file over it, so
 * a crash leaves either the old name or the new one.
 *
 * RocksDB: file/filename.cc, SetCurrentFile
 */
import { CorruptionError, isVarveError } from '@varve/format/errors'
import {
  CURRENT_NAME,
  decodeCurrent,
  encodeCurrent,
  IDENTITY_NAME,
  parseFileName,
  tempName,
} from '@varve/format/names'
import type { FileSystem } from '../fs/file-system.ts'

export interface CurrentManifest {
  /** Exactly as CURRENT has it. */
  name: string
  number: number
}

/** `undefined` when there is no CURRENT, and so no database. */
export async function readCurrent(fs: FileSystem, directory: string): Promise<CurrentManifest | undefined> {
  const path = `${directory}/${CURRENT_NAME}`
  let bytes: Uint8Array
  try {
    bytes = await fs.readFile(path)
  } catch (error) {
    if (isVarveError(error, 'NOT_FOUND')) return undefined
    throw error
  }
  const name = decodeCurrent(bytes, path)
  const number = parseFileName(name)?.number
  if (number === undefined) throw new CorruptionError('CURRENT names no MANIFEST', path, 0)
  return { name, number }
}

/** Makes a synced MANIFEST the one in force. */
export async function switchCurrent(
  fs: FileSystem,
  directory: string,
  manifestNumber: number,
): Promise<void> {
  await replaceFile(fs, directory, tempName(manifestNumber), CURRENT_NAME, encodeCurrent(manifestNumber))
}

export async function writeIdentity(fs: FileSystem, directory: string, identity: string): Promise<void> {
  await replaceFile(fs, directory, tempName(0), IDENTITY_NAME, new TextEncoder().encode(identity))
}

/** What IDENTITY says, or `undefined` without one. */
export async function readIdentity(fs: FileSystem, directory: string): Promise<string | undefined> {
  try {
    const text = new TextDecoder().decode(await fs.readFile(`${directory}/${IDENTITY_NAME}`))
    return text.replace(/\n$/, '') || undefined
  } catch (error) {
    if (isVarveError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

async function replaceFile(
  fs: FileSystem,
  directory: string,
  temporary: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const file = await fs.open(`${directory}/${temporary}`, 'create')
  try {
    await file.write(bytes, 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await fs.rename(`${directory}/${temporary}`, `${directory}/${name}`)
  await fs.syncDirectory(directory)
}

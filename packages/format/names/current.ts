/**
 * CURRENT: the name of the MANIFEST in force and one newline, nothing else. The name is used as it stands
 * (`MANIFEST-5` is not `MANIFEST-000005`), so decoding gives the name; `parseFileName` gives its number.
 *
 * RocksDB: db/version_set.cc, VersionSet::GetCurrentManifestPath
 */
import { decodeUtf8, encodeUtf8 } from '../bytes/index.ts'
import { CorruptionError } from '../errors/index.ts'
import { manifestName, parseFileName } from './names.ts'

/** "MANIFEST-", the 16 digits a safe number can have, and the newline; room for zeros in front. */
const MAX_CURRENT_LENGTH = 64

/** The MANIFEST's name. */
export function decodeCurrent(bytes: Uint8Array, file?: string): string {
  if (bytes.length > MAX_CURRENT_LENGTH) throw new CorruptionError('CURRENT is too long', file, 0)
  const text = decodeUtf8(bytes)
  if (!text.endsWith('\n'))
    throw new CorruptionError('CURRENT does not end with a newline', file, bytes.length)
  const name = text.slice(0, -1)
  if (parseFileName(name)?.kind !== 'manifest') {
    throw new CorruptionError('CURRENT does not name a MANIFEST', file, 0)
  }
  return name
}

export function encodeCurrent(manifestNumber: number): Uint8Array {
  return encodeUtf8(`${manifestName(manifestNumber)}\n`)
}

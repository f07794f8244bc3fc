import { ValueType } from '@varve/format/key'
import type { BlobValue } from './cursor.ts'
import { unsupportedEntry } from './unsupported-entry.ts'

/** Finds the value that bytes[start..end), of an entry of the user key key[keyStart..keyEnd), refers to. */
export type FindBlob = (
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  bytes: Uint8Array,
  start: number,
  end: number,
) => BlobValue

/** For readers of what has no blob files. */
export function refuseBlob(): never {
  throw unsupportedEntry(ValueType.BlobIndex)
}

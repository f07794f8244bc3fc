/**
 * What stands behind each value and merge operand of a column family whose keys expire one by one. Ours: to C++ RocksDB it
 * is a part of the value.
 *
 *     value, operand := bytes u8[], expiry u48le, "vx"          milliseconds since 1970; 0: never
 */
import { readUint16, readUint32, writeUint16, writeUint32 } from '../bytes/index.ts'

export const KEY_STAMP_LENGTH = 8

/** "vx", little-endian. */
const MARK = 0x7876

/** The latest time that can be written: in the year 10889. */
export const MAX_KEY_EXPIRY: number = 2 ** 48 - 1

/** The expiry behind the value bytes[start..end), 0 for never; -1 when there is none. */
export function readKeyExpiry(bytes: Uint8Array, start: number, end: number): number {
  const at = end - KEY_STAMP_LENGTH
  if (at < start || readUint16(bytes, end - 2) !== MARK) return -1
  return readUint16(bytes, at + 4) * 0x1_0000_0000 + readUint32(bytes, at)
}

/** The value with its stamp. */
export function withKeyExpiry(value: Uint8Array, expiry: number): Uint8Array {
  const stamped = new Uint8Array(value.length + KEY_STAMP_LENGTH)
  const at = value.length
  stamped.set(value)
  writeUint32(stamped, at, expiry >>> 0)
  writeUint16(stamped, at + 4, Math.floor(expiry / 0x1_0000_0000))
  writeUint16(stamped, at + 6, MARK)
  return stamped
}

/**
 * What stands behind each value and merge operand in RocksDB's databases with a time to live: when it was written.
 *
 *     value   := bytes u8[], written u32le          seconds since 1970
 *     operand := the same
 *
 * RocksDB: utilities/ttl/db_ttl_impl.h
 */
import { readUint32, writeUint32 } from '../bytes/index.ts'

export const TTL_STAMP_LENGTH = 4

/** RocksDB takes nothing older for a time: 9 May 2013. */
export const MIN_TTL_TIME = 1_368_146_402

/** When bytes[start..end) was written; -1 when it has no stamp that can be one. */
export function readTtlTime(bytes: Uint8Array, start: number, end: number): number {
  const at = end - TTL_STAMP_LENGTH
  if (at < start) return -1
  const written = readUint32(bytes, at)
  return written < MIN_TTL_TIME ? -1 : written
}

export function withTtlTime(value: Uint8Array, written: number): Uint8Array {
  const stamped = new Uint8Array(value.length + TTL_STAMP_LENGTH)
  stamped.set(value)
  writeUint32(stamped, value.length, written)
  return stamped
}

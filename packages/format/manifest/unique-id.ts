/**
 * The unique id of a table, made from what its properties say about its origin. RocksDB computes it again
 * when it opens the table and refuses one that the MANIFEST knows by another id.
 *
 *     session id := 20 characters of base 36: A (8 characters), B (12 characters)
 *     upper      := A >> 2
 *     lower      := (A & 3) << 62 | B & (2^62 - 1)
 *     hash       := XXH3_128bits(database identity, seed = upper)
 *     id         := lower u64le, (hash.high64 ^ file number) u64le
 *
 * RocksDB: table/unique_id.cc, GetSstInternalUniqueId
 */
import { encodeUtf8, writeUint32 } from '../bytes/index.ts'
import { xxh3_128 } from '../checksum/index.ts'

const SESSION_ID_LENGTH = 20
const SESSION_ID_SPLIT = 8

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

const LOW_62_BITS = (1n << 62n) - 1n

/** All three as the table's properties have them; `undefined` when the session id is not one of RocksDB's. */
export function uniqueIdOf(
  dbIdentity: string,
  sessionId: string,
  fileNumber: number,
): Uint8Array | undefined {
  const session = decodeSessionId(sessionId)
  if (session === undefined) return undefined
  const { upper, lower } = session
  const seed = splitWords(upper)
  const [, , hashLow, hashHigh] = xxh3_128(encodeUtf8(dbIdentity), 0, undefined, seed.low, seed.high)
  const id = new Uint8Array(16)
  const first = splitWords(lower)
  writeUint32(id, 0, first.low)
  writeUint32(id, 4, first.high)
  writeUint32(id, 8, (hashLow ^ (fileNumber % 0x1_0000_0000)) >>> 0)
  writeUint32(id, 12, (hashHigh ^ Math.floor(fileNumber / 0x1_0000_0000)) >>> 0)
  return id
}

/** BigInt is fine here: this runs once for each session and each table. */
export interface SessionId {
  upper: bigint
  lower: bigint
}

export function decodeSessionId(text: string): SessionId | undefined {
  if (text.length !== SESSION_ID_LENGTH) return undefined
  const a = base36(text.slice(0, SESSION_ID_SPLIT))
  const b = base36(text.slice(SESSION_ID_SPLIT))
  if (a === undefined || b === undefined) return undefined
  return { upper: a >> 2n, lower: ((a & 3n) << 62n) | (b & LOW_62_BITS) }
}

/**
 * A session id from twenty random bytes. The first digit of B stays below the last one, so that B is below
 * 2^62 and no bit of it is lost.
 */
export function makeSessionId(random: Uint8Array): string {
  let text = ''
  for (let i = 0; i < SESSION_ID_LENGTH; i++) {
    text += digits[random[i] % (i === SESSION_ID_SPLIT ? digits.length - 1 : digits.length)]
  }
  return text
}

function base36(text: string): bigint | undefined {
  let value = 0n
  for (const character of text) {
    const digit = digits.indexOf(character)
    if (digit < 0) return undefined
    value = value * 36n + BigInt(digit)
  }
  return value
}

function splitWords(value: bigint): { low: number; high: number } {
  return { low: Number(value & 0xffff_ffffn), high: Number((value >> 32n) & 0xffff_ffffn) }
}

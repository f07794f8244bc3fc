/**
 * The checksum behind every block, over the payload P and the type byte t that follows it:
 *
 *     block := P u8[], t u8, checksum u32le
 *
 *     0 none       0
 *     1 CRC32C     masked CRC-32C of P and t
 *     2 xxHash     XXH32 of P and t
 *     3 xxHash64   low half of XXH64 of P and t
 *     4 XXH3       low half of XXH3(P), xor t * 0x6b9083d9
 *
 * From format_version 6 on `contextModifier` is added, so that a block cannot stand in for another.
 *
 * RocksDB: table/format.cc, ComputeBuiltinChecksumWithLastByte
 */
import { notSupported } from '../errors/index.ts'
import { crc32c, crc32cByte, maskCrc } from './crc32c.ts'
import { xxh3Low32 } from './xxh3.ts'
import { xxh32 } from './xxh32.ts'
import { xxh64Low32 } from './xxh64.ts'

export const ChecksumType = { None: 0, Crc32c: 1, XxHash: 2, XxHash64: 3, XXH3: 4 } as const

export type ChecksumTypeCode = (typeof ChecksumType)[keyof typeof ChecksumType]

const XXH3_TYPE_MULTIPLIER = 0x6b90_83d9

export function isChecksumType(code: number): code is ChecksumTypeCode {
  return code <= ChecksumType.XXH3
}

/** RocksDB's name of a checksum type, as `sst_dump` and OPTIONS files have it. */
export function checksumTypeName(code: number): string {
  return ['kNoChecksum', 'kCRC32c', 'kxxHash', 'kxxHash64', 'kXXH3'][code] ?? `checksum type ${code}`
}

/** The checksum of the payload bytes[start..end) and the type byte behind it, which is passed apart. */
export function blockChecksum(
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  typeByte: number,
): number {
  switch (type) {
    case ChecksumType.None:
      return 0
    case ChecksumType.Crc32c:
      return maskCrc(crc32cByte(crc32c(bytes, start, end), typeByte))
    case ChecksumType.XxHash:
      return xxh32(withByte(bytes, start, end, typeByte))
    case ChecksumType.XxHash64:
      return xxh64Low32(withByte(bytes, start, end, typeByte))
    case ChecksumType.XXH3:
      return (xxh3Low32(bytes, start, end) ^ Math.imul(typeByte, XXH3_TYPE_MULTIPLIER)) >>> 0
    default:
      throw notSupported(checksumTypeName(type))
  }
}

/** A copy with the type byte behind it, for the two types that hardly a file has. */
function withByte(bytes: Uint8Array, start: number, end: number, byte: number): Uint8Array {
  const joined = new Uint8Array(end - start + 1)
  joined.set(bytes.subarray(start, end))
  joined[end - start] = byte
  return joined
}

/**
 * The same over plain bytes, one or more, the last of which plays the type byte: the footer from
 * format_version 6 on.
 */
export function plainChecksum(type: number, bytes: Uint8Array, start: number, end: number): number {
  return blockChecksum(type, bytes, start, end - 1, bytes[end - 1])
}

/** What is added to the checksum of the block at `offset` in a file whose footer holds `base`. */
export function contextModifier(base: number, offset: number): number {
  if (base === 0) return 0
  return (base ^ (offset + Math.floor(offset / 0x1_0000_0000))) >>> 0
}

/**
 * The last bytes of a table: which checksums it has and where its other blocks are listed.
 *
 *     version 0 (LevelDB), 48 bytes:  metaindex handle, index handle, zeros to 40, magic u64le
 *     version 1 to 5, 53 bytes:       checksumType u8, metaindex handle, index handle, zeros to 41,
 *                                     version u32le, magic u64le
 *     version 6 and 7, 53 bytes:      checksumType u8, 3e 00 7a 00, footerChecksum u32le,
 *                                     baseContextChecksum u32le, metaindexSize u32le, zeros to 41,
 *                                     version u32le, magic u64le
 *
 * From version 6 on the metaindex block ends where the footer begins, and lists the index block.
 *
 * RocksDB: table/format.cc, Footer
 */

import { BLOCK_TRAILER_LENGTH, type BlockHandle, readHandle } from '../block/index.ts'
import { ByteReader, readUint32, writeUint32, writeVarint } from '../bytes/index.ts'
import { ChecksumType, contextModifier, isChecksumType, plainChecksum } from '../checksum/index.ts'
import { CorruptionError, notSupported } from '../errors/index.ts'

export const LEGACY_FOOTER_LENGTH = 48
export const FOOTER_LENGTH = 53
export const MAX_FORMAT_VERSION = 7

const VERSION_AT = 41
const MAGIC_LENGTH = 8
const EXTENDED_MAGIC = 0x007a_003e

/** Magic numbers as two words, low first. */
const MAGIC = [0x85f4_cff7, 0x88e2_41b7] as const
const LEGACY_MAGIC = [0x8b80_fb57, 0xdb47_7524] as const

const OTHER_MAGICS: readonly (readonly [number, number, string])[] = [
  [0x63bf_9564, 0x8242_2296, 'a plain table'],
  [0x7a8f_13b8, 0x4f34_18eb, 'a plain table'],
  [0xc5f1_7873, 0x9267_89d0, 'a cuckoo table'],
]

export interface Footer {
  formatVersion: number
  checksumType: number
  metaindex: BlockHandle
  /** Missing from format_version 6 on: the metaindex lists it. */
  index: BlockHandle | undefined
  /** Enters the checksum of every block; 0 before format_version 6. */
  baseContextChecksum: number
  /** Where the footer begins in the file. */
  offset: number
  length: number
}

/** Decodes the footer at the end of `tail`, the last bytes of a file of `fileSize` bytes: 53 of them, or all. */
export function decodeFooter(tail: Uint8Array, fileSize: number, file?: string): Footer {
  if (tail.length < LEGACY_FOOTER_LENGTH)
    throw new CorruptionError('table is too short for a footer', file, 0)
  const magicAt = tail.length - MAGIC_LENGTH
  const low = readUint32(tail, magicAt)
  const high = readUint32(tail, magicAt + 4)
  if (low === LEGACY_MAGIC[0] && high === LEGACY_MAGIC[1]) return decodeLegacyFooter(tail, fileSize, file)
  for (const [otherLow, otherHigh, name] of OTHER_MAGICS) {
    if (low === otherLow && high === otherHigh) throw notSupported(name, file)
  }
  if (low !== MAGIC[0] || high !== MAGIC[1]) {
    throw new CorruptionError('not a block-based table: bad magic number', file, fileSize - MAGIC_LENGTH)
  }
  if (tail.length < FOOTER_LENGTH) throw new CorruptionError('table is too short for a footer', file, 0)
  return decodeNewFooter(tail.subarray(tail.length - FOOTER_LENGTH), fileSize, file)
}

function decodeLegacyFooter(tail: Uint8Array, fileSize: number, file: string | undefined): Footer {
  const offset = fileSize - LEGACY_FOOTER_LENGTH
  const bytes = tail.subarray(tail.length - LEGACY_FOOTER_LENGTH)
  const reader = new ByteReader(bytes, 0, LEGACY_FOOTER_LENGTH - MAGIC_LENGTH, file, offset)
  return {
    formatVersion: 0,
    checksumType: ChecksumType.Crc32c,
    ...readHandles(reader, offset),
    baseContextChecksum: 0,
    offset,
    length: LEGACY_FOOTER_LENGTH,
  }
}

function decodeNewFooter(bytes: Uint8Array, fileSize: number, file: string | undefined): Footer {
  const offset = fileSize - FOOTER_LENGTH
  const formatVersion = readUint32(bytes, VERSION_AT)
  if (formatVersion === 0 || formatVersion > MAX_FORMAT_VERSION) {
    throw new CorruptionError(`unknown format_version ${formatVersion}`, file, offset + VERSION_AT)
  }
  const checksumType = bytes[0]
  if (!isChecksumType(checksumType)) {
    throw new CorruptionError(`unknown checksum type ${checksumType}`, file, offset)
  }
  const common = { formatVersion, checksumType, offset, length: FOOTER_LENGTH }
  const reader = new ByteReader(bytes, 1, VERSION_AT, file, offset)
  if (formatVersion < 6) return { ...common, ...readHandles(reader, offset), baseContextChecksum: 0 }
  return { ...common, ...readContextFooter(bytes, reader, checksumType) }
}

function readHandles(
  reader: ByteReader,
  footerOffset: number,
): { metaindex: BlockHandle; index: BlockHandle } {
  const metaindex = readHandle(reader, 'metaindex handle')
  const index = readHandle(reader, 'index handle')
  for (const handle of [metaindex, index]) {
    if (handle.offset + handle.size + BLOCK_TRAILER_LENGTH > footerOffset) {
      throw reader.corruption('footer points at a block beyond itself', 0)
    }
  }
  return { metaindex, index }
}

type ContextFooter = Pick<Footer, 'metaindex' | 'index' | 'baseContextChecksum'>

function readContextFooter(bytes: Uint8Array, reader: ByteReader, checksumType: number): ContextFooter {
  if (reader.uint32() !== EXTENDED_MAGIC) throw reader.corruption('bad extended magic number in footer', 1)
  const stored = reader.uint32()
  const baseContextChecksum = reader.uint32()
  if (baseContextChecksum === 0) throw reader.corruption('footer without a base context checksum', 9)
  if (stored !== footerChecksum(bytes, checksumType, baseContextChecksum, reader.fileOffset)) {
    throw reader.corruption('footer checksum mismatch', 5)
  }
  const size = reader.uint32()
  const offset = reader.fileOffset - BLOCK_TRAILER_LENGTH - size
  if (offset < 0) throw reader.corruption('metaindex block is longer than the file', 13)
  for (let at = 33; at < VERSION_AT; at++) {
    if (bytes[at] !== 0) throw reader.corruption('reserved footer bytes are in use', at)
  }
  return { metaindex: { offset, size }, index: undefined, baseContextChecksum }
}

/** The checksum of a footer of version 6 or later: over all its bytes, with the checksum's own as zeros. */
function footerChecksum(bytes: Uint8Array, checksumType: number, base: number, offset: number): number {
  const zeroed = new Uint8Array(bytes) // Not `slice`: that of a Buffer is no copy.
  writeUint32(zeroed, 5, 0)
  return (plainChecksum(checksumType, zeroed, 0, zeroed.length) + contextModifier(base, offset)) >>> 0
}

/** The footer's bytes. Version 6 and later take its metaindex block to lie right before `offset`. */
export function encodeFooter(footer: Omit<Footer, 'length'>): Uint8Array {
  const { formatVersion, checksumType, metaindex, index, baseContextChecksum, offset } = footer
  const legacy = formatVersion === 0
  const bytes = new Uint8Array(legacy ? LEGACY_FOOTER_LENGTH : FOOTER_LENGTH)
  const magic = legacy ? LEGACY_MAGIC : MAGIC
  writeUint32(bytes, bytes.length - 8, magic[0])
  writeUint32(bytes, bytes.length - 4, magic[1])
  if (!legacy) {
    bytes[0] = checksumType
    writeUint32(bytes, VERSION_AT, formatVersion)
  }
  if (formatVersion < 6) {
    if (index === undefined) throw new RangeError('a footer before format_version 6 holds the index handle')
    let at = legacy ? 0 : 1
    for (const handle of [metaindex, index]) {
      at = writeVarint(bytes, writeVarint(bytes, at, handle.offset), handle.size)
    }
    return bytes
  }
  writeUint32(bytes, 1, EXTENDED_MAGIC)
  writeUint32(bytes, 9, baseContextChecksum)
  writeUint32(bytes, 13, metaindex.size)
  writeUint32(bytes, 5, footerChecksum(bytes, checksumType, baseContextChecksum, offset))
  return bytes
}

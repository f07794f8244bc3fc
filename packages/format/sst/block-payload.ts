/**
 * What stands around a block's payload in a table.
 *
 *     block := payload u8[handle.size], compressionType u8, checksum u32le
 *
 * RocksDB: table/block_fetcher.cc, table/format.cc UncompressBlockData
 */
import { BLOCK_TRAILER_LENGTH, type BlockHandle } from '../block/index.ts'
import { type BlockMemory, readUint32 } from '../bytes/index.ts'
import { blockChecksum, contextModifier } from '../checksum/index.ts'
import { decompressBlock } from '../compress/index.ts'
import { CorruptionError } from '../errors/index.ts'
import { type ByteSource, readExactly } from './byte-source.ts'
import type { Footer } from './footer.ts'

/** What is needed of a footer to check and unpack a block. */
export type BlockContext = Pick<Footer, 'formatVersion' | 'checksumType' | 'baseContextChecksum'>

export interface PayloadOptions {
  /** Compare checksums; yes unless said otherwise. */
  verify?: boolean
  /** The table's compression dictionary; for data blocks only. */
  dictionary?: Uint8Array | undefined
  /** Where decompressed contents go; new memory unless said otherwise. */
  memory?: BlockMemory | undefined
  file?: string | undefined
}

/**
 * The payload of the block in `raw` (payload and trailer), which lies at `offset` of its file: checked and
 * decompressed. A view of `raw` if it was not compressed.
 */
export function decodeBlockPayload(
  raw: Uint8Array,
  offset: number,
  context: BlockContext,
  options: PayloadOptions = {},
): Uint8Array {
  const end = raw.length - BLOCK_TRAILER_LENGTH
  if (end < 0) throw new CorruptionError('block is shorter than its trailer', options.file, offset)
  if (options.verify !== false && readUint32(raw, end + 1) !== expectedChecksum(raw, offset, context)) {
    throw new CorruptionError('block checksum mismatch', options.file, offset)
  }
  const payload = raw.subarray(0, end)
  const type = raw[end]
  if (type === 0) return payload
  const { dictionary, memory, file } = options
  return decompressBlock(type, payload, context.formatVersion, { dictionary, memory, file, offset })
}

/** The checksum that the block in `raw` (payload and trailer) should carry at `offset`. */
export function expectedChecksum(raw: Uint8Array, offset: number, context: BlockContext): number {
  const end = raw.length - BLOCK_TRAILER_LENGTH
  const plain = blockChecksum(context.checksumType, raw, 0, end, raw[end])
  return (plain + contextModifier(context.baseContextChecksum, offset)) >>> 0
}

/** Reads the block at `handle` from the file and decodes its payload. */
export function readBlockPayload(
  source: ByteSource,
  handle: BlockHandle,
  context: BlockContext,
  what: string,
  dictionary?: Uint8Array,
): Uint8Array {
  const raw = readExactly(source, handle.offset, handle.size + BLOCK_TRAILER_LENGTH, what)
  return decodeBlockPayload(raw, handle.offset, context, { dictionary, file: source.file })
}

/**
 * Block handles: where in a table a block lies. `size` counts the payload, not the five bytes of trailer.
 *
 *     handle := offset varint64, size varint64
 */
import type { ByteReader } from '../bytes/index.ts'
import { ByteWriter } from '../bytes/index.ts'

/** Compression type and checksum, behind every block. */
export const BLOCK_TRAILER_LENGTH = 5

export interface BlockHandle {
  offset: number
  size: number
}

export function readHandle(reader: ByteReader, what: string): BlockHandle {
  return { offset: reader.varint64(`${what} offset`), size: reader.varint64(`${what} size`) }
}

export function encodeHandle(handle: BlockHandle): Uint8Array {
  const writer = new ByteWriter(20)
  writer.varint(handle.offset)
  writer.varint(handle.size)
  return writer.take()
}

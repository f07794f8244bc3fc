/**
 * Puts finished blocks into a file, one behind the other: compresses them where that pays, adds their
 * trailers and hands the bytes on in large chunks.
 *
 *     block := payload u8[], compressionType u8, checksum u32le
 */
import { BLOCK_TRAILER_LENGTH, type BlockHandle } from '../block/index.ts'
import { writeUint32 } from '../bytes/index.ts'
import { blockChecksum, contextModifier } from '../checksum/index.ts'
import { compressBlock } from '../compress/index.ts'

/** Bytes for one write; a few dozen blocks of the usual size. */
const CHUNK_LENGTH = 1 << 18

/** Takes the next bytes of a file. They are the builder's own again when the call returns. */
export type ByteSink = (bytes: Uint8Array) => void

export class BlockOutput {
  /** Where the next block will begin. */
  offset = 0
  /** The compression types that blocks have so far, other than none. */
  readonly compressions: Set<number> = new Set()
  private readonly sink: ByteSink
  private readonly checksumType: number
  private readonly baseContextChecksum: number
  private readonly chunk: Uint8Array = new Uint8Array(CHUNK_LENGTH)
  private chunkLength = 0

  /** See `Footer.baseContextChecksum`. */
  constructor(sink: ByteSink, checksumType: number, baseContextChecksum: number) {
    this.sink = sink
    this.checksumType = checksumType
    this.baseContextChecksum = baseContextChecksum
  }

  /** Writes a block, compressed with `compression` unless that does not make it smaller. */
  writeCompressed(
    payload: Uint8Array,
    compression: number,
    level: number | undefined,
    dictionary?: Uint8Array,
  ): BlockHandle {
    const compressed = compression === 0 ? undefined : compressBlock(compression, payload, level, dictionary)
    if (compressed === undefined) return this.write(payload, 0)
    this.compressions.add(compression)
    return this.write(compressed, compression)
  }

  /** Writes a block whose payload is of compression type `type` already. */
  write(payload: Uint8Array, type: number): BlockHandle {
    const handle = { offset: this.offset, size: payload.length }
    const plain = blockChecksum(this.checksumType, payload, 0, payload.length, type)
    const checksum = (plain + contextModifier(this.baseContextChecksum, this.offset)) >>> 0
    this.append(payload)
    if (this.chunkLength + BLOCK_TRAILER_LENGTH > CHUNK_LENGTH) this.flush()
    this.chunk[this.chunkLength] = type
    writeUint32(this.chunk, this.chunkLength + 1, checksum)
    this.chunkLength += BLOCK_TRAILER_LENGTH
    this.offset += BLOCK_TRAILER_LENGTH
    return handle
  }

  /** Writes bytes that are no block: the footer. */
  append(bytes: Uint8Array): void {
    if (this.chunkLength + bytes.length > CHUNK_LENGTH) this.flush()
    this.offset += bytes.length
    if (bytes.length > CHUNK_LENGTH) {
      this.sink(bytes)
      return
    }
    this.chunk.set(bytes, this.chunkLength)
    this.chunkLength += bytes.length
  }

  flush(): void {
    if (this.chunkLength > 0) this.sink(this.chunk.subarray(0, this.chunkLength))
    this.chunkLength = 0
  }
}

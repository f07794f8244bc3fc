import { CorruptionError } from '../errors/index.ts'

/** Random access to the bytes of a file, wherever they are. `format` itself does no I/O. */
export interface ByteSource {
  readonly size: number
  /** For errors. */
  readonly file?: string
  /** The bytes [offset..offset + length), which lie within the file. A view that stays as it is. */
  read(offset: number, length: number): Uint8Array
}

/** A file that is in memory as a whole. */
export class MemorySource implements ByteSource {
  readonly file: string | undefined
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array, file?: string) {
    this.bytes = bytes
    this.file = file
  }

  get size(): number {
    return this.bytes.length
  }

  read(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(offset, offset + length)
  }
}

/** Reads [offset..offset + length), which must lie within the file. */
export function readExactly(source: ByteSource, offset: number, length: number, what: string): Uint8Array {
  if (offset + length > source.size) {
    throw new CorruptionError(`${what} reaches beyond the end of the file`, source.file, offset)
  }
  const bytes = source.read(offset, length)
  if (bytes.length !== length) throw new CorruptionError(`${what} is cut short`, source.file, offset)
  return bytes
}

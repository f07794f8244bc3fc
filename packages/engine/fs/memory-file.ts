/**
 * A file in memory: its bytes in pieces of shared memory, so that it grows without being copied, and another thread can
 * read it where it lies.
 *
 *     pieces     [4 KiB][ 256 KiB ][ 256 KiB ] ...
 */
import { VarveError } from '@varve/format/errors'
import type { File } from './file-system.ts'

/** Most files of a database but its tables and logs fit in it. */
const FIRST_PIECE = 4 * 1024
const PIECE = 256 * 1024

/** A file as a message carries it. */
export interface SharedFile {
  path: string
  size: number
  pieces: readonly SharedArrayBuffer[]
}

export class MemoryContent {
  size = 0
  private readonly pieces: Uint8Array<SharedArrayBuffer>[] = []

  static attach({ size, pieces }: SharedFile): MemoryContent {
    const content = new MemoryContent()
    content.size = size
    for (const piece of pieces) content.pieces.push(new Uint8Array(piece))
    return content
  }

  share(path: string): SharedFile {
    return { path, size: this.size, pieces: this.pieces.map(({ buffer }) => buffer) }
  }

  read(target: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(target.length, this.size - position))
    this.eachPart(position, length, (piece, start, end, at) => target.set(piece.subarray(start, end), at))
    return length
  }

  write(bytes: Uint8Array, position: number): void {
    this.grow(position + bytes.length)
    this.eachPart(position, bytes.length, (piece, start, end, at) => {
      piece.set(bytes.subarray(at, at + end - start), start)
    })
    this.size = Math.max(this.size, position + bytes.length)
  }

  /** What is cut off reads as zeros if the file grows again. */
  truncate(size: number): void {
    this.grow(size)
    if (size < this.size)
      this.eachPart(size, this.size - size, (piece, start, end) => piece.fill(0, start, end))
    this.size = size
    while (this.pieces.length > 0 && startOf(this.pieces.length - 1) >= size) this.pieces.pop()
  }

  private grow(size: number): void {
    while (startOf(this.pieces.length) < size)
      this.pieces.push(new Uint8Array(new SharedArrayBuffer(this.pieces.length === 0 ? FIRST_PIECE : PIECE)))
  }

  /** Calls `use` for each piece that the range touches, with the part of it, and where in the range that lies. */
  private eachPart(
    position: number,
    length: number,
    use: (piece: Uint8Array, start: number, end: number, at: number) => void,
  ): void {
    for (let at = 0; at < length; ) {
      const index = position + at < FIRST_PIECE ? 0 : 1 + Math.floor((position + at - FIRST_PIECE) / PIECE)
      const piece = this.pieces[index]
      const start = position + at - startOf(index)
      const end = Math.min(piece.length, start + length - at)
      use(piece, start, end, at)
      at += end - start
    }
  }
}

/** Where in the file a piece begins. */
function startOf(index: number): number {
  return index === 0 ? 0 : FIRST_PIECE + (index - 1) * PIECE
}

export class MemoryFile implements File {
  readonly path: string
  private readonly content: MemoryContent
  private readonly isWritable: boolean
  private isClosed = false

  constructor(path: string, content: MemoryContent, isWritable: boolean) {
    this.path = path
    this.content = content
    this.isWritable = isWritable
  }

  size(): number {
    this.refuseIfClosed()
    return this.content.size
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return this.readSync(target, position)
  }

  readSync(target: Uint8Array, position: number): number {
    this.refuseIfClosed()
    return this.content.read(target, position)
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    this.writeSync(bytes, position)
  }

  writeSync(bytes: Uint8Array, position: number): void {
    this.refuseUnlessWritable()
    this.content.write(bytes, position)
  }

  async sync(): Promise<void> {
    this.syncSync()
  }

  syncSync(): void {
    this.refuseIfClosed()
  }

  async truncate(size: number): Promise<void> {
    this.refuseUnlessWritable()
    this.content.truncate(size)
  }

  async close(): Promise<void> {
    this.isClosed = true
  }

  closeSync(): void {
    this.isClosed = true
  }

  private refuseUnlessWritable(): void {
    this.refuseIfClosed()
    if (this.isWritable) return
    throw new VarveError('IO_ERROR', `${this.path} is open for reading only`, {
      file: this.path,
      errno: 'EBADF',
    })
  }

  private refuseIfClosed(): void {
    if (this.isClosed)
      throw new VarveError('IO_ERROR', `${this.path} is closed`, { file: this.path, errno: 'EBADF' })
  }
}

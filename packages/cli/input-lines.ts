/**
 * Cuts chunks of input into lines, as ranges of a buffer, without a copy but for the lines that lie across
 * chunks. Newlines are not part of a line; a last line without one is a line too.
 */
const NEWLINE = 0x0a

export class InputLines {
  /** The current line is buffer[start..end), until the next call. */
  buffer: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  /** Lines so far, the current one included. */
  number = 0

  private chunk: Buffer = Buffer.alloc(0)
  private position = 0
  /** The pieces of a line that has not ended yet. Kept apart, so that a long line is put together once. */
  private pieces: Buffer[] = []

  /** Takes the next chunk; the last one must be used up. */
  add(chunk: Buffer): void {
    this.chunk = chunk
    this.position = 0
  }

  /** Moves to the next line; false when the chunk holds no whole one any more. */
  next(): boolean {
    const newline = this.chunk.indexOf(NEWLINE, this.position)
    if (newline < 0) {
      if (this.position < this.chunk.length) this.pieces.push(Buffer.from(this.chunk.subarray(this.position)))
      this.position = this.chunk.length
      return false
    }
    if (this.pieces.length > 0) this.join(this.chunk.subarray(this.position, newline))
    else {
      this.buffer = this.chunk
      this.start = this.position
      this.end = newline
    }
    this.position = newline + 1
    this.number++
    return true
  }

  /** After the last chunk: moves to a line without a newline at the very end, if there is one. */
  finish(): boolean {
    if (this.pieces.length === 0) return false
    this.join(Buffer.alloc(0))
    this.number++
    return true
  }

  private join(rest: Buffer): void {
    this.buffer = Buffer.concat([...this.pieces, rest])
    this.start = 0
    this.end = this.buffer.length
    this.pieces = []
  }
}

/** The hashes of the keys that a filter is to hold, collected one by one until their number is known. */
import { filterHash, hashResult } from '../checksum/index.ts'

/** Hashes are kept in pieces of so many words: one array that doubles takes up to three times what is in it. */
const PIECE_WORDS = 16 * 1024

/** The pieces of builders that are done, for the next one: a large table's take megabytes. */
const sparePieces: Uint32Array[] = []

export class KeyHashes {
  private readonly pieces: Uint32Array[] = []
  /** The last piece. Hash i of a piece is words[2i] (low) and words[2i + 1] (high). */
  private words: Uint32Array
  /** Words of it in use. */
  private length = 0
  private lastLow = 0
  private lastHigh = 0

  constructor() {
    this.words = this.addPiece()
  }

  /** How many hashes there are; of equal neighbours only one counts. */
  get count(): number {
    return ((this.pieces.length - 1) * PIECE_WORDS + this.length) / 2
  }

  addKey(bytes: Uint8Array, start: number, end: number): void {
    filterHash(bytes, start, end)
    this.addHash(hashResult.low, hashResult.high)
  }

  addHash(low: number, high: number): void {
    if (low === this.lastLow && high === this.lastHigh && this.count > 0) return
    if (this.length === PIECE_WORDS) {
      this.words = this.addPiece()
      this.length = 0
    }
    this.words[this.length] = this.lastLow = low
    this.words[this.length + 1] = this.lastHigh = high
    this.length += 2
  }

  /** The pieces in order, each with the words in use. */
  protected *collected(): Iterable<{ words: Uint32Array; length: number }> {
    for (const words of this.pieces) {
      yield { words, length: words === this.words ? this.length : PIECE_WORDS }
    }
  }

  /** Gives the memory to the next one; this one is of no further use. */
  protected release(): void {
    sparePieces.push(...this.pieces)
  }

  private addPiece(): Uint32Array {
    const piece = sparePieces.pop() ?? new Uint32Array(PIECE_WORDS)
    this.pieces.push(piece)
    return piece
  }
}

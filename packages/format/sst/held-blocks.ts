/**
 * The data blocks of a table that is to have a compression dictionary. They are held back, as they are, until
 * there are enough to sample; then the dictionary is made of them, and they are compressed with it.
 *
 * The dictionary is raw content: pieces of blocks from all over what is held, one behind the other. The samples are
 * taken as C++ takes them, so that equal blocks make equal dictionaries. Trained dictionaries are read, not made:
 * Node's zlib has no trainer.
 *
 * RocksDB: table/block_based/block_based_table_builder.cc, EnterUnbuffered
 */

export interface HeldBlock {
  payload: Uint8Array
  /** The last internal key of the block, and the first of the one behind it; missing for a table's last block. */
  last: Uint8Array
  next: Uint8Array | undefined
}

/** A prime, so that steps of it modulo any number of blocks come by every one of them. */
const STRIDE = 545_055_921_143

export class HeldBlocks {
  readonly blocks: HeldBlock[] = []
  private readonly limit: number
  private size = 0

  /** With a `limit` of 0 the blocks of the whole table are held. */
  constructor(limit: number) {
    this.limit = limit
  }

  get isFull(): boolean {
    return this.limit !== 0 && this.size > this.limit
  }

  /** Copies what it is given. */
  add(payload: Uint8Array, last: Uint8Array, next: Uint8Array | undefined): void {
    this.blocks.push({ payload: copyOf(payload), last: copyOf(last), next: next && copyOf(next) })
    this.size += payload.length
  }

  /** The dictionary: up to `length` bytes from the beginnings of blocks. */
  sample(length: number): Uint8Array {
    const { blocks } = this
    const dictionary = new Uint8Array(Math.min(length, this.size))
    const stride = STRIDE % blocks.length
    let filled = 0
    let at = Math.floor(blocks.length / 2)
    while (filled < dictionary.length) {
      const piece = blocks[at].payload.subarray(0, dictionary.length - filled)
      dictionary.set(piece, filled)
      filled += piece.length
      at = (at + stride) % blocks.length
    }
    return dictionary
  }
}

/** Not `slice`: that of a Buffer is no copy. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

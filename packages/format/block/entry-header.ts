import type { DataBlock } from './data-block.ts'

/**
 * The three lengths before an entry of a block, and where its key suffix begins.
 *
 *     shared varint32, unshared varint32, valueLength varint32, [valuePosition varint32]
 *
 * `valuePosition` stands only at restart points of blocks that hold keys and values apart.
 */
export class EntryHeader {
  shared = 0
  unshared = 0
  valueLength = 0
  valuePosition = 0
  suffixStart = 0
  private position = 0

  /** Reads the header at `at` and checks that the key suffix, and a value behind it, end with the entries. */
  read(block: DataBlock, at: number, withValuePosition: boolean): void {
    const { bytes } = block
    const shared = bytes[at]
    const unshared = bytes[at + 1]
    const valueLength = bytes[at + 2]
    if ((shared | unshared | valueLength) >= 0x80 || block.separated) {
      this.readLong(block, at, withValuePosition)
      return
    }
    // Nearly all headers: three bytes.
    this.shared = shared
    this.unshared = unshared
    this.valueLength = valueLength
    this.suffixStart = at + 3
    if (at + 3 + unshared + valueLength > block.entriesEnd)
      throw block.corruption('entry runs past the end', at)
  }

  private readLong(block: DataBlock, at: number, withValuePosition: boolean): void {
    this.position = at
    this.shared = this.readVarint(block)
    this.unshared = this.readVarint(block)
    this.valueLength = this.readVarint(block)
    if (withValuePosition) this.valuePosition = this.readVarint(block)
    this.suffixStart = this.position
    const end = this.suffixStart + this.unshared + (block.separated ? 0 : this.valueLength)
    if (end > block.entriesEnd) throw block.corruption('entry runs past the end', at)
  }

  private readVarint(block: DataBlock): number {
    const start = this.position
    let value = 0
    for (let shift = 0; shift < 35 && this.position < block.entriesEnd; shift += 7) {
      const byte = block.bytes[this.position++]
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break
        return value
      }
    }
    throw block.corruption('entry header is cut short or no varint32', start)
  }
}

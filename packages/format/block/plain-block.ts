/**
 * Blocks that are read through once: metaindex and properties (plain names), range deletions.
 *
 *     entry := shared varint32, unshared varint32, valueLength varint32, keySuffix, value
 */
import { ByteReader, readUint32 } from '../bytes/index.ts'
import { TRAILER_LENGTH } from '../key/index.ts'
import { DataBlock } from './data-block.ts'

/** Keys may take this many times the block's bytes; prefix compression in a hostile block could make it more. */
const MAX_EXPANSION = 8
/** Bytes of each real range deletion, at least: no two have the same trailer behind the same key. */
const LEAST_RANGE_DELETION = 8

/** Steps through a block of any keys, from its first entry to its last. */
export class PlainEntries {
  /** The key is key[0..keyLength). */
  key: Uint8Array = new Uint8Array(64)
  keyLength = 0
  shared = 0
  /** The value is block.bytes[valueStart..valueEnd). */
  valueStart = 0
  valueEnd = 0
  readonly block: DataBlock
  readonly reader: ByteReader

  constructor(block: DataBlock) {
    if (block.separated) throw block.corruption('block of a kind that cannot hold values apart', 0)
    this.block = block
    this.reader = new ByteReader(block.bytes, 0, block.entriesEnd, block.file, block.fileOffset)
  }

  next(): boolean {
    if (this.reader.remaining === 0) return false
    const start = this.reader.position
    this.shared = this.reader.varint32('entry')
    const unshared = this.reader.varint32('entry')
    const valueLength = this.reader.varint32('entry')
    if (this.shared > this.keyLength)
      throw this.block.corruption('entry shares more than the key before it', start)
    const suffix = this.reader.take(unshared, 'entry key')
    this.keyLength = this.shared + unshared
    if (this.keyLength > this.key.length) this.growKey()
    this.key.set(suffix, this.shared)
    this.reader.need(valueLength, 'entry value')
    this.valueStart = this.reader.position
    this.valueEnd = this.valueStart + valueLength
    this.reader.position = this.valueEnd
    return true
  }

  private growKey(): void {
    const grown = new Uint8Array(2 * this.keyLength)
    grown.set(this.key)
    this.key = grown
  }
}

/** One range tombstone: user keys from `start` to before `end` are deleted as of the trailer's sequence. */
export interface RangeDeletion {
  start: Uint8Array
  end: Uint8Array
  trailerLow: number
  trailerHigh: number
}

/** Reads a range deletion block. RocksDB writes the ranges fragmented, but may be given overlapping ones. */
export function decodeRangeDeletions(payload: Uint8Array, file?: string, fileOffset = 0): RangeDeletion[] {
  const entries = new PlainEntries(new DataBlock(payload, file, fileOffset))
  const deletions: RangeDeletion[] = []
  // One copy for all: a view takes a third of the memory of a small array of its own.
  const bytes = new Uint8Array(payload) // Not `slice`: that of a Buffer is no copy.
  const most = payload.length / LEAST_RANGE_DELETION
  let startBytes = 0
  while (entries.next()) {
    if (entries.keyLength < TRAILER_LENGTH)
      throw entries.block.corruption('internal key shorter than 8 bytes', 0)
    startBytes += entries.keyLength
    if (startBytes > MAX_EXPANSION * payload.length || deletions.length > most) {
      throw entries.block.corruption('range deletions unfold to far more than their block', 0)
    }
    const userEnd = entries.keyLength - TRAILER_LENGTH
    deletions.push({
      start: entries.key.slice(0, userEnd),
      end: bytes.subarray(entries.valueStart, entries.valueEnd),
      trailerLow: readUint32(entries.key, userEnd),
      trailerHigh: readUint32(entries.key, userEnd + 4),
    })
  }
  return deletions
}

/**
 * The range deletion block of a table that is being built, and what it does to the table's boundaries.
 *
 *     entry := internal key of the start (its type RangeDeletion), user key of the end          restart interval 1
 *
 * The smallest key of a table is at or before the start of its first range; the largest is at or behind the end of each,
 * as the sentinel that sorts before every entry of that user key.
 *
 * RocksDB: table/block_based/block_based_table_builder.cc, WriteRangeDelBlock; db/compaction/compaction_outputs.cc
 */
import { BlockBuilder } from '../block/index.ts'
import { emptyBytes } from '../bytes/index.ts'
import { VarveError } from '../errors/index.ts'
import { bytewise, type KeyOrder, makeInternalKey, makeSentinel, ValueType } from '../key/index.ts'

export class RangeDeletionBuilder {
  count = 0
  /** Internal keys; empty while there are none. */
  smallest: Uint8Array = emptyBytes
  largest: Uint8Array = emptyBytes

  private readonly block = new BlockBuilder(1)
  private readonly order: KeyOrder

  constructor(order: KeyOrder = bytewise) {
    this.order = order
  }

  /** In ascending order of the starts, those with the same start from the newest on. */
  add(start: Uint8Array, sequence: number, end: Uint8Array): void {
    const { block, order } = this
    const key = makeInternalKey(start, sequence, ValueType.RangeDeletion)
    if (
      this.count > 0 &&
      order.compareInternal(block.lastKey, 0, block.lastKeyLength, key, 0, key.length) >= 0
    ) {
      throw new VarveError('INVALID_ARGUMENT', 'range deletions of a table must be added in ascending order')
    }
    block.add(key, 0, key.length, end, 0, end.length)
    if (this.count === 0) this.smallest = key
    this.largest = greaterKey(this.largest, makeSentinel(end), order)
    this.count++
  }

  /** The block, valid until the builder is used again. */
  finish(): Uint8Array {
    return this.block.finish()
  }
}

/** Of two internal keys; one of them may be missing, and is empty then. */
export function lesserKey(a: Uint8Array, b: Uint8Array, order: KeyOrder): Uint8Array {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a
  return order.compareInternalKeys(a, b) <= 0 ? a : b
}

export function greaterKey(a: Uint8Array, b: Uint8Array, order: KeyOrder): Uint8Array {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a
  return order.compareInternalKeys(a, b) >= 0 ? a : b
}

/**
 * The range tombstones of a table, as far as they count: a tombstone in the file may reach beyond the keys that the
 * MANIFEST says the file is for, and there it means nothing, since another file has that part of it, or a compaction has
 * dropped it.
 *
 *     tombstone     [b --------------------- z)
 *     file               [d ------- m]             largest: the user key m itself
 *     counts             [d ---------]
 *     file               [d ------- m)             largest: (m, kMaxSequenceNumber, RangeDeletion), the sentinel
 *
 * A file may end between two versions of a user key; the next file then has a copy of the tombstone, so this goes by
 * user keys.
 *
 * RocksDB: db/range_del_aggregator.cc, TruncatedRangeDelIterator
 */
import type { RangeDeletion } from '@varve/format/block'
import { readUint32 } from '@varve/format/bytes'
import { notSupported } from '@varve/format/errors'
import { bytewise, isSentinelTrailer, type KeyOrder, sequenceOfTrailer, userKeyOf } from '@varve/format/key'
import { RangeTombstones } from './range-tombstones.ts'

/** The boundaries of a file as the MANIFEST has them: internal keys. */
export interface FileBounds {
  smallest: Uint8Array
  largest: Uint8Array
}

/** `globalSequence` stands for every tombstone's own, where there is one. */
export function tableTombstones(
  deletions: readonly RangeDeletion[],
  bounds: FileBounds | undefined,
  globalSequence: number | undefined,
  order: KeyOrder = bytewise,
): RangeTombstones {
  if (order.timestampSize > 0 && deletions.length > 0) throw notSupported('a range deletion with a timestamp')
  const all = RangeTombstones.of(
    deletions.map(({ start, end, trailerLow, trailerHigh }) => ({
      start,
      end,
      sequence: globalSequence ?? sequenceOfTrailer(trailerLow, trailerHigh),
    })),
    order,
  )
  if (bounds === undefined) return all
  const end = order === bytewise ? endOf(bounds.largest) : knownEndOf(bounds.largest, all, order)
  return all.within(userKeyOf(bounds.smallest), end)
}

/** The user key before which a file ends. */
function endOf(largest: Uint8Array): Uint8Array {
  const userKey = userKeyOf(largest)
  if (isSentinel(largest)) return userKey
  const after = new Uint8Array(userKey.length + 1)
  after.set(userKey)
  return after
}

/**
 * As `endOf`, or undefined where all tombstones end within the file: which key comes right behind another is not known
 * in every order. Files that would need it C++ makes only where versions of one key lie in two of them.
 */
function knownEndOf(largest: Uint8Array, { ends }: RangeTombstones, order: KeyOrder): Uint8Array | undefined {
  const userKey = userKeyOf(largest)
  if (isSentinel(largest)) return userKey
  if (ends.every(end => order.compareKeys(end, userKey) <= 0)) return undefined
  throw notSupported(
    `a range tombstone beyond the end of its table, in the order of the comparator ${order.name}`,
  )
}

function isSentinel(largest: Uint8Array): boolean {
  const at = userKeyOf(largest).length
  return isSentinelTrailer(readUint32(largest, at), readUint32(largest, at + 4))
}

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
import { isSentinelTrailer, sequenceOfTrailer, userKeyOf } from '@varve/format/key'
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
): RangeTombstones {
  const all = RangeTombstones.of(
    deletions.map(({ start, end, trailerLow, trailerHigh }) => ({
      start,
      end,
      sequence: globalSequence ?? sequenceOfTrailer(trailerLow, trailerHigh),
    })),
  )
  return bounds === undefined ? all : all.within(userKeyOf(bounds.smallest), endOf(bounds.largest))
}

/** The user key before which a file ends. */
function endOf(largest: Uint8Array): Uint8Array {
  const userKey = userKeyOf(largest)
  const at = userKey.length
  if (isSentinelTrailer(readUint32(largest, at), readUint32(largest, at + 4))) return userKey
  const after = new Uint8Array(at + 1)
  after.set(userKey)
  return after
}

/**
 * How much garbage a compaction makes in each blob file: the references that go into it and do not come out. Whichever is
 * told first: a compaction writes an entry before it leaves it.
 *
 * RocksDB: db/blob/blob_garbage_meter.cc
 */
import { BLOB_RECORD_HEADER_LENGTH, type BlobIndex } from '@varve/format/blob'
import type { BlobGarbage } from '@varve/format/manifest'

export class BlobGarbageMeter {
  /** By file number: what went in less what came out. */
  private readonly flows = new Map<number, BlobGarbage>()

  /** An entry that is read. */
  addIn({ fileNumber, size }: BlobIndex, keyLength: number): void {
    const flow = this.flowOf(fileNumber)
    flow.garbageCount++
    flow.garbageBytes += BLOB_RECORD_HEADER_LENGTH + keyLength + size
  }

  /** An entry that was read is written as it is. */
  addOut({ fileNumber, size }: BlobIndex, keyLength: number): void {
    const flow = this.flowOf(fileNumber)
    flow.garbageCount--
    flow.garbageBytes -= BLOB_RECORD_HEADER_LENGTH + keyLength + size
  }

  /** By ascending number. Ask when everything has been read and written. */
  garbage(): BlobGarbage[] {
    return inOrder([...this.flows.values()].filter(({ garbageCount }) => garbageCount > 0))
  }

  private flowOf(number: number): BlobGarbage {
    const known = this.flows.get(number)
    if (known !== undefined) return known
    const flow = { number, garbageCount: 0, garbageBytes: 0 }
    this.flows.set(number, flow)
    return flow
  }
}

/** The sum of the garbage of several jobs that were one compaction. */
export function addGarbage(parts: readonly (readonly BlobGarbage[])[]): BlobGarbage[] {
  const sums = new Map<number, BlobGarbage>()
  for (const { number, garbageCount, garbageBytes } of parts.flat()) {
    const sum = sums.get(number)
    sums.set(number, {
      number,
      garbageCount: garbageCount + (sum?.garbageCount ?? 0),
      garbageBytes: garbageBytes + (sum?.garbageBytes ?? 0),
    })
  }
  return inOrder([...sums.values()])
}

function inOrder(garbage: BlobGarbage[]): BlobGarbage[] {
  return garbage.sort((a, b) => a.number - b.number)
}

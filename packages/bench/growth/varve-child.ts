/** One size of Varve, in a process of its own as an application would have it: load, quiet, reads, compaction. */
import { join } from 'node:path'
import { bytesOfDirectory } from '../run/directory.ts'
import { childArgument, endChild } from '../run/run-child.ts'
import { timed } from '../run/stages.ts'
import { openVarve } from '../systems/varve.ts'
import { Bench, needsOf, workloadNamed } from '../workloads/index.ts'
import {
  GETS,
  type GrowthPoint,
  type GrowthTask,
  type GrowthWorkload,
  putBytes,
  SCANNED,
  SEEKS,
} from './point.ts'

const UNLIMITED_SECONDS = Number.POSITIVE_INFINITY

async function measure({ keys, seed, seconds, directory }: GrowthTask): Promise<GrowthPoint> {
  const path = join(directory, 'varve')
  const store = await openVarve(path, needsOf('tree'))
  const { db } = store
  const bench = new Bench(store, { num: keys, syncedWrites: 0, seconds, seed }, 0)
  const rate = async (name: GrowthWorkload, most: number, limit: number) => {
    const work = await timed(bench, workloadNamed(name), most, limit)
    if (work === undefined) throw new Error(`Varve has no ${name}`)
    return work.operations / work.seconds
  }
  const fillrandom = await rate('fillrandom', keys, UNLIMITED_SECONDS)
  await db.flush()
  await store.settle()
  const { flushBytesWritten, compactionBytesWritten } = db.statistics()
  const settledBytes = bytesOfDirectory(path)
  const before = db.statistics()
  const readrandom = await rate('readrandom', GETS, seconds)
  const after = db.statistics()
  const gets = after.keysRead - before.keysRead
  const blocksRead = after.blockCacheMisses - before.blockCacheMisses
  const readseq = await rate('readseq', Math.min(keys, SCANNED), seconds)
  const seekrandom = await rate('seekrandom', SEEKS, seconds)
  const compact = await rate('compact', keys, UNLIMITED_SECONDS)
  await store.settle()
  const compactedBytes = bytesOfDirectory(path)
  await store.close()
  return {
    system: 'varve',
    keys,
    rates: { fillrandom, readrandom, readseq, seekrandom, compact },
    writeAmplification: (flushBytesWritten + compactionBytesWritten) / putBytes(keys),
    // A block that was missed is read, and then found by the lookup that goes on: every block counts as a hit once.
    blocksPerGet: (after.blockCacheHits - before.blockCacheHits) / gets,
    blocksReadPerGet: blocksRead / gets,
    spaceAmplification: settledBytes / compactedBytes,
    settledBytes,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
  }
}

endChild(await measure(childArgument<GrowthTask>()))

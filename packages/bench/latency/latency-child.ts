/** The two processes of `--latency`: one that loads the database, one that opens it and works at a fixed rate. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Database, open, WriteBatch } from 'varve'
import { KeyRing } from '../data/keys.ts'
import { Permutation } from '../data/permutation.ts'
import { ValuePool } from '../data/values.ts'
import { childArgument, endChild } from '../run/run-child.ts'
import {
  BATCH_KEYS,
  BLOCK_BYTES,
  BLOOM_BITS_PER_KEY,
  CACHE_BYTES,
  COMPRESSION,
  WRITE_BUFFER_BYTES,
} from '../settings.ts'
import { type LatencyFigures, percentilesOf } from './figures.ts'
import {
  LATENCY_BUFFER_BYTES,
  LATENCY_LEVEL_BYTES,
  LATENCY_TABLE_BYTES,
  type LatencyTask,
} from './latency.ts'
import { PacedLoad } from './paced-load.ts'

/** Milliseconds. */
const DELAY_RESOLUTION = 1
const WARM_UP_SECONDS = 2

/** Two of them may be full at a time. */
const WRITE_BUFFERS = 2

function openSmall(directory: string, writeBufferSize: number): Promise<Database> {
  return open(directory, {
    writeBufferSize,
    maxWriteBufferNumber: WRITE_BUFFERS,
    targetFileSizeBase: LATENCY_TABLE_BYTES,
    maxBytesForLevelBase: LATENCY_LEVEL_BYTES,
    blockCacheSize: CACHE_BYTES,
    blockSize: BLOCK_BYTES,
    bloomBitsPerKey: BLOOM_BITS_PER_KEY,
    compression: COMPRESSION,
  })
}

/** Every key once, in random order, then compacted: the load that is measured starts from a sorted bulk. */
async function load({ directory, keys, seed }: LatencyTask): Promise<void> {
  const db = await openSmall(directory, WRITE_BUFFER_BYTES)
  const ring = new KeyRing()
  const values = new ValuePool(seed)
  const order = new Permutation(keys, seed)
  for (let written = 0; written < keys; written += BATCH_KEYS) {
    const batch = new WriteBatch()
    for (let i = written; i < Math.min(written + BATCH_KEYS, keys); i++)
      batch.put(ring.key(order.next()), values.next())
    await db.write(batch)
  }
  await db.compact()
  await db.close()
}

/** One full compaction after the other: at this rate of puts those that come by themselves leave pauses. */
async function whileCompacting(db: Database, work: () => Promise<void>): Promise<void> {
  const end = new AbortController()
  const compacting = compactUntil(db, end.signal)
  try {
    await work()
  } finally {
    end.abort()
    await compacting
  }
}

async function compactUntil(db: Database, signal: AbortSignal): Promise<void> {
  try {
    while (!signal.aborted) await db.compact({ signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function paced(task: LatencyTask): Promise<LatencyFigures> {
  const { directory, keys, rate, seconds, seed } = task
  const db = await openSmall(directory, LATENCY_BUFFER_BYTES)
  await new PacedLoad(db, keys, seed + 1, rate, WARM_UP_SECONDS).run()
  const delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION })
  const before = db.statistics()
  const work = new PacedLoad(db, keys, seed + 2, rate, seconds)
  delays.enable()
  await whileCompacting(db, () => work.run())
  delays.disable()
  const after = db.statistics()
  const figures: LatencyFigures = {
    keys,
    rate,
    seconds,
    operations: work.schedule.operations,
    put: percentilesOf(work.putTimes),
    get: percentilesOf(work.getTimes),
    blocked: percentilesOf(work.probe.waits),
    timerDelay: percentilesOf(delays, DELAY_RESOLUTION),
    compactingShare: work.compactingMs / work.totalMs,
    compactions: after.compactions - before.compactions,
    flushes: after.flushes - before.flushes,
    stalledSeconds: (after.stallMicros - before.stallMicros) / 1e6,
    configuredBytes: WRITE_BUFFERS * LATENCY_BUFFER_BYTES + CACHE_BYTES,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
  }
  await db.close()
  return figures
}

const task = childArgument<LatencyTask>()
if (task.step === 'load') {
  await load(task)
  endChild('loaded')
} else endChild(await paced(task))

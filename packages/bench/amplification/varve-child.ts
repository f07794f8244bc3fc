/** One style of Varve, in a process of its own: updates, quiet, a full compaction. */
import { join } from 'node:path'
import { type OpenOptions, open } from 'varve'
import { KeyRing } from '../data/keys.ts'
import { Random } from '../data/random.ts'
import { ValuePool } from '../data/values.ts'
import { bytesOfDirectory } from '../run/directory.ts'
import { childArgument, endChild } from '../run/run-child.ts'
import { BLOCK_BYTES, BLOOM_BITS_PER_KEY, CACHE_BYTES, COMPRESSION } from '../settings.ts'
import { VarveStore } from '../systems/varve.ts'
import {
  AMPLIFIED_BLOBS,
  AMPLIFIED_BUFFER_BYTES,
  AMPLIFIED_LEVEL_BYTES,
  AMPLIFIED_TABLE_BYTES,
  AMPLIFIED_VALUE_BYTES,
  type AmplificationPoint,
  type AmplificationTask,
  updateBytes,
} from './point.ts'

const blobOptions: OpenOptions = {
  enableBlobFiles: true,
  minBlobSize: AMPLIFIED_VALUE_BYTES,
  blobFileSize: AMPLIFIED_BLOBS.fileBytes,
  enableBlobGarbageCollection: true,
  blobGarbageCollectionAgeCutoff: AMPLIFIED_BLOBS.collectedShare,
  blobGarbageCollectionForceThreshold: AMPLIFIED_BLOBS.collectedFrom,
}

async function measure(task: AmplificationTask): Promise<AmplificationPoint> {
  const { style, writes } = task
  const path = join(task.directory, 'varve')
  const options: OpenOptions = {
    compactionStyle: style === 'universal' ? style : 'leveled',
    writeBufferSize: AMPLIFIED_BUFFER_BYTES,
    targetFileSizeBase: AMPLIFIED_TABLE_BYTES,
    maxBytesForLevelBase: AMPLIFIED_LEVEL_BYTES,
    blockCacheSize: CACHE_BYTES,
    blockSize: BLOCK_BYTES,
    bloomBitsPerKey: BLOOM_BITS_PER_KEY,
    compression: COMPRESSION,
    ...(style === 'blob' && blobOptions),
  }
  const store = new VarveStore(await open(path, options), 'process')
  const { db } = store
  const started = performance.now()
  await update(store, task)
  const put = performance.now()
  await db.flush()
  await store.settle()
  const settled = performance.now()
  const { flushBytesWritten, compactionBytesWritten } = db.statistics()
  const settledBytes = bytesOfDirectory(path)
  await db.compact()
  await store.settle()
  const compactedBytes = bytesOfDirectory(path)
  await store.close()
  const tableBytes = flushBytesWritten + compactionBytesWritten
  return {
    system: 'varve',
    style,
    putRate: (1000 * writes) / (put - started),
    settledRate: (1000 * writes) / (settled - started),
    tableBytes,
    writeAmplification: tableBytes / updateBytes(writes),
    spaceAmplification: settledBytes / compactedBytes,
    settledBytes,
  }
}

async function update(store: VarveStore, { keys, writes, seed }: AmplificationTask): Promise<void> {
  const random = new Random(seed)
  const ring = new KeyRing()
  const values = new ValuePool(seed, AMPLIFIED_VALUE_BYTES)
  const group: unknown[] = []
  for (let done = 0; done < writes; done++) {
    group.push(store.put(ring.key(random.below(keys)), values.next()))
    if (group.length === store.putsInFlight) await Promise.all(group.splice(0))
  }
  await Promise.all(group)
}

endChild(await measure(childArgument<AmplificationTask>()))

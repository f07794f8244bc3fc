/**
 * What values in blob files gain for writing, and cost for reading.
 *
 *     node packages/bench/blob-files.ts --megabytes 4096
 *
 * Puts so many megabytes of values of 4 KiB and of 64 KiB, in random order and each key four times on average, with and without
 * blob files in turn, until everything is flushed and no compaction is left to do. Then reads keys at random and scans all.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Database, type OpenOptions, open, WriteBatch } from 'varve'
import { Random } from './data/random.ts'
import { describeMachine } from './report/machine.ts'
import { table } from './report/tables.ts'
import { BLOOM_BITS_PER_KEY, CACHE_BYTES, COMPRESSION } from './settings.ts'

const MIB = 1024 * 1024
const WRITES_PER_KEY = 4
const BATCH_BYTES = 256 * 1024
const LOOKUPS = 2000
const SEED = 20_260_101

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '4096' },
    rounds: { type: 'string', default: '2' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const totalBytes = Number(values.megabytes) * MIB

/** Levels so small that so many bytes fill three of them. */
const options: OpenOptions = {
  writeBufferSize: 16 * MIB,
  targetFileSizeBase: 16 * MIB,
  maxBytesForLevelBase: 64 * MIB,
  blockCacheSize: CACHE_BYTES,
  bloomBitsPerKey: BLOOM_BITS_PER_KEY,
  compression: COMPRESSION,
}
const blobs: OpenOptions = { enableBlobFiles: true, minBlobSize: 1024, blobFileSize: 32 * MIB }

interface Result {
  megabytesASecond: number
  /** Bytes written to tables and blob files for each byte of the values. */
  amplification: number
  getMicros: number
  scanMegabytesASecond: number
  spaceAmplification: number
}

const directory = mkdtempSync(join(values.dir, 'varve-blobs-'))
try {
  const rows: string[][] = []
  for (const size of [4096, 65_536]) {
    const results: [tables: Result[], blobFiles: Result[]] = [[], []]
    for (let round = 0; round < Number(values.rounds); round++) {
      results[0].push(await measure(size, {}))
      results[1].push(await measure(size, blobs))
    }
    const [without, with_] = results.map(best)
    const row = (name: string, { megabytesASecond, ...others }: Result): string[] => [
      `${size / 1024} KiB, ${name}`,
      megabytesASecond.toFixed(0),
      others.amplification.toFixed(1),
      others.getMicros.toFixed(0),
      others.scanMegabytesASecond.toFixed(0),
      others.spaceAmplification.toFixed(2),
    ]
    rows.push(row('in tables', without), row('in blob files', with_))
    console.log(
      `${size / 1024} KiB: ${(with_.megabytesASecond / without.megabytesASecond).toFixed(2)} times the writes`,
    )
  }
  const columns = ['values', 'put, MB/s', 'written per byte', 'get, us', 'scan, MB/s', 'space']
  console.log(table(columns, rows))
  console.log(describeMachine(directory).join('\n'))
} finally {
  rmSync(directory, { recursive: true })
}

function best(results: readonly Result[]): Result {
  return results.reduce((a, b) => (a.megabytesASecond >= b.megabytesASecond ? a : b))
}

async function measure(size: number, given: OpenOptions): Promise<Result> {
  const path = join(directory, 'db')
  rmSync(path, { recursive: true, force: true })
  const db = await open(path, { ...options, ...given })
  const keys = Math.ceil(totalBytes / size / WRITES_PER_KEY)
  const seconds = (await timed(() => fill(db, size, keys))) / 1000
  const { flushBytesWritten, compactionBytesWritten } = db.statistics()
  const random = new Random(SEED)
  const looked = await timed(() => {
    for (let i = 0; i < LOOKUPS; i++) db.getSync(keyOf(random.below(keys)))
  })
  let scanned = 0
  const scanning = await timed(async () => {
    for await (const batch of db.entries().batches()) for (const [, value] of batch) scanned += value.length
  })
  const kept = db.liveFiles().reduce((sum, file) => sum + file.size, db.blobStats().totalBytes)
  await db.close()
  return {
    megabytesASecond: totalBytes / MIB / seconds,
    amplification: (flushBytesWritten + compactionBytesWritten) / totalBytes,
    getMicros: (looked * 1000) / LOOKUPS,
    scanMegabytesASecond: scanned / MIB / (scanning / 1000),
    spaceAmplification: kept / scanned,
  }
}

/** Until nothing is left to do. */
async function fill(db: Database, size: number, keys: number): Promise<void> {
  const random = new Random(SEED)
  // Values that nothing compresses, cut from one piece of noise.
  const noise = Buffer.from(Array.from({ length: MIB + size }, () => random.below(256)))
  const perBatch = Math.max(1, Math.floor(BATCH_BYTES / size))
  const batch = new WriteBatch()
  for (let written = 0; written < totalBytes; ) {
    batch.clear()
    for (let i = 0; i < perBatch; i++, written += size) {
      const at = random.below(MIB)
      batch.put(keyOf(random.below(keys)), noise.subarray(at, at + size))
    }
    await db.write(batch)
  }
  await db.flush()
  const busy = () =>
    db.property('rocksdb.compaction-pending') !== '0' ||
    db.property('rocksdb.num-running-compactions') !== '0'
  while (busy()) await new Promise(resolve => setTimeout(resolve, 5))
}

function keyOf(number: number): string {
  return String(number).padStart(16, '0')
}

async function timed(work: () => unknown): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

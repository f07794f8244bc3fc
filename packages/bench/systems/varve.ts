/** Varve itself, through its public door. */
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { type Database, open, optionNames, WriteBatch } from 'varve'
import { BLOCK_BYTES, BLOOM_BITS_PER_KEY, CACHE_BYTES, COMPRESSION } from '../settings.ts'
import {
  type Durability,
  type Needs,
  type Pending,
  refusesWorkers,
  type Store,
  type StoreSystem,
  sink,
  type Value,
} from './store.ts'

/** All of them 0: nothing is left to do in the background. */
const BACKGROUND_WORK = [
  'rocksdb.num-immutable-mem-table',
  'rocksdb.num-running-flushes',
  'rocksdb.compaction-pending',
  'rocksdb.num-running-compactions',
]

/** RocksDB's max_subcompactions: how many threads may share one compaction. Not every version of Varve has it. */
const dividesCompactions = optionNames.includes('maxSubcompactions')

export class VarveStore implements Store {
  readonly putsInFlight = 128
  readonly db: Database
  private readonly writeOptions: { sync: boolean }

  constructor(db: Database, durability: Durability) {
    this.db = db
    this.writeOptions = { sync: durability === 'machine' }
  }

  put(key: Buffer, value: Buffer): Pending {
    return this.db.put(key, value, this.writeOptions)
  }

  putBatch(keys: readonly Buffer[], values: readonly Buffer[]): Pending {
    const batch = new WriteBatch()
    for (let i = 0; i < keys.length; i++) batch.put(keys[i], values[i])
    return this.db.write(batch, this.writeOptions)
  }

  getSync(key: Buffer): Value {
    return this.db.getSync(key)
  }

  get(key: Buffer): Promise<Value> {
    return this.db.get(key)
  }

  getMany(keys: readonly Buffer[]): Promise<Value[]> {
    return this.db.getMany(keys)
  }

  scan(reverse: boolean, limit: number): number {
    using cursor = this.db.cursor()
    const { entry } = cursor
    let entries = 0
    let bytes = 0
    let isValid = reverse ? cursor.last() : cursor.first()
    while (isValid && entries < limit) {
      bytes += entry.keyEnd - entry.keyStart + entry.valueEnd - entry.valueStart
      entries++
      isValid = reverse ? cursor.prev() : cursor.next()
    }
    sink.bytes += bytes
    return entries
  }

  async scanArrays(reverse: boolean, limit: number): Promise<number> {
    let entries = 0
    for await (const rows of this.db.entries({ reverse, limit }).batches()) {
      for (const [key, value] of rows) sink.bytes += key.length + value.length
      entries += rows.length
    }
    return entries
  }

  /** A new cursor for each seek, as db_bench makes a new iterator. */
  seek(key: Buffer, count: number): number {
    using cursor = this.db.cursor()
    const { entry } = cursor
    let entries = 0
    for (let isValid = cursor.seek(key); isValid && entries < count; isValid = cursor.next()) {
      sink.bytes += entry.keyEnd - entry.keyStart + entry.valueEnd - entry.valueStart
      entries++
    }
    return entries
  }

  flush(): Promise<void> {
    return this.db.flush()
  }

  compact(): Promise<void> {
    return this.db.compact()
  }

  async settle(): Promise<void> {
    while (BACKGROUND_WORK.some(name => this.db.property(name) !== '0')) await setTimeout(20)
  }

  close(): Promise<void> {
    return this.db.close()
  }
}

export const varve: StoreSystem = {
  kind: 'store',
  name: 'varve',
  replaysLog: true,
  mode:
    'put, 128 in flight (one for fillsync); getSync; cursor with its entry as ranges of bytes, as db_bench has slices; ' +
    `two worker threads for flush and compaction, of which ` +
    `one makes a compaction${dividesCompactions ? ' and two share it in compact2 (maxSubcompactions)' : ''}`,
  missing: () => undefined,
  version() {
    const manifest = new URL('../../engine/package.json', import.meta.url)
    return JSON.parse(readFileSync(manifest, 'utf8')).version
  },
  refuses: needs => (dividesCompactions ? undefined : refusesWorkers(needs)),
  open: openVarve,
}

export async function openVarve(directory: string, needs: Needs): Promise<VarveStore> {
  const db = await open(directory, {
    blockCacheSize: CACHE_BYTES,
    writeBufferSize: needs.writeBufferBytes,
    blockSize: BLOCK_BYTES,
    bloomBitsPerKey: BLOOM_BITS_PER_KEY,
    compression: COMPRESSION,
    ...(dividesCompactions ? { maxSubcompactions: needs.compactionWorkers } : {}),
  })
  return new VarveStore(db, needs.durability)
}

/** classic-level: LevelDB through Node-API, the usual store behind `level`. */
import { CACHE_BYTES } from '../settings.ts'
import { loadPeer, peerMissing, peerVersion } from './peer.ts'
import {
  type Durability,
  type Pending,
  refusesWorkers,
  type Store,
  type StoreSystem,
  sink,
  type Value,
} from './store.ts'

interface Iterator {
  nextv(size: number): Promise<[Buffer, Buffer][]>
  seek(key: Buffer): void
  close(): Promise<void>
}

interface ChainedBatch {
  put(key: Buffer, value: Buffer): ChainedBatch
  write(options: { sync: boolean }): Promise<void>
}

interface ClassicLevel {
  open(): Promise<void>
  close(): Promise<void>
  put(key: Buffer, value: Buffer, options: { sync: boolean }): Promise<void>
  batch(): ChainedBatch
  getSync(key: Buffer): Value
  get(key: Buffer): Promise<Value>
  getMany(keys: readonly Buffer[]): Promise<Value[]>
  iterator(options: { reverse?: boolean; limit?: number; highWaterMarkBytes?: number }): Iterator
  compactRange(start: Buffer, end: Buffer): Promise<void>
}

interface ClassicLevelModule {
  ClassicLevel: new (location: string, options: object) => ClassicLevel
}

/** The documentation's advice for fast scans: many entries a call, and a mark that lets them all through. */
const ENTRIES_PER_CALL = 1000
const HIGH_WATER_MARK_BYTES = 1024 * 1024

class ClassicLevelStore implements Store {
  readonly putsInFlight = 64
  private readonly db: ClassicLevel
  private readonly writeOptions: { sync: boolean }
  private seeker: Iterator | undefined = undefined

  constructor(db: ClassicLevel, durability: Durability) {
    this.db = db
    this.writeOptions = { sync: durability === 'machine' }
  }

  put(key: Buffer, value: Buffer): Pending {
    return this.db.put(key, value, this.writeOptions)
  }

  putBatch(keys: readonly Buffer[], values: readonly Buffer[]): Pending {
    const batch = this.db.batch()
    for (let i = 0; i < keys.length; i++) batch.put(keys[i], values[i])
    return batch.write(this.writeOptions)
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

  async scan(reverse: boolean, limit: number): Promise<number> {
    const iterator = this.db.iterator({ reverse, limit, highWaterMarkBytes: HIGH_WATER_MARK_BYTES })
    let entries = 0
    for (;;) {
      const rows = await iterator.nextv(ENTRIES_PER_CALL)
      if (rows.length === 0) break
      for (const [key, value] of rows) sink.bytes += key.length + value.length
      entries += rows.length
    }
    await iterator.close()
    return entries
  }

  async seek(key: Buffer, count: number): Promise<number> {
    this.seeker ??= this.db.iterator({ highWaterMarkBytes: HIGH_WATER_MARK_BYTES })
    this.seeker.seek(key)
    const rows = await this.seeker.nextv(count)
    for (const [rowKey, value] of rows) sink.bytes += rowKey.length + value.length
    return rows.length
  }

  compact(): Promise<void> {
    return this.db.compactRange(Buffer.alloc(0), Buffer.alloc(32, 0xff))
  }

  async close(): Promise<void> {
    await this.seeker?.close()
    await this.db.close()
  }
}

export const classicLevel: StoreSystem = {
  kind: 'store',
  name: 'classic-level',
  mode:
    'Bloom filter of 10 bits and blocks of 4 KiB, which are its own defaults; put, 64 in flight; chained batches; ' +
    'getSync; nextv(1000); one iterator reused for all seeks',
  missing: () => peerMissing('classic-level'),
  version: () => peerVersion('classic-level'),
  replaysLog: true,
  refuses: refusesWorkers,
  async open(directory, { durability, writeBufferBytes }): Promise<Store> {
    const { ClassicLevel } = loadPeer<ClassicLevelModule>('classic-level')
    const db = new ClassicLevel(directory, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      cacheSize: CACHE_BYTES,
      writeBufferSize: writeBufferBytes,
      compression: true,
    })
    await db.open()
    return new ClassicLevelStore(db, durability)
  },
}

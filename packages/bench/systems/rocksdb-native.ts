/** rocksdb-native: C++ RocksDB through Node-API, all calls asynchronous. */
import { BLOCK_BYTES, BLOOM_BITS_PER_KEY } from '../settings.ts'
import { loadPeer, peerMissing, peerVersion } from './peer.ts'
import { type Pending, refusesWorkers, type Store, type StoreSystem, sink, type Value } from './store.ts'

interface Row {
  key: Buffer
  value: Buffer
}

interface WriteBatch {
  tryPut(key: Buffer, value: Buffer): void
  flush(): Promise<void>
}

interface ReadBatch {
  get(key: Buffer): Promise<Value>
  tryFlush(): void
}

interface BatchOptions {
  capacity: number
  autoDestroy: true
}

interface Range {
  gte?: Buffer
  reverse?: boolean
  limit?: number
  capacity: number
}

interface RocksDB {
  ready(): Promise<void>
  put(key: Buffer, value: Buffer): Promise<void>
  write(options: BatchOptions): WriteBatch
  get(key: Buffer): Promise<Value>
  read(options: BatchOptions): ReadBatch
  iterator(range: Range): AsyncIterable<Row>
  flush(): Promise<void>
  compact(): Promise<void>
  close(): Promise<void>
}

interface RocksDBModule {
  new (path: string, options: object): RocksDB
  BloomFilterPolicy: new (bitsPerKey: number) => object
}

const ENTRIES_PER_READ = 1000

class RocksdbNativeStore implements Store {
  readonly putsInFlight = 64
  private readonly db: RocksDB

  constructor(db: RocksDB) {
    this.db = db
  }

  put(key: Buffer, value: Buffer): Pending {
    return this.db.put(key, value)
  }

  putBatch(keys: readonly Buffer[], values: readonly Buffer[]): Pending {
    const batch = this.db.write({ capacity: keys.length, autoDestroy: true })
    for (let i = 0; i < keys.length; i++) batch.tryPut(keys[i], values[i])
    return batch.flush()
  }

  get(key: Buffer): Promise<Value> {
    return this.db.get(key)
  }

  getMany(keys: readonly Buffer[]): Promise<Value[]> {
    const batch = this.db.read({ capacity: keys.length, autoDestroy: true })
    const values = Promise.all(keys.map(key => batch.get(key)))
    batch.tryFlush()
    return values
  }

  async scan(reverse: boolean, limit: number): Promise<number> {
    return this.count({ reverse, limit, capacity: ENTRIES_PER_READ })
  }

  seek(gte: Buffer, limit: number): Promise<number> {
    return this.count({ gte, limit, capacity: limit })
  }

  flush(): Promise<void> {
    return this.db.flush()
  }

  compact(): Promise<void> {
    return this.db.compact()
  }

  close(): Promise<void> {
    return this.db.close()
  }

  private async count(range: Range): Promise<number> {
    let entries = 0
    for await (const { key, value } of this.db.iterator(range)) {
      sink.bytes += key.length + value.length
      entries++
    }
    return entries
  }
}

export const rocksdbNative: StoreSystem = {
  kind: 'store',
  name: 'rocksdb-native',
  mode:
    'its build has no compression and its block cache is fixed at 32 MiB; put and get, 64 in flight; batches of ' +
    'its own for putBatch and MultiGet; iterators that read 1000 entries a time',
  missing: () => peerMissing('rocksdb-native'),
  version: () => peerVersion('rocksdb-native'),
  replaysLog: true,
  refuses: needs => (needs.durability === 'machine' ? 'it has no synced writes' : refusesWorkers(needs)),
  async open(directory, { writeBufferBytes }): Promise<Store> {
    const RocksDB = loadPeer<RocksDBModule>('rocksdb-native')
    const db = new RocksDB(directory, {
      writeBufferSize: writeBufferBytes,
      tableBlockSize: BLOCK_BYTES,
      filterPolicy: new RocksDB.BloomFilterPolicy(BLOOM_BITS_PER_KEY),
    })
    await db.ready()
    return new RocksdbNativeStore(db)
  },
}

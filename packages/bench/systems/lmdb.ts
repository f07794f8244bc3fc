/** lmdb: LMDB's memory-mapped B+ tree through lmdb-js. */
import { loadPeer, peerMissing, peerVersion } from './peer.ts'
import { type Pending, refusesWorkers, type Store, type StoreSystem, sink, type Value } from './store.ts'

interface Row {
  key: Buffer
  value: Buffer
}

interface Lmdb {
  put(key: Buffer, value: Buffer): Promise<boolean>
  transactionSync(work: () => void): void
  getBinary(key: Buffer): Value
  getBinaryFast(key: Buffer): Value
  getRange(options: { start?: Buffer; reverse?: boolean; limit?: number }): Iterable<Row>
  close(): Promise<void>
}

interface LmdbModule {
  open(path: string, options: object): Lmdb
}

class LmdbStore implements Store {
  readonly putsInFlight = 256
  private readonly db: Lmdb

  constructor(db: Lmdb) {
    this.db = db
  }

  put(key: Buffer, value: Buffer): Pending {
    return this.db.put(key, value)
  }

  putBatch(keys: readonly Buffer[], values: readonly Buffer[]): Pending {
    this.db.transactionSync(() => {
      for (let i = 0; i < keys.length; i++) this.db.put(keys[i], values[i])
    })
    return undefined
  }

  getSync(key: Buffer): Value {
    return this.db.getBinaryFast(key)
  }

  /** An answer to many needs copies: the fast read lends one buffer. */
  getMany(keys: readonly Buffer[]): readonly Value[] {
    return keys.map(key => this.db.getBinary(key))
  }

  scan(reverse: boolean, limit: number): number {
    let entries = 0
    for (const { key, value } of this.db.getRange({ reverse, limit })) {
      sink.bytes += key.length + value.length
      entries++
    }
    return entries
  }

  seek(start: Buffer, limit: number): number {
    let entries = 0
    for (const { key, value } of this.db.getRange({ start, limit })) {
      sink.bytes += key.length + value.length
      entries++
    }
    return entries
  }

  close(): Promise<void> {
    return this.db.close()
  }
}

export const lmdb: StoreSystem = {
  kind: 'store',
  name: 'lmdb',
  mode:
    'binary keys and values, no compression, no cache of its own; noSync for all but fillsync (there: ' +
    'overlappingSync off, so that a put is acknowledged when it is on disk); put, 256 in flight, which it commits ' +
    'together; transactionSync for batches; getBinaryFast, which lends its buffer',
  missing: () => peerMissing('lmdb'),
  version: () => peerVersion('lmdb'),
  refuses: refusesWorkers,
  async open(directory, { durability }): Promise<Store> {
    const { open } = loadPeer<LmdbModule>('lmdb')
    const sync = durability === 'machine' ? { overlappingSync: false } : { noSync: true }
    return new LmdbStore(open(directory, { keyEncoding: 'binary', encoding: 'binary', ...sync }))
  },
}

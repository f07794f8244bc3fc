/**
 * What the server needs of whatever holds the data. The embedded `Database` satisfies it as it is; so can a
 * cluster later. `test/memory-store.ts` is a third, for tests of the server alone.
 *
 * Keys and values are bytes. Failures are errors with a `code` from errors.ts; a missing key is `undefined`.
 */

export interface StoreRead {
  /** The default column family when absent. An unknown one is `NOT_FOUND` or `INVALID_ARGUMENT`. */
  columnFamily?: string
}

export interface StoreRange extends StoreRead {
  /** First key, inclusive. */
  start?: Uint8Array
  /** Last key, exclusive. */
  end?: Uint8Array
  prefix?: Uint8Array
  /** From the last key of the range to the first. */
  reverse?: boolean
  limit?: number
}

export type StoreEntry = [key: Uint8Array, value: Uint8Array]

/** An entry, and when it is over, in milliseconds since 1970. */
export interface LivingStoreEntry {
  key: Uint8Array
  value: Uint8Array
  expiresAt: number | undefined
}

/** The entries of a range as of the moment it was asked for. Leaving the loop early releases what it holds. */
export interface StoreScan {
  /** A few hundred entries at a time. */
  batches(): AsyncIterable<StoreEntry[]>
}

export interface LivingStoreScan {
  batches(): AsyncIterable<LivingStoreEntry[]>
}

/** How long a put is to live: seconds, or a moment in milliseconds since 1970. */
export interface StoreLifetime {
  ttl?: number
  expiresAt?: number
}

export type StoreOperation =
  | ({ type: 'put'; key: Uint8Array; value: Uint8Array; columnFamily?: string } & StoreLifetime)
  | { type: 'delete'; key: Uint8Array; columnFamily?: string }

export interface StoreWrite {
  /** Resolves only when the write is on the device. */
  sync?: boolean
}

export interface Store {
  get(key: Uint8Array, options?: StoreRead): Promise<Uint8Array | undefined>
  /** All operations or none, in order. */
  write(operations: readonly StoreOperation[], options?: StoreWrite): Promise<void>
  entries(range?: StoreRange): StoreScan
  /** The same with the times when entries are over, from a store in which they can be. */
  livingEntries?(range?: StoreRange): LivingStoreScan
  /** Counters and gauges for `GET /stats`. */
  statistics(): object
  /** Why writes are refused for now, when they are. */
  readonly backgroundError?: Error | undefined
}

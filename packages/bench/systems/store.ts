/**
 * What a database must do to be measured: the small interface that every embedded system implements in a file of
 * its own, in the mode that suits it best.
 */
/** Undefined when the call did its work before it returned. */
export type Pending = Promise<unknown> | undefined

export type Value = Uint8Array | null | undefined

/** What an acknowledged write survives: the end of the process (kill -9), or of the machine. */
export type Durability = 'process' | 'machine'

/** How the workloads of a stage want the store opened. */
export interface Needs {
  durability: Durability
  /** Threads that may share one compaction. */
  compactionWorkers: number
  /** Of an LSM. */
  writeBufferBytes: number
}

export interface Store {
  /** Single puts that are acknowledged together in the fills. Without meaning where `put` is synchronous. */
  readonly putsInFlight: number
  /** Key and value stay as they are until the put is over. */
  put(key: Buffer, value: Buffer): Pending
  /** Writes all or none. */
  putBatch(keys: readonly Buffer[], values: readonly Buffer[]): Pending
  /** One of the two at least; `getSync` is measured where both are there. */
  getSync?(key: Buffer): Value
  get?(key: Buffer): Promise<Value>
  getMany(keys: readonly Buffer[]): Promise<readonly Value[]> | readonly Value[]
  /** Reads up to `limit` entries from one end on, key and value of each, and adds their lengths to `sink`. */
  scan(reverse: boolean, limit: number): Promise<number> | number
  /** As `scan`, by way of arrays of entries, where that is another way. */
  scanArrays?(reverse: boolean, limit: number): Promise<number>
  /** Reads up to `count` entries from a key on. */
  seek(key: Buffer, count: number): Promise<number> | number
  /** Writes what is in memory to files. Absent where only a compaction does so. */
  flush?(): Promise<unknown>
  /** Rewrites everything into sorted, dense files. Absent where there is no such thing. */
  compact?(): Promise<unknown>
  /** Waits until no work is left in the background. */
  settle?(): Promise<void>
  close(): Promise<unknown> | undefined
}

/** For stores that compact, if at all, in one thread. */
export function refusesWorkers({ compactionWorkers }: Needs): string | undefined {
  return compactionWorkers > 1 ? 'its compaction cannot be divided' : undefined
}

/** Where read bytes are counted, so that no reader can be optimised away. */
export const sink: { bytes: number } = { bytes: 0 }

export interface SystemFacts {
  readonly name: string
  /** How it is used and why so; shown with the figures. */
  readonly mode: string
  /** Why it cannot run here; undefined when it can. */
  missing(): string | undefined
  version(): string
}

/** A database that lives in our process. */
export interface StoreSystem extends SystemFacts {
  readonly kind: 'store'
  /** Keeps what was written last in a log that it replays when it is opened. */
  readonly replaysLog?: true
  /** Why it cannot be opened so; undefined when it can. */
  refuses(needs: Needs): string | undefined
  open(directory: string, needs: Needs): Promise<Store>
}

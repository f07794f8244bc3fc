/** SQLite as a key-value store: one table, clustered by its key. What better-sqlite3 and node:sqlite share. */
import { CACHE_BYTES } from '../settings.ts'
import { type Durability, type Pending, type Store, sink, type Value } from './store.ts'

/** A prepared statement, in the part that both packages spell alike. */
export interface Statement {
  run(...parameters: (Buffer | number)[]): unknown
  all(...parameters: (Buffer | number)[]): unknown
  iterate(...parameters: (Buffer | number)[]): Iterable<unknown>
  get(...parameters: (Buffer | number)[]): unknown
}

export interface Connection {
  exec(sql: string): unknown
  prepare(sql: string): Statement
  close(): unknown
}

/** Makes a statement return rows as arrays; each package has its own call for it. */
export type AsArrays = (statement: Statement) => Statement

export const SQLITE_MODE: string =
  'WAL, synchronous=NORMAL (FULL for fillsync), cache of 64 MiB; one table (key BLOB PRIMARY KEY, value BLOB) ' +
  'WITHOUT ROWID; every put in a transaction of its own, a batch in one; prepared statements, rows as arrays'

export class SqliteStore implements Store {
  /** A put is over when it returns. */
  readonly putsInFlight = 64
  private readonly connection: Connection
  private readonly insert: Statement
  private readonly select: Statement
  private readonly forward: Statement
  private readonly backward: Statement
  private readonly from: Statement
  private readonly begin: Statement
  private readonly commit: Statement

  constructor(connection: Connection, asArrays: AsArrays, durability: Durability) {
    this.connection = connection
    connection.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${durability === 'machine' ? 'FULL' : 'NORMAL'};
      PRAGMA cache_size = -${CACHE_BYTES / 1024};
      CREATE TABLE IF NOT EXISTS kv (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    `)
    this.insert = connection.prepare('INSERT OR REPLACE INTO kv VALUES (?, ?)')
    this.select = asArrays(connection.prepare('SELECT value FROM kv WHERE key = ?'))
    this.forward = asArrays(connection.prepare('SELECT key, value FROM kv ORDER BY key LIMIT ?'))
    this.backward = asArrays(connection.prepare('SELECT key, value FROM kv ORDER BY key DESC LIMIT ?'))
    this.from = asArrays(connection.prepare('SELECT key, value FROM kv WHERE key >= ? ORDER BY key LIMIT ?'))
    this.begin = connection.prepare('BEGIN')
    this.commit = connection.prepare('COMMIT')
  }

  put(key: Buffer, value: Buffer): Pending {
    this.insert.run(key, value)
    return undefined
  }

  putBatch(keys: readonly Buffer[], values: readonly Buffer[]): Pending {
    this.begin.run()
    for (let i = 0; i < keys.length; i++) this.insert.run(keys[i], values[i])
    this.commit.run()
    return undefined
  }

  getSync(key: Buffer): Value {
    const row = this.select.get(key) as [Uint8Array] | undefined
    return row?.[0]
  }

  getMany(keys: readonly Buffer[]): readonly Value[] {
    return keys.map(key => this.getSync(key))
  }

  scan(reverse: boolean, limit: number): number {
    return count((reverse ? this.backward : this.forward).iterate(Number.isFinite(limit) ? limit : -1))
  }

  seek(key: Buffer, limit: number): number {
    return count(this.from.all(key, limit) as Iterable<unknown>)
  }

  close(): undefined {
    this.connection.close()
  }
}

function count(rows: Iterable<unknown>): number {
  let entries = 0
  for (const [key, value] of rows as Iterable<[Uint8Array, Uint8Array]>) {
    sink.bytes += key.length + value.length
    entries++
  }
  return entries
}

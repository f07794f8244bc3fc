/** better-sqlite3: SQLite through a native addon. */
import { join } from 'node:path'
import { loadPeer, peerMissing, peerVersion } from './peer.ts'
import { type Connection, SQLITE_MODE, SqliteStore, type Statement } from './sqlite.ts'
import { refusesWorkers, type StoreSystem } from './store.ts'

type BetterSqlite = new (file: string) => Connection

interface RawStatement extends Statement {
  raw(): Statement
}

export const betterSqlite: StoreSystem = {
  kind: 'store',
  name: 'better-sqlite3',
  mode: SQLITE_MODE,
  missing: () => peerMissing('better-sqlite3'),
  version: () => peerVersion('better-sqlite3'),
  refuses: refusesWorkers,
  async open(directory, { durability }) {
    const BetterSqlite = loadPeer<BetterSqlite>('better-sqlite3')
    const connection = new BetterSqlite(join(directory, 'data.sqlite'))
    return new SqliteStore(connection, statement => (statement as RawStatement).raw(), durability)
  },
}

/** node:sqlite: the SQLite that Node brings along. */
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { SQLITE_MODE, SqliteStore } from './sqlite.ts'
import { refusesWorkers, type StoreSystem } from './store.ts'

export const nodeSqlite: StoreSystem = {
  kind: 'store',
  name: 'node:sqlite',
  mode: SQLITE_MODE,
  missing: () => undefined,
  version: () => `${process.versions.sqlite} in Node ${process.version}`,
  refuses: refusesWorkers,
  async open(directory, { durability }) {
    const connection = new DatabaseSync(join(directory, 'data.sqlite'))
    return new SqliteStore(
      connection,
      statement => {
        ;(statement as StatementSync).setReturnArrays(true)
        return statement
      },
      durability,
    )
  },
}

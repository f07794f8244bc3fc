/** The systems, in the order of the report's columns. */
import { betterSqlite } from './better-sqlite3.ts'
import { classicLevel } from './classic-level.ts'
import { dbBench } from './db-bench.ts'
import { lmdb } from './lmdb.ts'
import { nodeSqlite } from './node-sqlite.ts'
import { rocksdbNative } from './rocksdb-native.ts'
import type { System } from './system.ts'
import { varve } from './varve.ts'

export const systems: readonly System[] = [
  varve,
  dbBench,
  classicLevel,
  lmdb,
  rocksdbNative,
  betterSqlite,
  nodeSqlite,
]

export function systemNamed(name: string): System {
  const system = systems.find(other => other.name === name)
  if (system === undefined) throw new Error(`there is no system ${name}`)
  return system
}

/** Memtables in order as they fill, or when that is asked for; nothing that a history shows. */
import type { ColumnFamilyOptions } from 'varve'
import type { Random } from '../random.ts'

/** The default most of the time. Give it a fork, so that what else is drawn stays what it was. */
export function randomMemtable(random: Random): ColumnFamilyOptions {
  return random.chance(0.3) ? { memtable: 'hash' } : {}
}

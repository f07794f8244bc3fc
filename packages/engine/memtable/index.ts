export { ArenaPool } from './arena-pool.ts'
export { Memtable, type MemtableCounts, type MemtableDescriptor } from './memtable.ts'
export { MemtableCursor } from './memtable-cursor.ts'

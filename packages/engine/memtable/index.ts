export { ArenaPool } from './arena-pool.ts'
export { Memtable, type MemtableCounts, type MemtableDescriptor, type MemtableKind } from './memtable.ts'
export { MemtableCursor } from './memtable-cursor.ts'
export {
  type BufferUser,
  type WriteBuffer,
  WriteBufferManager,
  type WriteBufferManagerOptions,
} from './write-buffer-manager.ts'

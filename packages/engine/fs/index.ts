export type { File, FileLock, FileStatus, FileSystem, OpenMode } from './file-system.ts'
export type { LockHolder } from './lock-holder.ts'
export { NodeFileSystem } from './node-file-system.ts'

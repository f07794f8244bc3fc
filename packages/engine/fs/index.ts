export type { File, FileLock, FileStatus, FileSystem, OpenMode } from './file-system.ts'
export { type Access, ioError } from './io-error.ts'
export type { LockHolder } from './lock-holder.ts'
export { NodeFileSystem } from './node-file-system.ts'

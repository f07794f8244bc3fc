export type { File, FileLock, FileStatus, FileSystem, OpenMode } from './file-system.ts'

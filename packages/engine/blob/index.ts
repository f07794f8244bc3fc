export { BlobFileCache } from './blob-file-cache.ts'
export { BlobFileReader, type BlobIdentity } from './blob-file-reader.ts'
export { BlobRequest } from './blob-request.ts'

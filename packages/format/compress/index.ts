export { compressBlock, compressWhole } from './compress.ts'
export {
  CompressionType,
  type CompressionTypeCode,
  compressionFromName,
  compressionName,
  takesDictionary,
} from './compression-type.ts'
export { decompressBlock, zstdDecompressFrame } from './decompress.ts'

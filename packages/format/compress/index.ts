export { compressBlock } from './compress.ts'
export {
  CompressionType,
  type CompressionTypeCode,
  compressionFromName,
  compressionName,
} from './compression-type.ts'
export { decompressBlock, zstdDecompressFrame } from './decompress.ts'

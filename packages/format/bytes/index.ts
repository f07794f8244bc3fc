export { type BlockMemory, newMemory, RecycledMemory } from './block-memory.ts'
export { ByteReader } from './byte-reader.ts'
export { ByteWriter } from './byte-writer.ts'
export {
  commonPrefixLength,
  compareBytes,
  concatBytes,
  copyBytes,
  decodeUtf8,
  emptyBytes,
  encodeUtf8,
  equalBytes,
  fromHex,
  hashBytes,
  prefixWord,
  toHex,
} from './bytes.ts'
export {
  readUint16,
  readUint32,
  readUint64,
  writeUint16,
  writeUint32,
  writeUint64,
} from './fixed.ts'
export { decodeShortText } from './short-text.ts'
export {
  MAX_VARINT32_LENGTH,
  MAX_VARINT64_LENGTH,
  varintLength,
  writeVarint,
  zigzagDecode,
  zigzagEncode,
} from './varint.ts'

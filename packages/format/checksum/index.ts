export {
  blockChecksum,
  ChecksumType,
  type ChecksumTypeCode,
  checksumTypeName,
  contextModifier,
  isChecksumType,
  plainChecksum,
} from './block-checksum.ts'
export { crc32c, crc32cByte, maskCrc, unmaskCrc } from './crc32c.ts'
export { filterHash } from './filter-hash.ts'
export { hashResult } from './hash-result.ts'
export { DATA_BLOCK_HASH_SEED, LEGACY_BLOOM_SEED, legacyHash } from './legacy-hash.ts'
export { xxh3, xxh3_128, xxh3Low32 } from './xxh3.ts'
export { xxh32 } from './xxh32.ts'
export { xxh64, xxh64Low32 } from './xxh64.ts'

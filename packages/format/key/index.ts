export {
  compareInternalKeys,
  compareTrailers,
  compareTrailersAt,
  isSentinelTrailer,
  MAX_SEQUENCE,
  makeInternalKey,
  makeSentinel,
  sequenceOfTrailer,
  shortestSeparator,
  TRAILER_LENGTH,
  trailerHigh,
  trailerLow,
  typeOfTrailer,
  userKeyOf,
  ValueType,
  type ValueTypeCode,
  valueTypeName,
  writeTrailer,
} from './internal-key.ts'
export { builtInOrder, bytewise, KeyOrder, reverseBytewise, uint64Order } from './key-order.ts'
export { MAX_PREFIX_LENGTH, PrefixExtractor, prefixExtractor } from './prefix-extractor.ts'
export { compareTimestamps, knownOrder, TIMESTAMP_LENGTH, TimestampOrder } from './timestamp-order.ts'

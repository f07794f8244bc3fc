export {
  compareInternalKeys,
  compareTrailers,
  MAX_SEQUENCE,
  makeInternalKey,
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
export { MAX_PREFIX_LENGTH, PrefixExtractor, prefixExtractor } from './prefix-extractor.ts'

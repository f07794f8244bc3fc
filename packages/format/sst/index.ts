export type { ByteSink } from './block-output.ts'
export {
  type BlockContext,
  decodeBlockPayload,
  expectedChecksum,
  type PayloadOptions,
  readBlockPayload,
} from './block-payload.ts'
export { type ByteSource, MemorySource, readExactly } from './byte-source.ts'
export {
  encodeMetaindex,
  encodeProperties,
  fixed32Value,
  fixed64Value,
  varintValue,
} from './encode-properties.ts'
export {
  decodeFooter,
  encodeFooter,
  FOOTER_LENGTH,
  type Footer,
  LEGACY_FOOTER_LENGTH,
  MAX_FORMAT_VERSION,
} from './footer.ts'
export { IndexType } from './index-type.ts'
export { decodeProperties, PropertyName, TableProperties } from './properties.ts'
export { globalSequence, readProperties } from './read-properties.ts'
export { TableBuilder, type TableSummary } from './table-builder.ts'
export type { FilterPolicyName, TableBuilderOptions } from './table-builder-options.ts'
export {
  readDictionary,
  readIndex,
  readRangeDeletions,
  readTableLayout,
  readTopLevel,
  type TableLayout,
} from './table-layout.ts'
export { TableScan } from './table-scan.ts'
export type { TableStatistics } from './table-statistics.ts'

export {
  type BlockContext,
  decodeBlockPayload,
  expectedChecksum,
  type PayloadOptions,
  readBlockPayload,
} from './block-payload.ts'
export { type ByteSource, MemorySource, readExactly } from './byte-source.ts'
export {
  decodeFooter,
  encodeFooter,
  FOOTER_LENGTH,
  type Footer,
  LEGACY_FOOTER_LENGTH,
  MAX_FORMAT_VERSION,
} from './footer.ts'
export { decodeProperties, PropertyName, TableProperties } from './properties.ts'
export { globalSequence, readProperties } from './read-properties.ts'
export {
  IndexType,
  readDictionary,
  readIndex,
  readRangeDeletions,
  readTableLayout,
  readTopLevel,
  type TableLayout,
} from './table-layout.ts'
export { TableScan } from './table-scan.ts'

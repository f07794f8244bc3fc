export { FastLocalBloom, FastLocalBloomBuilder } from './fast-local-bloom.ts'
export type { FilterBuilder } from './filter-builder.ts'
export type { FilterReader } from './filter-reader.ts'
export { openFilter } from './open-filter.ts'

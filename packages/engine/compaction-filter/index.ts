export {
  askFilter,
  type CompactionFilter,
  type FilterContext,
  type FilterDecision,
  type FilteredKind,
  type FilterFunction,
  type FilterRun,
} from './compaction-filter.ts'
export { type FilterOption, filterOf, filterSourceOf, isFilterOption, loadFilter } from './filter-source.ts'

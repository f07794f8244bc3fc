/** Where a compaction filter comes from: a module, which threads load, or the filter itself, which this thread only has. */
import {
  isModuleOption,
  loadExport,
  type ModuleOption,
  type ModuleSource,
  moduleSourceOf,
} from '../runtime/user-module.ts'
import type { CompactionFilter, FilterFunction } from './compaction-filter.ts'

/**
 * What the option `compactionFilter` takes: a module with the filter as an export (`default` unless named), or the filter
 * itself, as an object or a function. Compactions of a family whose filter is given itself run on the thread that opened
 * the database, in slices of a few milliseconds, and write their tables there.
 */
export type FilterOption = ModuleOption | CompactionFilter | FilterFunction

/** Whether it has the form of a filter option. */
export function isFilterOption(value: unknown): value is FilterOption {
  if (typeof value === 'object' && value !== null && 'module' in value) return isModuleOption(value)
  return isFilter(value)
}

/** Undefined for no filter, and for one that was given itself. */
export function filterSourceOf(option: FilterOption | undefined): ModuleSource | undefined {
  return typeof option === 'object' && 'module' in option ? moduleSourceOf(option) : undefined
}

/** The filter that an option names. Throws `INVALID_ARGUMENT` when a module has none. */
export async function filterOf(option: FilterOption | undefined): Promise<CompactionFilter | undefined> {
  if (option === undefined) return undefined
  if (typeof option === 'object' && 'module' in option) return loadFilter(moduleSourceOf(option))
  return named(option, 'given as a function')
}

export async function loadFilter(source: ModuleSource): Promise<CompactionFilter> {
  const found = await loadExport(source, 'compactionFilter', 'compaction filter', isFilter)
  return named(found, `${source.export} of ${source.module}`)
}

function named(filter: CompactionFilter | FilterFunction, otherwise: string): CompactionFilter {
  if (typeof filter === 'object') return filter
  return { name: filter.name === '' ? otherwise : filter.name, filter }
}

function isFilter(value: unknown): value is CompactionFilter | FilterFunction {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null || !('filter' in value) || !('name' in value)) return false
  return typeof value.filter === 'function' && typeof value.name === 'string'
}

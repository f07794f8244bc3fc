/** Compaction filters that change nothing which a reader could see: threads load them from this module. */
import type { CompactionFilter, FilterFunction } from 'varve'

/** Gives some values again, as new ones. */
const keep: FilterFunction = (key, value) =>
  key.length % 2 === 0 ? 'keep' : { value: new Uint8Array(value) }

export default keep

export const inFlushes: CompactionFilter = { name: 'testkit.Keep', filter: keep, filtersFlushes: true }

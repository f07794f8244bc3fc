/** Compaction filters that threads load from their module. */
import type { FilterFunction } from '../index.ts'

/** Removes what begins with `-`, doubles what begins with `*`. */
const filter: FilterFunction = (_key, value) => {
  if (value[0] === 0x2d) return 'remove'
  if (value[0] === 0x2a) return { value: Buffer.concat([value.subarray(1), value.subarray(1)]) }
  return 'keep'
}

export default filter

/** The same, also where memtables are flushed. */
export const inFlushes = { name: 'test.InFlushes', filter, filtersFlushes: true }

export const failing: FilterFunction = () => {
  throw new Error('no filter today')
}

export const notAFilter = 7

/** Loads the functions of users that a job names: what its message cannot carry. */
import { bytewise } from '@varve/format/key'
import { loadFilter } from '../compaction-filter/index.ts'
import { type ComparatorSource, loadKeyOrder } from '../comparator/index.ts'
import { loadMergeOperator, type MergeSource } from '../merge/index.ts'
import type { FilterTask, UserFunctions } from './entry-filter.ts'

export async function loadUserFunctions({
  merge,
  filter,
  comparator,
}: {
  merge?: MergeSource | undefined
  filter?: FilterTask | undefined
  comparator?: ComparatorSource | undefined
}): Promise<UserFunctions> {
  return {
    merge: await loadMergeOperator(merge),
    filter: filter?.source === undefined ? undefined : await loadFilter(filter.source),
    order: comparator === undefined ? bytewise : await loadKeyOrder(comparator),
  }
}

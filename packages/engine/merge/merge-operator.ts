/**
 * Merge operators: what a key's value becomes when operands have been merged into it. `merge` writes an operand
 * without reading anything; readers and compactions combine the operands with the value below them.
 *
 *     newest                                     oldest
 *     merge(+2)   merge(+1)   put(5)   ...              a reader sees fullMerge(5, [+1, +2])
 *
 * RocksDB: include/rocksdb/merge_operator.h
 */
import { VarveError } from '@varve/format/errors'

/**
 * Must be deterministic: the same operands are combined again and again, by readers and by compactions, alone or in
 * groups. What it is given are views that must be neither changed nor kept.
 */
export interface MergeOperator {
  /** Stands in the properties of tables. RocksDB's, for an operator that RocksDB has. */
  readonly name: string
  /**
   * The value that comes of `existing` (undefined: there is none, or it was deleted) and the operands, oldest first;
   * there is at least one. What it throws, the reader gets as the cause of `MERGE_FAILED`.
   */
  fullMerge(key: Uint8Array, existing: Uint8Array | undefined, operands: readonly Uint8Array[]): Uint8Array
  /**
   * One operand that does what these do, oldest first, two or more; undefined when there is none such. Without it,
   * operands that have no value below them are kept one by one.
   */
  partialMerge?(key: Uint8Array, operands: readonly Uint8Array[]): Uint8Array | undefined
}

/**
 * An operator whose operands are of the same kind as its values: `merge` combines two of them, the older one first,
 * and it does not matter in which groups.
 */
export function associativeMerge(
  name: string,
  merge: (key: Uint8Array, older: Uint8Array, newer: Uint8Array) => Uint8Array,
): MergeOperator {
  const fold = (key: Uint8Array, values: readonly Uint8Array[]): Uint8Array => {
    let merged = values[0]
    for (let i = 1; i < values.length; i++) merged = merge(key, merged, values[i])
    return merged
  }
  return {
    name,
    fullMerge: (key, existing, operands) =>
      fold(key, existing === undefined ? operands : [existing, ...operands]),
    partialMerge: fold,
  }
}

/** What `operator` makes of it. Throws `MERGE_FAILED`, or `INVALID_ARGUMENT` where there is no operator. */
export function fullMerge(
  operator: MergeOperator | undefined,
  key: Uint8Array,
  existing: Uint8Array | undefined,
  operands: readonly Uint8Array[],
): Uint8Array {
  if (operator === undefined) throw operatorMissing()
  let merged: Uint8Array
  try {
    merged = operator.fullMerge(key, existing, operands)
  } catch (error) {
    throw mergeFailed(operator, error)
  }
  return refuseOther(operator, merged)
}

/** As `fullMerge`, of operands alone. */
export function partialMerge(
  operator: MergeOperator,
  key: Uint8Array,
  operands: readonly Uint8Array[],
): Uint8Array | undefined {
  if (operator.partialMerge === undefined) return undefined
  let merged: Uint8Array | undefined
  try {
    merged = operator.partialMerge(key, operands)
  } catch (error) {
    throw mergeFailed(operator, error)
  }
  return merged === undefined ? undefined : refuseOther(operator, merged)
}

export function operatorMissing(): VarveError {
  const what = 'the column family has no merge operator, and merge operands are read or written'
  return new VarveError('INVALID_ARGUMENT', what, { option: 'mergeOperator' })
}

function mergeFailed({ name }: MergeOperator, cause: unknown): VarveError {
  return new VarveError(
    'MERGE_FAILED',
    `the merge operator ${name} failed: ${cause}`,
    { operator: name },
    cause,
  )
}

/** Operators may be written in JavaScript. */
function refuseOther(operator: MergeOperator, merged: unknown): Uint8Array {
  if (merged instanceof Uint8Array) return merged
  throw mergeFailed(operator, new TypeError('what it gave is no Uint8Array'))
}

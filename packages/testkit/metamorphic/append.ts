/** What the built-in operator `stringappend` does, as a user's own: threads load it from this module. */
import { associativeMerge, type MergeOperator } from 'varve'

const append: MergeOperator = associativeMerge('testkit.Append', (_key, older, newer) =>
  Buffer.concat([older, Buffer.from(','), newer]),
)

export default append

/** Operands that have nothing below them are then kept one by one. */
export const withoutPartialMerge: MergeOperator = { name: 'testkit.AppendFull', fullMerge: append.fullMerge }

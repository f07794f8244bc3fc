/** A write that would give a unique index a second row for one key. */
import { VarveError } from '@varve/format/errors'
import type { Tuple } from '@varve/format/tuple'

export class ConflictError extends VarveError {
  /** The name of the index. */
  readonly index: string
  /** The key that has a row already, as a tuple. A field of its own: keys of users do not go into messages and details. */
  readonly key: Tuple

  constructor(view: string, index: string, key: Tuple) {
    super('CONFLICT', `the unique index ${index} of the view ${view} has a row for this key already`, {
      view,
      index,
    })
    this.name = 'ConflictError'
    this.index = index
    this.key = key
  }
}

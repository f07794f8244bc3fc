/** What a view's user declares of an index, the types that follow from it, and its fingerprint. */
import { VarveError } from '@varve/format/errors'
import type { Tuple, TupleElement } from '@varve/format/tuple'
import type { TuplePrefix } from './codec.ts'

/** The names of a value's own fields. */
export type Field<Value> = keyof Value & string

/** One scalar, or a tuple of them: a scalar is the tuple of it alone. */
export type IndexKey = TupleElement | Tuple

export interface IndexDefinition<Value> {
  /**
   * What the index sorts by: a field, several, or a function of the value. A value whose field is missing or
   * `undefined`, or for which the function returns `undefined`, is not in the index. A key that no tuple can hold is refused
   * when the value is written. The function gets the value as it comes back from its codec, must depend on nothing else,
   * and its `version` is raised when it changes.
   */
  on: Field<Value> | readonly Field<Value>[] | ((value: Value) => IndexKey | undefined)
  /** At most one row for each key; a second is refused with `CONFLICT`. Default false. */
  unique?: boolean
  /** `ordered` answers ranges. `hash` answers equality alone, with eight bytes a row however long the keys are. Default `ordered`. */
  kind?: 'ordered' | 'hash'
  /** Fields kept in the index, for queries that then read no rows. Their codec is the view's. Default none. */
  covering?: readonly Field<Value>[]
  /** The key is an array, and the row stands under each of its items. Default false. */
  multiEntry?: boolean
  /** Raise it when `on` is a function and means something else now: the index is then built anew. Default 1. */
  version?: number
}

export type IndexDefinitions<Value> = { readonly [name: string]: IndexDefinition<Value> }

type KeyOn<Value, On> =
  On extends Field<Value>
    ? Value[On]
    : On extends readonly Field<Value>[]
      ? {
          -readonly [Place in keyof On]: On[Place] extends Field<Value>
            ? Exclude<Value[On[Place]], undefined>
            : never
        }
      : On extends (value: Value) => infer Key
        ? Key
        : never

/** The keys by which an index is asked. */
export type KeyOf<Value, Definition> = Definition extends { on: infer On }
  ? Definition extends { multiEntry: true }
    ? Exclude<KeyOn<Value, On>, undefined> extends readonly (infer Item)[]
      ? Item
      : never
    : Exclude<KeyOn<Value, On>, undefined>
  : never

/** The first elements of its keys, for ranges by prefix. */
export type PrefixOf<Key> = Key extends Tuple ? TuplePrefix<Key> : never

/** The part of the value that a covering index holds. */
export type CoveredOf<Value, Definition> = Definition extends { covering: readonly (infer Name)[] }
  ? Pick<Value, Name & keyof Value>
  : never

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/

/** Refuses what cannot be an index. */
export function checkDefinition(name: string, definition: IndexDefinition<never>): void {
  const { on, unique, kind = 'ordered', covering = [], multiEntry, version = 1 } = definition
  const refuse = (what: string) => {
    throw new VarveError('INVALID_ARGUMENT', `the index ${name}: ${what}`, { option: 'indexes', index: name })
  }
  if (!NAME.test(name)) refuse('a name begins with a letter and goes on with letters, digits, - and _')
  const isFields = Array.isArray(on) && on.length > 0 && on.every(field => typeof field === 'string')
  if (typeof on !== 'string' && typeof on !== 'function' && !isFields) {
    refuse('`on` is a field, fields or a function')
  }
  if (kind !== 'ordered' && kind !== 'hash') refuse(`there is no kind '${kind}'`)
  if (kind === 'hash' && unique === true)
    refuse('one that is unique finds a key in one step as it is; leave out `kind`')
  if (kind === 'hash' && covering.length > 0) refuse('a hash index reads the rows, so it cannot cover them')
  if (multiEntry === true && Array.isArray(on)) refuse('a multi-entry index is on one field or on a function')
  if (!Number.isInteger(version)) refuse('`version` is a whole number')
}

/** Two definitions with one fingerprint make the same entries: what is stored stays in use. */
export function fingerprintOf(definition: IndexDefinition<never>): string {
  const { on, unique, kind = 'ordered', covering = [], multiEntry, version = 1 } = definition
  const fields = typeof on === 'function' ? null : on
  return JSON.stringify({
    on: fields,
    unique: unique === true,
    kind,
    covering,
    multiEntry: multiEntry === true,
    version,
  })
}

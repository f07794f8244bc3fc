/** What callers say when they open a view and when they read it. */
import type { ColumnFamilyOptions, Lifetime, ReadOptions } from '../index.ts'
import type { Codec, KeyCodec } from './codec.ts'
import type { BuildOptions } from './index-build.ts'
import type { IndexDefinitions, KeyOf, PrefixOf } from './index-definition.ts'

export interface ViewOptions<Key, Value, Prefix, Indexes extends IndexDefinitions<Value>>
  extends BuildOptions {
  key: KeyCodec<Key, Prefix>
  value: Codec<Value>
  /** By name. An index that is new or whose definition has changed is built: in the background, when there are many rows. */
  indexes?: Indexes & IndexDefinitions<Value>
  /** For the column family of the rows, when it is created. With `expiringKeys` rows may have a time to live. */
  columnFamily?: ColumnFamilyOptions
}

interface Order extends ReadOptions {
  /** From the last to the first. Default false. */
  reverse?: boolean
  /** At most so many. Default: all. */
  limit?: number
}

/** Which rows of a view, by their keys, in the order of the key codec. What is given must all hold. */
export interface ViewRange<Key, Prefix> extends Order {
  gt?: Key
  gte?: Key
  lt?: Key
  lte?: Key
  /** Keys that begin so: the first elements of a tuple, the first characters of a string. */
  prefix?: Prefix
}

/** Which rows, by the keys of an index, in their order; rows of one key by their own keys. What is given must all hold. */
export type QueryRange<Value, Definition> = Definition extends { kind: 'hash' }
  ? Order & { eq: KeyOf<Value, Definition> }
  : Order & {
      eq?: KeyOf<Value, Definition>
      gt?: KeyOf<Value, Definition>
      gte?: KeyOf<Value, Definition>
      lt?: KeyOf<Value, Definition>
      lte?: KeyOf<Value, Definition>
      /** Keys that begin with these elements. */
      prefix?: PrefixOf<KeyOf<Value, Definition>>
    }

/** One operation of `View.write`. */
export type ViewOperation<Key, Value> =
  | ({ type: 'put'; key: Key; value: Value } & Lifetime)
  | { type: 'delete'; key: Key }

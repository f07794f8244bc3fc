/**
 * Where a comparator comes from. Flushes and compactions run in threads, to which no function can be sent: they get the
 * source, plain data, and load the comparator themselves. They cannot do without, so a comparator is given as a module.
 */
import { isVarveError, notSupported, VarveError } from '@varve/format/errors'
import { builtInOrder, bytewise, type KeyOrder, knownOrder } from '@varve/format/key'
import { type Comparator, ComparatorOrder } from './comparator.ts'

/** The comparators of RocksDB, by the names that it writes into its files. */
export type BuiltInComparator =
  | 'leveldb.BytewiseComparator'
  | 'rocksdb.ReverseBytewiseComparator'
  | 'rocksdb.Uint64Comparator'

/** A built-in comparator, or a module with a `Comparator` as an export (`default` unless named). */
export type ComparatorOption = BuiltInComparator | { module: string | URL; export?: string }

/** Plain data, from which any thread makes the order. */
export type ComparatorSource =
  | { kind: 'builtIn'; name: string }
  | { kind: 'module'; module: string; export: string }

/** Whether it has the form of a comparator option. */
export function isComparatorOption(value: unknown): value is ComparatorOption {
  if (typeof value === 'string') return builtInOrder(value) !== undefined
  if (typeof value !== 'object' || value === null || !('module' in value)) return false
  const exported = (value as { export?: unknown }).export
  const isNamed = exported === undefined || typeof exported === 'string'
  return isNamed && (typeof value.module === 'string' || value.module instanceof URL)
}

export function comparatorSourceOf(option: ComparatorOption): ComparatorSource {
  if (typeof option === 'string') return { kind: 'builtIn', name: option }
  return { kind: 'module', module: String(option.module), export: option.export ?? 'default' }
}

/** The order of a family: what `source` says, bytewise without one. Throws `INVALID_ARGUMENT` when a module has none. */
export async function loadKeyOrder(source: ComparatorSource | undefined): Promise<KeyOrder> {
  if (source === undefined) return bytewise
  if (source.kind === 'module') return new ComparatorOrder(await importComparator(source))
  const order = knownOrder(source.name)
  if (order === undefined) throw notSupported(`the comparator ${source.name}`)
  return order
}

async function importComparator(source: ComparatorSource & { kind: 'module' }): Promise<Comparator> {
  const what = `the comparator ${source.export} of ${source.module}`
  try {
    const found: unknown = (await import(source.module))[source.export]
    if (isComparator(found)) return found
    throw new VarveError('INVALID_ARGUMENT', `${what} is not one`, { option: 'comparator' })
  } catch (error) {
    if (isVarveError(error)) throw error
    const message = `${what} cannot be loaded: ${error}`
    throw new VarveError('INVALID_ARGUMENT', message, { option: 'comparator' }, error)
  }
}

/** One with the name of a built-in comparator would be taken for that by everybody else. */
function isComparator(value: unknown): value is Comparator {
  if (typeof value !== 'object' || value === null) return false
  const { name, compare } = value as Partial<Comparator>
  const isNamed = typeof name === 'string' && name !== '' && builtInOrder(name) === undefined
  return isNamed && !name.endsWith('.u64ts') && typeof compare === 'function'
}

/** Which order the keys of a family have: what the MANIFEST says and what the options say must be the same. */
import { notSupported, VarveError } from '@varve/format/errors'
import { bytewise, type KeyOrder, knownOrder } from '@varve/format/key'
import { type ComparatorOption, comparatorSourceOf, loadKeyOrder } from './comparator-source.ts'

/** Of the families of a database, by name, as far as options say one; `undefined` stands for all others. */
export type GivenOrders = ReadonlyMap<string | undefined, KeyOrder>

/** Loads what the options of each family name. */
export async function loadGivenOrders(
  common: ComparatorOption | undefined,
  families: ReadonlyMap<string, { comparator?: ComparatorOption }>,
): Promise<GivenOrders> {
  const orders = new Map<string | undefined, KeyOrder>()
  const load = async (name: string | undefined, option: ComparatorOption | undefined): Promise<void> => {
    if (option !== undefined) orders.set(name, await loadKeyOrder(comparatorSourceOf(option)))
  }
  await load(undefined, common)
  for (const [name, { comparator }] of families) await load(name, comparator)
  return orders
}

/**
 * The order of a family whose comparator the MANIFEST calls `written`, unless it says nothing. Throws `INVALID_ARGUMENT`
 * where another is asked for, and `NOT_SUPPORTED` for one that has to be given and is not.
 */
export function orderOf(orders: GivenOrders, name: string, written: string | undefined): KeyOrder {
  const given = orders.get(name) ?? orders.get(undefined)
  if (given === undefined) return writtenOrder(name, written)
  if (written === undefined || given.name === written) return given
  throw new VarveError(
    'INVALID_ARGUMENT',
    `the column family ${JSON.stringify(name)} has the comparator ${written}, and the option comparator is ${given.name}`,
    { option: 'comparator', columnFamily: name, comparator: written },
  )
}

function writtenOrder(name: string, written: string | undefined): KeyOrder {
  const order = written === undefined ? bytewise : knownOrder(written)
  if (order !== undefined) return order
  const hint = 'unless the option comparator gives it as a module'
  throw notSupported(`the comparator ${written} of the column family ${JSON.stringify(name)}, ${hint},`)
}

export { type Comparator, ComparatorOrder } from './comparator.ts'
export { type GivenOrders, loadGivenOrders, orderOf } from './comparator-of.ts'
export {
  type BuiltInComparator,
  type ComparatorOption,
  type ComparatorSource,
  comparatorSourceOf,
  isComparatorOption,
  loadKeyOrder,
} from './comparator-source.ts'

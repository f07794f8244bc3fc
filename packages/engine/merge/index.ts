export {
  associativeMerge,
  fullMerge,
  type MergeOperator,
  operatorMissing,
  partialMerge,
} from './merge-operator.ts'
export {
  type BuiltInMerge,
  builtInMergeNames,
  formatMergeOption,
  isMergeOption,
  loadMergeOperator,
  type MergeOption,
  type MergeSource,
  mergeOperatorOf,
  mergeSourceOf,
  parseMergeOption,
} from './merge-source.ts'
export { operatorOfOptions, refuseOtherOperator } from './written-operator.ts'

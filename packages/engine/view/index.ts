export {
  bytes,
  type Codec,
  int64,
  json,
  type KeyCodec,
  type TuplePrefix,
  tuple,
  uint64,
  utf8,
} from './codec.ts'
export { ConflictError } from './conflict-error.ts'
export type { BuildOptions } from './index-build.ts'
export type { IndexStatus } from './index-changes.ts'
export type {
  CoveredOf,
  Field,
  IndexDefinition,
  IndexDefinitions,
  IndexKey,
  KeyOf,
  PrefixOf,
} from './index-definition.ts'
export { closeViews, openView } from './open-view.ts'
export type { RowWrite } from './round.ts'
export type { Rows } from './rows.ts'
export type { VerifyViewOptions, ViewProblem, ViewReport } from './verify-view.ts'
export { View } from './view.ts'
export { ViewBatch, type Writable } from './view-batch.ts'
export type { IndexProgress, IndexState } from './view-index.ts'
export type { QueryRange, ViewOperation, ViewOptions, ViewRange } from './view-options.ts'

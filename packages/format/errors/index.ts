export {
  CorruptionError,
  type ErrorCode,
  type ErrorDetails,
  isVarveError,
  notSupported,
  VarveError,
} from './errors.ts'

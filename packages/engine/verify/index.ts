export {
  type VerifiedFile,
  type VerifyOptions,
  type VerifyProblem,
  type VerifyProgress,
  type VerifyReport,
  verifyDatabase,
} from './verify-database.ts'

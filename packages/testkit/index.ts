/** Models, generators, runners and oracles for testing Varve and what is built on it. */
export { type CycleResult, runCycle } from './crash/cycle.ts'
export { type CrashRun, crashRun, families as crashFamilies } from './crash/workload.ts'
export { runOperations } from './model/check-operations.ts'
export { KeySpace, randomKey, randomValue } from './model/generators.ts'
export { ModelCheck } from './model/model-check.ts'
export { type ModelRange, type Row, SortedModel } from './model/sorted-model.ts'
export { type Contents, checkInCpp, checkTables } from './oracle/cpp-checks.ts'
export { compareWithCpp, cppModel } from './oracle/cpp-rows.ts'
export { differences, fingerprint } from './oracle/refusals.ts'
export {
  cppColumnFamilies,
  dbBench,
  isInstalled,
  ldb,
  mustRun,
  OracleError,
  requireTool,
  run,
} from './oracle/tools.ts'
export { randomFamilyOptions, randomOpenOptions } from './oracle/varve-options.ts'
export { freshSeed, Random } from './random.ts'

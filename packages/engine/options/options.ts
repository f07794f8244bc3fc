/**
 * The table of options: default, range and RocksDB's spelling of each, and the one place that checks them.
 * `resolveOptions` turns what a caller gave into complete, valid options or throws `INVALID_ARGUMENT` that
 * names option, value and allowed range.
 */
import { VarveError } from '@varve/format/errors'
import type {
  ChecksumName,
  ColumnFamilyOptions,
  CompressionName,
  DatabaseOptions,
  OpenOptions,
  WalRecoveryMode,
} from './option-types.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/** Complete options of a column family: every field is set. */
export type ResolvedColumnFamilyOptions = Required<
  Omit<ColumnFamilyOptions, 'compressionLevel' | 'bottommostCompression'>
> &
  Pick<ColumnFamilyOptions, 'compressionLevel' | 'bottommostCompression'>

/** Complete options of a database. */
export type ResolvedDatabaseOptions = Required<Omit<DatabaseOptions, 'memoryBudget'>>

export interface ResolvedOptions {
  db: ResolvedDatabaseOptions
  /** For families without options of their own. */
  columnFamily: ResolvedColumnFamilyOptions
  /** By name, each complete. */
  columnFamilies: Map<string, ResolvedColumnFamilyOptions>
}

/** What a value of an option must be. `describe` completes "must be ...". */
interface Rule {
  describe: string
  accepts(value: unknown): boolean
}

function integer(min: number, max: number): Rule {
  return {
    describe: `a whole number from ${min} to ${max}`,
    accepts: value => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  }
}

function number(min: number, max: number): Rule {
  return {
    describe: `a number from ${min} to ${max}`,
    accepts: value => typeof value === 'number' && value >= min && value <= max,
  }
}

function oneOf(...names: readonly string[]): Rule {
  return { describe: `one of ${names.join(', ')}`, accepts: value => names.includes(value as string) }
}

const boolean: Rule = { describe: 'true or false', accepts: value => typeof value === 'boolean' }

const compressionNames: readonly CompressionName[] = ['none', 'snappy', 'zlib', 'lz4', 'zstd']
const checksumNames: readonly ChecksumName[] = ['kNoChecksum', 'kCRC32c', 'kxxHash', 'kxxHash64', 'kXXH3']
const recoveryModes: readonly WalRecoveryMode[] = [
  'strict',
  'kTolerateCorruptedTailRecords',
  'kAbsoluteConsistency',
  'kPointInTimeRecovery',
  'kSkipAnyCorruptedRecords',
]
const compression = oneOf(...compressionNames)
const compressionList: Rule = {
  describe: `a list of ${compressionNames.join(', ')}`,
  accepts: value => Array.isArray(value) && value.every(name => compression.accepts(name)),
}
const walSync: Rule = {
  describe: "'onRequest', 'always', { everyBytes: 1 or more } or { everyMs: 1 or more }",
  accepts(value) {
    if (value === 'onRequest' || value === 'always') return true
    if (typeof value !== 'object' || value === null) return false
    const entries = Object.entries(value)
    return (
      entries.length > 0 &&
      entries.every(
        ([name, limit]) =>
          ['everyBytes', 'everyMs'].includes(name) && Number.isSafeInteger(limit) && limit >= 1,
      )
    )
  },
}

const columnFamilyRules: Record<keyof ColumnFamilyOptions, Rule> = {
  writeBufferSize: integer(64 * KIB, 4 * GIB),
  maxWriteBufferNumber: integer(2, 1000),
  minWriteBufferNumberToMerge: integer(1, 999),
  numLevels: integer(2, 64),
  level0FileNumCompactionTrigger: integer(1, 1_000_000),
  level0SlowdownWritesTrigger: integer(1, 1_000_000),
  level0StopWritesTrigger: integer(1, 1_000_000),
  targetFileSizeBase: integer(4 * KIB, 64 * GIB),
  targetFileSizeMultiplier: integer(1, 1000),
  maxBytesForLevelBase: integer(4 * KIB, 1024 * GIB),
  maxBytesForLevelMultiplier: number(1, 1000),
  levelCompactionDynamicLevelBytes: boolean,
  maxCompactionBytes: integer(4 * KIB, Number.MAX_SAFE_INTEGER),
  softPendingCompactionBytesLimit: integer(0, Number.MAX_SAFE_INTEGER),
  hardPendingCompactionBytesLimit: integer(0, Number.MAX_SAFE_INTEGER),
  disableAutoCompactions: boolean,
  compression,
  compressionPerLevel: compressionList,
  bottommostCompression: compression,
  compressionLevel: integer(-131072, 22),
  blockSize: integer(64, GIB),
  blockSizeDeviation: integer(0, 100),
  blockRestartInterval: integer(1, 65535),
  indexBlockRestartInterval: integer(1, 65535),
  bloomBitsPerKey: number(0, 100),
  formatVersion: integer(2, 5),
  checksum: oneOf(...checksumNames),
}

const databaseRules: Record<keyof DatabaseOptions, Rule> = {
  createIfMissing: boolean,
  errorIfExists: boolean,
  readOnly: boolean,
  paranoidChecks: boolean,
  paranoidFileChecks: boolean,
  maxOpenFiles: integer(-1, 1_000_000),
  blockCacheSize: integer(0, 1024 * GIB),
  memoryBudget: integer(4 * MIB, 1024 * GIB),
  dbWriteBufferSize: integer(0, 1024 * GIB),
  maxTotalWalSize: integer(0, Number.MAX_SAFE_INTEGER),
  maxBackgroundJobs: integer(1, 64),
  delayedWriteRate: integer(KIB, 64 * GIB),
  writeStallTimeoutMs: integer(0, 86_400_000),
  maxWriteBatchGroupSizeBytes: integer(4 * KIB, GIB),
  maxManifestFileSize: integer(KIB, 64 * GIB),
  walRecoveryMode: oneOf(...recoveryModes),
  walSync,
  avoidFlushDuringRecovery: boolean,
  avoidFlushDuringShutdown: boolean,
}

const columnFamilyDefaults: ResolvedColumnFamilyOptions = {
  writeBufferSize: 64 * MIB,
  maxWriteBufferNumber: 2,
  minWriteBufferNumberToMerge: 1,
  numLevels: 7,
  level0FileNumCompactionTrigger: 4,
  level0SlowdownWritesTrigger: 20,
  level0StopWritesTrigger: 36,
  targetFileSizeBase: 64 * MIB,
  targetFileSizeMultiplier: 1,
  maxBytesForLevelBase: 256 * MIB,
  maxBytesForLevelMultiplier: 10,
  levelCompactionDynamicLevelBytes: true,
  maxCompactionBytes: 25 * 64 * MIB,
  softPendingCompactionBytesLimit: 64 * GIB,
  hardPendingCompactionBytesLimit: 256 * GIB,
  disableAutoCompactions: false,
  compression: 'lz4',
  compressionPerLevel: [],
  blockSize: 4 * KIB,
  blockSizeDeviation: 10,
  blockRestartInterval: 16,
  indexBlockRestartInterval: 1,
  bloomBitsPerKey: 10,
  formatVersion: 5,
  checksum: 'kXXH3',
}

const databaseDefaults: ResolvedDatabaseOptions = {
  createIfMissing: true,
  errorIfExists: false,
  readOnly: false,
  paranoidChecks: true,
  paranoidFileChecks: false,
  maxOpenFiles: -1,
  blockCacheSize: 32 * MIB,
  dbWriteBufferSize: 0,
  maxTotalWalSize: 0,
  maxBackgroundJobs: 2,
  delayedWriteRate: 16 * MIB,
  writeStallTimeoutMs: 0,
  maxWriteBatchGroupSizeBytes: MIB,
  maxManifestFileSize: GIB,
  walRecoveryMode: 'strict',
  walSync: 'onRequest',
  avoidFlushDuringRecovery: false,
  avoidFlushDuringShutdown: false,
}

/** RocksDB's spelling of an option: `writeBufferSize` is `write_buffer_size`. */
export function rocksdbSpelling(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

const canonicalNames = new Map<string, string>()
for (const name of [...Object.keys(databaseRules), ...Object.keys(columnFamilyRules), 'columnFamilies']) {
  canonicalNames.set(name, name)
  canonicalNames.set(rocksdbSpelling(name), name)
}

/** Names of all options, for help texts and completion. */
export const optionNames: readonly string[] = [
  ...Object.keys(databaseRules),
  ...Object.keys(columnFamilyRules),
]

/** Checks and completes what `open` was given. */
export function resolveOptions(given: OpenOptions = {}): ResolvedOptions {
  const options = canonical(given, 'open')
  const families = takeFamilies(options)
  const db: ResolvedDatabaseOptions = { ...databaseDefaults }
  const columnFamily: ResolvedColumnFamilyOptions = { ...columnFamilyDefaults }
  spendMemoryBudget(options, db, columnFamily)
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name === 'memoryBudget') continue
    const rule =
      databaseRules[name as keyof DatabaseOptions] ?? columnFamilyRules[name as keyof ColumnFamilyOptions]
    check(name, value, rule)
    Object.assign(name in databaseRules ? db : columnFamily, { [name]: value })
  }
  finishFamily(columnFamily, options)
  const columnFamilies = new Map<string, ResolvedColumnFamilyOptions>()
  for (const [name, own] of Object.entries(families))
    columnFamilies.set(name, resolveFamily(own, columnFamily))
  return { db, columnFamily, columnFamilies }
}

/** Checks and completes the options of one column family over those that hold for all. */
export function resolveFamily(
  given: ColumnFamilyOptions,
  base: ResolvedColumnFamilyOptions,
): ResolvedColumnFamilyOptions {
  const options = canonical(given, 'column family')
  const resolved = { ...base }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    const rule = columnFamilyRules[name as keyof ColumnFamilyOptions]
    if (rule === undefined) throw invalid(name, value, 'is an option of the database, not of a column family')
    check(name, value, rule)
    Object.assign(resolved, { [name]: value })
  }
  finishFamily(resolved, options)
  return resolved
}

function canonical(given: object, what: string): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new VarveError('INVALID_ARGUMENT', `${what} options must be an object`, { option: what })
  }
  const options: Record<string, unknown> = {}
  for (const [spelled, value] of Object.entries(given)) {
    const name = canonicalNames.get(spelled)
    if (name === undefined) throw unknownOption(spelled)
    options[name] = value
  }
  return options
}

function takeFamilies(options: Record<string, unknown>): Record<string, ColumnFamilyOptions> {
  const families = options.columnFamilies ?? {}
  if (typeof families !== 'object' || Array.isArray(families)) {
    throw invalid('columnFamilies', families, 'must be an object of options by column family name')
  }
  delete options.columnFamilies
  return families as Record<string, ColumnFamilyOptions>
}

/** A quarter to the memtables of the default family (active and sealed), a half to the block cache; the rest is for indexes and filters. */
function spendMemoryBudget(
  options: Record<string, unknown>,
  db: ResolvedDatabaseOptions,
  columnFamily: ResolvedColumnFamilyOptions,
): void {
  const budget = options.memoryBudget
  if (budget === undefined) return
  check('memoryBudget', budget, databaseRules.memoryBudget)
  columnFamily.writeBufferSize = Math.floor((budget as number) / 8)
  db.dbWriteBufferSize = Math.floor((budget as number) / 4)
  db.blockCacheSize = Math.floor((budget as number) / 2)
}

/** Defaults and rules that depend on several options. */
function finishFamily(resolved: ResolvedColumnFamilyOptions, given: Record<string, unknown>): void {
  if (given.maxCompactionBytes === undefined && given.targetFileSizeBase !== undefined) {
    resolved.maxCompactionBytes = 25 * resolved.targetFileSizeBase
  }
  const {
    level0FileNumCompactionTrigger: trigger,
    level0SlowdownWritesTrigger,
    level0StopWritesTrigger,
  } = resolved
  if (level0SlowdownWritesTrigger < trigger) {
    if (given.level0SlowdownWritesTrigger !== undefined) {
      throw invalid(
        'level0SlowdownWritesTrigger',
        level0SlowdownWritesTrigger,
        `must be at least level0FileNumCompactionTrigger (${trigger})`,
      )
    }
    resolved.level0SlowdownWritesTrigger = trigger
  }
  if (level0StopWritesTrigger < resolved.level0SlowdownWritesTrigger) {
    if (given.level0StopWritesTrigger !== undefined) {
      throw invalid(
        'level0StopWritesTrigger',
        level0StopWritesTrigger,
        `must be at least level0SlowdownWritesTrigger (${resolved.level0SlowdownWritesTrigger})`,
      )
    }
    resolved.level0StopWritesTrigger = resolved.level0SlowdownWritesTrigger
  }
  if (resolved.minWriteBufferNumberToMerge >= resolved.maxWriteBufferNumber) {
    throw invalid(
      'minWriteBufferNumberToMerge',
      resolved.minWriteBufferNumberToMerge,
      `must be below maxWriteBufferNumber (${resolved.maxWriteBufferNumber})`,
    )
  }
}

function check(name: string, value: unknown, rule: Rule): void {
  if (!rule.accepts(value)) throw invalid(name, value, `must be ${rule.describe}`)
}

function invalid(option: string, value: unknown, problem: string): VarveError {
  return new VarveError('INVALID_ARGUMENT', `option ${option}: ${show(value)} ${problem}`, { option, value })
}

function show(value: unknown): string {
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))
}

function unknownOption(spelled: string): VarveError {
  const given = spelled.replaceAll('_', '').toLowerCase()
  const [close] = optionNames
    .map(name => ({ name, away: distance(name.toLowerCase(), given) }))
    .filter(({ away }) => away <= 3)
    .sort((a, b) => a.away - b.away)
  const hint = close === undefined ? '' : `; did you mean ${close.name}?`
  return new VarveError('INVALID_ARGUMENT', `unknown option ${spelled}${hint}`, { option: spelled })
}

/** Levenshtein distance, for the hint above. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]
}

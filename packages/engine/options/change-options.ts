/**
 * The options that may be changed while the database is open: those that RocksDB 7.8 calls mutable, and a few that only
 * Varve has. What a table or a directory was made by stays.
 *
 * RocksDB: options/cf_options.cc, cf_mutable_options_type_info; options/db_options.cc, db_mutable_options_type_info;
 * table/block_based/block_based_table_factory.cc
 */
import { VarveError } from '@varve/format/errors'
import {
  columnFamilyRules,
  databaseRules,
  type ResolvedColumnFamilyOptions,
  type ResolvedDatabaseOptions,
} from './option-table.ts'
import type { ColumnFamilyOptions, DatabaseOptions } from './option-types.ts'
import { canonical, finishFamily, setFamilyOption } from './options.ts'
import { check, invalid } from './rule.ts'

const mutableFamilyNames = [
  'writeBufferSize',
  'maxWriteBufferNumber',
  'compactionOptionsUniversal',
  'compactionOptionsFifo',
  'ttl',
  'level0FileNumCompactionTrigger',
  'level0SlowdownWritesTrigger',
  'level0StopWritesTrigger',
  'targetFileSizeBase',
  'targetFileSizeMultiplier',
  'maxBytesForLevelBase',
  'maxBytesForLevelMultiplier',
  'maxCompactionBytes',
  'softPendingCompactionBytesLimit',
  'hardPendingCompactionBytesLimit',
  'disableAutoCompactions',
  'compression',
  'compressionPerLevel',
  'bottommostCompression',
  'compressionLevel',
  'compressionMaxDictBytes',
  'compressionMaxDictBufferBytes',
  'bottommostCompressionLevel',
  'bottommostCompressionMaxDictBytes',
  'bottommostCompressionMaxDictBufferBytes',
  'prefixExtractor',
  'blockSize',
  'blockRestartInterval',
  'enableBlobFiles',
  'minBlobSize',
  'blobFileSize',
  'blobCompressionType',
  'blobFileStartingLevel',
  'enableBlobGarbageCollection',
  'blobGarbageCollectionAgeCutoff',
  'blobGarbageCollectionForceThreshold',
] as const satisfies readonly (keyof ColumnFamilyOptions)[]

/** `paranoidFileChecks` is of the column family in RocksDB; `walSync` and `writeStallTimeoutMs` it does not have. */
const mutableDatabaseNames = [
  'maxBackgroundJobs',
  'maxSubcompactions',
  'maxOpenFiles',
  'maxTotalWalSize',
  'delayedWriteRate',
  'avoidFlushDuringShutdown',
  'paranoidFileChecks',
  'writeStallTimeoutMs',
  'walSync',
] as const satisfies readonly (keyof DatabaseOptions)[]

/** What `Database.setOptions` takes. */
export type MutableColumnFamilyOptions = Pick<ColumnFamilyOptions, (typeof mutableFamilyNames)[number]>
/** What `Database.setDBOptions` takes. */
export type MutableDatabaseOptions = Pick<DatabaseOptions, (typeof mutableDatabaseNames)[number]>

/** Names of the options that can be changed on an open database. */
export const mutableOptionNames: readonly string[] = [...mutableDatabaseNames, ...mutableFamilyNames]

const mutable: ReadonlySet<string> = new Set(mutableOptionNames)

/**
 * Complete options with `changes` over `current`, checked as at open. Triggers that are not among the changes follow
 * those that are, also as at open; `maxCompactionBytes` stays what it is.
 */
export function changeFamily(
  changes: MutableColumnFamilyOptions,
  current: ResolvedColumnFamilyOptions,
): ResolvedColumnFamilyOptions {
  const wanted = changesOf(changes, 'column family', columnFamilyRules)
  const changed = { ...current }
  for (const [name, value] of Object.entries(wanted)) setFamilyOption(changed, name, value)
  finishFamily(changed, { ...wanted, maxCompactionBytes: changed.maxCompactionBytes })
  return changed
}

/** The same for the options of the whole database. */
export function changeDatabase(
  changes: MutableDatabaseOptions,
  current: ResolvedDatabaseOptions,
): ResolvedDatabaseOptions {
  const wanted = changesOf(changes, 'database', databaseRules)
  for (const [name, value] of Object.entries(wanted))
    check(name, value, databaseRules[name as keyof DatabaseOptions])
  return { ...current, ...wanted }
}

/** By Varve's names, each one that `rules` has and that may change. */
function changesOf(
  given: object,
  kind: 'column family' | 'database',
  rules: object,
): Record<string, unknown> {
  const changes = Object.entries(canonical(given, kind)).filter(([, value]) => value !== undefined)
  if (changes.length === 0) {
    throw new VarveError('INVALID_ARGUMENT', `no option of the ${kind} is given to be changed`, {
      option: kind,
    })
  }
  for (const [name, value] of changes) {
    if (!(name in rules)) throw invalid(name, value, `is no option of the ${kind}`)
    if (!mutable.has(name)) throw invalid(name, value, 'cannot be changed while the database is open')
  }
  return Object.fromEntries(changes)
}

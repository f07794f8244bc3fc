/**
 * Checks and completes options: `resolveOptions` turns what a caller gave into complete, valid options or throws
 * `INVALID_ARGUMENT` that names option, value and allowed range. The rules and defaults are in option-table.ts.
 */
import { VarveError } from '@varve/format/errors'
import { WriteBufferManager } from '../memtable/index.ts'
import {
  columnFamilyDefaults,
  columnFamilyRules,
  databaseDefaults,
  databaseRules,
  extractorName,
  type ResolvedColumnFamilyOptions,
  type ResolvedDatabaseOptions,
} from './option-table.ts'
import type {
  ColumnFamilyOptions,
  DatabaseOptions,
  OpenOptions,
  PrefixExtractorOption,
} from './option-types.ts'
import { check, invalid, rocksdbSpelling } from './rule.ts'
import { fewestRunsToWait, isStruct, refuseImpossibleStyle, resolveStruct } from './style-options.ts'

export interface ResolvedOptions {
  db: ResolvedDatabaseOptions
  /** For families without options of their own. */
  columnFamily: ResolvedColumnFamilyOptions
  /** By name, each complete. */
  columnFamilies: Map<string, ResolvedColumnFamilyOptions>
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
    if (name in databaseRules) {
      check(name, value, databaseRules[name as keyof DatabaseOptions])
      Object.assign(db, { [name]: value })
    } else setFamilyOption(columnFamily, name, value)
  }
  if (options.blockCache !== undefined && options.blockCacheSize !== undefined) {
    throw invalid(
      'blockCacheSize',
      options.blockCacheSize,
      'is for a cache of its own; blockCache is given too',
    )
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
    if (!(name in columnFamilyRules)) {
      throw invalid(name, value, 'is an option of the database, not of a column family')
    }
    setFamilyOption(resolved, name, value)
  }
  finishFamily(resolved, options)
  return resolved
}

/** Checks an option of a column family and sets it. */
export function setFamilyOption(options: ResolvedColumnFamilyOptions, name: string, value: unknown): void {
  check(name, value, columnFamilyRules[name as keyof ColumnFamilyOptions])
  const resolved = isStruct(name) ? resolveStruct(name, value, options[name]) : value
  Object.assign(options, { [name]: resolved })
}

/** What was given, by Varve's names; throws for names of nothing. */
export function canonical(given: object, what: string): Record<string, unknown> {
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

/** A quarter to the memtables, a half to blocks, indexes and filters; the rest is for what is not counted. */
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
  db.writeBufferManager = new WriteBufferManager({ bufferSize: db.dbWriteBufferSize, allowStall: true })
  db.blockCacheSize = Math.floor((budget as number) / 2)
  db.cacheIndexAndFilterBlocks = true
}

/** Defaults and rules that depend on several options. */
export function finishFamily(resolved: ResolvedColumnFamilyOptions, given: Record<string, unknown>): void {
  const extractor = given.prefixExtractor as PrefixExtractorOption | undefined
  if (extractor !== undefined) resolved.prefixExtractor = extractorName(extractor) ?? 'nullptr'
  if (given.maxCompactionBytes === undefined && given.targetFileSizeBase !== undefined) {
    resolved.maxCompactionBytes = 25 * resolved.targetFileSizeBase
  }
  refuseImpossibleStyle(resolved)
  if (resolved.expiringKeys && resolved.ttlDatabase !== undefined)
    throw invalid('ttlDatabase', resolved.ttlDatabase, 'and expiringKeys exclude each other')
  finishTriggers(resolved, given)
  if (resolved.minWriteBufferNumberToMerge >= resolved.maxWriteBufferNumber) {
    throw invalid(
      'minWriteBufferNumberToMerge',
      resolved.minWriteBufferNumberToMerge,
      `must be below maxWriteBufferNumber (${resolved.maxWriteBufferNumber})`,
    )
  }
}

/** Writes must not be made to wait where nothing need be compacted yet. A trigger that was not given follows. */
function finishTriggers(resolved: ResolvedColumnFamilyOptions, given: Record<string, unknown>): void {
  const trigger = resolved.level0FileNumCompactionTrigger
  atLeast('level0SlowdownWritesTrigger', trigger, 'level0FileNumCompactionTrigger')
  atLeast('level0StopWritesTrigger', resolved.level0SlowdownWritesTrigger, 'level0SlowdownWritesTrigger')
  const sum = 'level0FileNumCompactionTrigger + compactionOptionsUniversal.minMergeWidth - 1'
  atLeast('level0StopWritesTrigger', fewestRunsToWait(resolved), sum)

  function atLeast(
    name: 'level0SlowdownWritesTrigger' | 'level0StopWritesTrigger',
    least: number,
    what: string,
  ): void {
    if (resolved[name] >= least) return
    if (given[name] !== undefined) throw invalid(name, resolved[name], `must be at least ${what} (${least})`)
    resolved[name] = least
  }
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

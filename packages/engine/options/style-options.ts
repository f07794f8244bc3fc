/**
 * The options of the compaction styles: what each may be, its default, and which of them cannot go together.
 *
 * RocksDB: include/rocksdb/universal_compaction.h; include/rocksdb/advanced_options.h, CompactionOptionsFIFO;
 * db/column_family.cc, SanitizeCfOptions
 */
import type { CompactionOptionsFifo, CompactionOptionsUniversal, CompactionStyle } from './option-types.ts'
import { boolean, check, integer, invalid, oneOf, type Rule, rocksdbSpelling } from './rule.ts'

const UINT_MAX = 2 ** 32 - 1
const GIB = 1024 ** 3

export const compactionStyles: readonly CompactionStyle[] = ['leveled', 'universal', 'fifo']

const universalRules: Record<keyof CompactionOptionsUniversal, Rule> = {
  sizeRatio: integer(0, UINT_MAX),
  minMergeWidth: integer(2, UINT_MAX),
  maxMergeWidth: integer(2, UINT_MAX),
  maxSizeAmplificationPercent: integer(0, UINT_MAX),
  compressionSizePercent: integer(-1, 100),
  stopStyle: oneOf('totalSize', 'similarSize'),
  allowTrivialMove: boolean,
}

const fifoRules: Record<keyof CompactionOptionsFifo, Rule> = {
  maxTableFilesSize: integer(1, Number.MAX_SAFE_INTEGER),
  allowCompaction: boolean,
}

export const universalDefaults: Required<CompactionOptionsUniversal> = {
  sizeRatio: 1,
  minMergeWidth: 2,
  maxMergeWidth: UINT_MAX,
  maxSizeAmplificationPercent: 200,
  compressionSizePercent: -1,
  stopStyle: 'totalSize',
  allowTrivialMove: false,
}

export const fifoDefaults: Required<CompactionOptionsFifo> = {
  maxTableFilesSize: GIB,
  allowCompaction: false,
}

/** Options that are themselves options by name. */
const structRules = { compactionOptionsUniversal: universalRules, compactionOptionsFifo: fifoRules }

export function isStruct(name: string): name is keyof typeof structRules {
  return Object.hasOwn(structRules, name)
}

export const struct: Rule = {
  describe: 'an object of options',
  accepts: value => typeof value === 'object' && value !== null && !Array.isArray(value),
}

/** What was given for the options in the struct `name`, over `base`. Either spelling is taken. */
export function resolveStruct<Struct extends object>(
  name: keyof typeof structRules,
  given: unknown,
  base: Struct,
): Struct {
  check(name, given, struct)
  const rules: Record<string, Rule> = structRules[name]
  const resolved = { ...base }
  for (const [spelled, value] of Object.entries(given as object)) {
    const field = Object.keys(rules).find(field => field === spelled || rocksdbSpelling(field) === spelled)
    if (field === undefined) {
      throw invalid(name, given, `has no option ${spelled}; it has ${Object.keys(rules).join(', ')}`)
    }
    if (value === undefined) continue
    check(`${name}.${field}`, value, rules[field])
    Object.assign(resolved, { [field]: value })
  }
  return resolved
}

/** The options of a family that decide whether its style can work. */
export interface StyleChoice {
  compactionStyle: CompactionStyle
  compactionOptionsUniversal: Required<CompactionOptionsUniversal>
  numLevels: number
  ttl: number
  level0FileNumCompactionTrigger: number
}

/** Throws for options that cannot go together under the family's style. */
export function refuseImpossibleStyle(options: StyleChoice): void {
  const { compactionStyle, numLevels, ttl } = options
  if (compactionStyle === 'leveled') {
    if (numLevels < 2) {
      throw invalid('numLevels', numLevels, 'must be at least 2 unless compactionStyle is universal or fifo')
    }
    if (ttl > 0) throw invalid('ttl', ttl, 'is for compactionStyle universal and fifo; leveled has none')
  }
  const { minMergeWidth, maxMergeWidth } = options.compactionOptionsUniversal
  if (maxMergeWidth < minMergeWidth) {
    const problem = `must be at least compactionOptionsUniversal.minMergeWidth (${minMergeWidth})`
    throw invalid('compactionOptionsUniversal.maxMergeWidth', maxMergeWidth, problem)
  }
}

/**
 * The fewest files, or under universal sorted runs, at which writes may be made to wait. With fewer runs than this
 * there need be nothing to compact under universal, and writes would wait for ever.
 */
export function fewestRunsToWait(options: StyleChoice): number {
  const { compactionStyle, compactionOptionsUniversal, level0FileNumCompactionTrigger: trigger } = options
  return compactionStyle === 'universal' ? trigger + compactionOptionsUniversal.minMergeWidth - 1 : trigger
}

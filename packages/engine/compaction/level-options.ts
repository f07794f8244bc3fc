/** The options of a column family that decide what is compacted into what. */
import type { ResolvedColumnFamilyOptions } from '../options/index.ts'

export type LevelOptions = Pick<
  ResolvedColumnFamilyOptions,
  | 'compactionStyle'
  | 'compactionOptionsUniversal'
  | 'compactionOptionsFifo'
  | 'ttl'
  | 'writeBufferSize'
  | 'numLevels'
  | 'level0FileNumCompactionTrigger'
  | 'targetFileSizeBase'
  | 'targetFileSizeMultiplier'
  | 'maxBytesForLevelBase'
  | 'maxBytesForLevelMultiplier'
  | 'levelCompactionDynamicLevelBytes'
  | 'maxCompactionBytes'
  | 'compression'
  | 'compressionPerLevel'
  | 'bottommostCompression'
  | 'compactionFilter'
  | 'expiringKeys'
  | 'ttlDatabase'
>

/**
 * The compression of a table in `level`. `compressionPerLevel` counts level 0 first and then from the base
 * level, and its last entry holds for all that follow. RocksDB: compaction_picker.cc, GetCompressionType
 */
export function compressionOf(
  options: Pick<LevelOptions, 'compression' | 'compressionPerLevel' | 'bottommostCompression'>,
  level: number,
  baseLevel: number,
  deepestLevel: number,
): ResolvedColumnFamilyOptions['compression'] {
  const { compression, compressionPerLevel, bottommostCompression } = options
  if (bottommostCompression !== undefined && isLastLevel(level, deepestLevel)) return bottommostCompression
  if (compressionPerLevel.length === 0) return compression
  const index = level === 0 ? 0 : level - baseLevel + 1
  return compressionPerLevel[Math.max(0, Math.min(index, compressionPerLevel.length - 1))]
}

/**
 * The compression of what a flush writes. Where universal compresses only part of the data, that is the oldest.
 *
 * RocksDB: db/db_impl/db_impl.cc, GetCompressionFlush
 */
export function flushCompression(
  options: Pick<
    LevelOptions,
    'compactionStyle' | 'compactionOptionsUniversal' | 'compression' | 'compressionPerLevel'
  >,
): ResolvedColumnFamilyOptions['compression'] {
  const { compactionStyle, compactionOptionsUniversal, compression, compressionPerLevel } = options
  const { compressionSizePercent } = compactionOptionsUniversal
  if (compactionStyle === 'universal' && compressionSizePercent >= 0) return 'none'
  return compressionPerLevel[0] ?? compression
}

/** Whether tables of `level` have nothing below them, `deepestLevel` being the deepest with any. */
export function isLastLevel(level: number, deepestLevel: number): boolean {
  return level > 0 && level >= deepestLevel
}
